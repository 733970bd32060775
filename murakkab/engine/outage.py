"""A broker that does not answer, or refuses: since when, and what runs are told of it."""

from __future__ import annotations

from dataclasses import dataclass

from murakkab.engine.broker import Refusal

SILENT_S = 3.0
"""A broker that was not read for this long is away, or stands still: looks at it are half a second apart."""

TELL_S = 5.0
"""Runs are told of a broker that is away for so long; of one that refuses, at once."""

REFUSED_S = 60.0
"""Runs fail when the broker refused for this long: that seldom ends by itself."""

AWAY_S = 600.0
"""Runs fail when the broker was away for this long."""


@dataclass(frozen=True)
class News:
    """What runs are to know, if anything.

    Attributes:
        waiting: why they wait.
        failing: why they fail.
        run: the one that is concerned; empty for all.

    """

    waiting: str = ""
    failing: str = ""
    run: str = ""


class Outage:
    """Knows whether the broker answers.

    Args:
        broker: its address, for people.
        now: in the clock of the engine.

    Attributes:
        fault: what went wrong at the last look; empty where nothing did.

    """

    def __init__(self, broker: str, now: float) -> None:
        self._broker, self._answered = broker, now
        self.fault = ""
        self._told = False
        self._since: float | None = None

    def silent(self, now: float) -> bool:
        """Whether nothing is known of slots for a while, since nothing could be read."""
        return now - self._answered > SILENT_S

    def over(self, now: float) -> None:
        """The broker was read, and took what was written."""
        self._answered, self._since, self._told, self.fault = now, None, False, ""

    def goes_on(self, fault: OSError, now: float) -> News:
        """Take in what a look ended with; what is to be told of it is told once."""
        refused = isinstance(fault, Refusal)
        verb = "refuses" if refused else "does not answer"
        self.fault = f"the broker {self._broker} {verb}: {fault or type(fault).__name__}"
        if self._since is None:
            self._since = self._answered
        if now - self._since > (REFUSED_S if refused else AWAY_S):
            self._since, self._told = now, False
            return News(failing=f"{self.fault}: mend it, then resume the run")
        if not self._told and (refused or now - self._since > TELL_S):
            self._told = True
            return News(waiting=self.fault)
        return News()
