"""The best rung on which a shot is in time, where its stages are done one after the other by instances of their own."""

from __future__ import annotations

from murakkab_optimizer.policies.rungs.base import Choice, Forecast, ShotView

SPARE, SAFE, LEAST_S = 1.1, 1.15, 0.05
"""What is left to chance in the time of a shot: on the rung of the one before it, on a better one, and at least."""

LOOK_S = 20.0
"""Seconds of the show that are looked ahead where a rung cannot be kept up for ever; twice as many to go up."""

LATE_S = 0.1
"""Seconds by which a late shot may be later for looking better."""

CALM = 1.2
"""How much busier than the calmest one a rung may keep its instances while shots have to gain time."""

AFTER, MOST = 3, 12
"""Shots without a change before going up where that was taken back; twice as many each time, but not more than that."""


class StagedForecast(Forecast, frozen=True):
    """Of a shot whose stages follow each other: ``first_s`` and ``whole_s`` are those of its end, waiting included.

    Attributes:
        busy: seconds that the busiest instances of the rung take for a second that is played, all of them together.

    """

    busy: float = 0.0


class StagedView(ShotView, frozen=True):
    """What a policy may know of such a shot; its forecasts are ``StagedForecast``."""


def choose(view: StagedView) -> Choice:
    """The best rung that is in time, and that can be kept up.

    A better rung takes long to reach the viewer, so it must wait until the shots are so far ahead; until then they are
    made on a rung that leaves the instances of the first stages mostly idle, for it is those that bring them ahead.
    """
    held, why = (view.start if view.before is None else view.before), ""
    for index in range(view.least + 1):
        fault = _fault(view, index, higher=index < held)
        if not fault:
            return _gaining(view, index, why) if index else Choice(index, "it is in time")
        why = why or fault
    return _last_resort(view, why)


def _of(view: ShotView, index: int) -> StagedForecast:
    forecast = view.forecasts[index]
    assert isinstance(forecast, StagedForecast)
    return forecast


def _fault(view: ShotView, index: int, *, higher: bool) -> str:
    """Why a rung does not hold; empty where it does."""
    forecast, name = _of(view, index), view.rungs[index].name
    spare = SAFE if higher else SPARE
    needs = forecast.whole_s * spare + LEAST_S
    if needs > view.lead_s:
        return f"{name} would take {forecast.whole_s:.1f} s, the picture is needed in {max(view.lead_s, 0.0):.1f} s"
    if forecast.busy * SPARE <= 1:
        return ""
    if higher and view.setbacks and view.since < min(AFTER * 2**view.setbacks, MOST):
        return f"{name} could not be kept up"
    look = 2 * LOOK_S if higher else LOOK_S
    if view.lead_s + look * (1 - forecast.busy) < needs:
        return f"{name} would use up the {view.lead_s:.1f} s that are left"
    return ""


def _gaining(view: ShotView, index: int, why: str) -> Choice:
    """A rung that is in time, while a better one that could be kept up has to wait: it must bring shots ahead."""
    if any(_of(view, one).busy * SPARE <= 1 for one in range(index)):
        moving = range(index, view.least + 1)
        calmest = min(_of(view, one).busy for one in moving)
        index = next(one for one in moving if _of(view, one).busy <= CALM * calmest)
    return Choice(index, why)


def _last_resort(view: ShotView, why: str) -> Choice:
    """Where no rung that moves holds: one that stands still if it is in time, else the one that is least late."""
    still = [
        i for i, rung in enumerate(view.rungs) if rung.static and view.number and not _fault(view, i, higher=False)
    ]
    if still:
        return Choice(still[0], why)
    late = [forecast.whole_s for forecast in view.forecasts]
    allowed = [i for i, rung in enumerate(view.rungs) if view.number or not rung.static]
    least = min(late[i] for i in allowed)
    return Choice(next(i for i in allowed if late[i] <= least + LATE_S), "it is late on every rung")
