"""The protocol of rung policies: how good the next shot is made."""

from __future__ import annotations

from typing import Protocol

import msgspec

from murakkab_optimizer.plan import Rung

OPENING = 3
"""Shots at the beginning that say nothing of the next: their time is as short as the promise of the first picture."""


class Forecast(msgspec.Struct, frozen=True):
    """What making the shot on one rung will take, as the run has shown so far.

    Attributes:
        first_s: seconds from its start until its first picture can be shown.
        whole_s: seconds from its start until all of it can be shown.
        load: core-seconds that the whole run takes for a second that the viewer plays.

    """

    first_s: float
    whole_s: float
    load: float


class ShotView(msgspec.Struct, frozen=True):
    """What a policy may know of a shot that is to begin. Times are seconds, in the clock of ``now``.

    A viewer may play faster or slower than in real time: lengths are seconds of playing, but for ``buffer_s``.

    Attributes:
        needed_at: when the viewer comes to its first picture.
        seconds: its length.
        clip_s: length of what is shown at a time.
        buffer_s: seconds of the show, shown to nobody yet but ready.
        ahead_s: core-seconds of shots that have begun before and are not ready.
        cores: that this run may count on.
        rungs: of the plan, the best first.
        forecasts: of each rung.
        start: index of the rung that the plan begins with.
        number: how many shots were begun before.
        before: rung of the shot before; None for the first one.
        since: how many shots were made on that rung without a change.
        setbacks: how often going up was taken back, the opening apart.

    """

    now: float
    needed_at: float
    seconds: float
    clip_s: float
    buffer_s: float
    ahead_s: float
    cores: float
    rungs: tuple[Rung, ...]
    forecasts: tuple[Forecast, ...]
    start: int = 0
    number: int = 0
    before: int | None = None
    since: int = 0
    setbacks: int = 0

    @property
    def lead_s(self) -> float:
        """Seconds until its first picture is needed."""
        return self.needed_at - self.now

    @property
    def least(self) -> int:
        """The last rung on which something moves; the last one where nothing does on any."""
        moving = [index for index, rung in enumerate(self.rungs) if not rung.static]
        return moving[-1] if moving else len(self.rungs) - 1


class Choice(msgspec.Struct, frozen=True):
    """The rung of a shot, and why, for people."""

    index: int
    reason: str


class RungPolicy(Protocol):
    """Decides once for every shot, when the first of its tasks starts. Pure: equal views give equal choices."""

    def choose(self, view: ShotView) -> Choice:
        """The rung to make the shot on."""
        ...
