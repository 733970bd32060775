"""The best rung that neither this shot nor those behind it will be late on."""

from __future__ import annotations

from murakkab_optimizer.policies.rungs import staged
from murakkab_optimizer.policies.rungs.base import OPENING, Choice, ShotView

RESERVE_S = 4.0
"""Seconds by which shots shall be ahead of the viewer, at least, when the look-ahead is over."""

LOOK_S = 20.0
"""Seconds of the show that are looked ahead, as if all of it were made on one rung."""

SPARE, LEAST_S = 1.1, 0.05
"""What is left to chance in the times of a shot: a tenth of them, and this."""

SAFE = 1.25
"""What is left to chance in the times of a shot that could be made on a lower rung without a change."""

CALM = 0.25
"""Share of the cores that a run takes in its opening: what is said next must not be held up."""

UNSEEN = 1.5
"""Times slower than its profiles that the machine may turn out to be, for all that the first shot knows."""

LATE_S = 0.1
"""Seconds by which a late shot may be later for looking better."""

AFTER, MOST = 3, 12
"""Shots on one rung before it goes up; twice as many each time that going up was taken back, but not more than that."""


class Adaptive:
    """Looks ahead at a simple model of the run, as a model-predictive controller does.

    A rung holds where the first picture is there when it is needed, the last one too, and, after ``LOOK_S`` of the show
    were made on that rung, shots are still so far ahead that one may take twice as long as expected. It goes down at
    once to the best rung that holds, and up one step at a time, after ``AFTER`` shots without a change, where the
    better rung would hold for twice as long with a tenth to spare. The static rung is for shots that would be late on
    any other.
    """

    def choose(self, view: ShotView) -> Choice:
        """The rung of a shot."""
        if isinstance(view, staged.StagedView):
            return staged.choose(view)
        held = view.start if view.before is None else view.before
        why = ""
        for index in range(_highest(view, held), view.least + 1):
            fault = _fault(view, index, higher=index < held)
            if not fault:
                return Choice(index, "there is time for more" if index < held else why or "it holds")
            why = why if index > held and why else fault
        for index in _last_resorts(view):
            if _in_time(view, index):
                return Choice(index, why)
        return _least_late(view)


def _highest(view: ShotView, held: int) -> int:
    """The best rung that may be taken now."""
    if view.number <= OPENING:
        return min(held, view.start)
    if view.rungs[held].static:
        return view.least
    patient = view.since >= min(AFTER * 2**view.setbacks, MOST)
    return max(held - 1, 0) if patient else held


def _last_resorts(view: ShotView) -> list[int]:
    """What is left when no rung holds: the least that moves, then the static ones; no show opens with one."""
    static = [index for index, rung in enumerate(view.rungs) if rung.static and view.number]
    return [view.least, *(index for index in static if index != view.least)]


def _calm(view: ShotView, index: int) -> bool:
    """Whether a rung leaves enough to what comes next in the opening."""
    if view.number >= OPENING or index == view.least:
        return True
    load = view.forecasts[index].load * (1.0 if view.number else UNSEEN)
    return load <= CALM * view.cores


def _in_time(view: ShotView, index: int, spare: float = SPARE) -> bool:
    """Whether the first and the last picture of the shot are there when they are needed."""
    forecast = view.forecasts[index]
    first = forecast.first_s * spare + LEAST_S <= view.lead_s
    last = forecast.whole_s * spare + LEAST_S <= view.lead_s + max(view.seconds - view.clip_s, 0.0)
    return first and last


def _fault(view: ShotView, index: int, *, higher: bool) -> str:
    """Why a rung does not hold; empty where it does."""
    rung, forecast, lead_s = view.rungs[index], view.forecasts[index], view.lead_s
    if not _calm(view, index):
        return f"with {rung.name} what is said next would be held up"
    if not _in_time(view, index, SAFE if higher else SPARE):
        return f"{rung.name} would take {forecast.whole_s:.1f} s, the picture is needed in {max(lead_s, 0.0):.1f} s"
    load = forecast.load * (SPARE if higher else 1.0)
    reserve = max(RESERVE_S, 2 * forecast.whole_s - view.seconds)
    looks = (LOOK_S, 2 * LOOK_S) if higher else (LOOK_S,)
    left = min(lead_s + look - (view.ahead_s + look * load) / view.cores for look in looks)
    return "" if left >= reserve else f"{rung.name} would use up the {lead_s:.1f} s that are left"


def _least_late(view: ShotView) -> Choice:
    """The best rung that is hardly later than the fastest one."""
    late = [max(one.first_s, one.whole_s - max(view.seconds - view.clip_s, 0.0)) for one in view.forecasts]
    allowed = [*(index for index in range(view.least) if _calm(view, index)), *_last_resorts(view)]
    least = min(late[index] for index in allowed)
    index = next(index for index in allowed if late[index] <= least + LATE_S)
    return Choice(index, "it is late on every rung")
