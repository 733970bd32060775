"""An engine without slots: since when, and what to say of it."""

from __future__ import annotations

from murakkab.engine.errors import FAILED, UserError
from murakkab.engine.slots import Slots

BARREN_S = 60.0
"""Runs fail when there was no slot for this long."""


class Bare:
    """Knows why an engine has no slot.

    Args:
        broker: its address, for people.
        slots: of the broker.

    Attributes:
        fault: the last one that nothing foresaw.

    """

    def __init__(self, broker: str, slots: Slots) -> None:
        self._broker, self._slots = broker, slots
        self._since: float | None = None
        self.fault: Exception | None = None

    def why(self, outage: str) -> UserError:
        """Why an engine that starts finds no slot; ``outage`` is what goes wrong at the broker, if anything."""
        if outage:
            return UserError(outage, "Mend it there, or correct --broker.", FAILED)
        command = f"murakkab worker --broker {self._broker}"
        if self.fault is not None:
            told = f"unexpected fault at the broker: {type(self.fault).__name__}: {self.fault}"
            return UserError(told, "Let nothing but Murakkab use it, in one version.", FAILED)
        if refused := sorted(self._slots.refused.values()):
            return UserError("no worker fits this engine:\n  " + "\n  ".join(refused[:3]), f"Then: {command}", FAILED)
        return UserError("there is no free worker at the broker", f"Start one: {command}", FAILED)

    def too_long(self, bare: bool, now: float) -> str:
        """Why runs are to fail when this went on for too long, once each time; empty until then.

        Args:
            bare: whether there is no slot and one is wanted.
            now: in the clock of the engine.
        """
        if not bare:
            self._since = None
        elif self._since is None:
            self._since = now
        elif now - self._since > BARREN_S:
            self._since = None
            return f"no worker was heard of at {self._broker} for {BARREN_S:.0f} s"
        return ""
