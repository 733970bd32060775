"""An engine without slots: since when, and what to say of it."""

from __future__ import annotations

from collections.abc import Collection

from murakkab.engine.errors import FAILED, UserError
from murakkab.engine.outage import TELL_S, News
from murakkab.engine.slots import Slots

BARREN_S = 60.0
"""Runs fail when there was no slot for this long, unless other engines have them."""


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
        self._others = self._told = False
        self.fault: Exception | None = None

    def why(self, outage: str, now: float) -> UserError:
        """Why an engine that starts finds no slot.

        Args:
            outage: what goes wrong at the broker, if anything.
            now: in the clock of the engine.
        """
        if outage:
            return UserError(outage, "Mend it there, or correct --broker.", FAILED)
        if self.fault is not None:
            told = f"unexpected fault at the broker: {type(self.fault).__name__}: {self.fault}"
            return UserError(told, "Let nothing but Murakkab use it, in one version.", FAILED)
        command = f"murakkab worker --broker {self._broker}"
        if reason := self._unfit(now):
            return UserError(reason, f"Then: {command}", FAILED)
        return UserError("there is no free worker at the broker", f"Start one: {command}", FAILED)

    def look(self, bare: bool, taken: Collection[str], now: float) -> News:
        """What runs are to know of it; each thing is told once.

        Args:
            bare: whether there is no slot and one is wanted.
            taken: names of the slots that other engines own.
            now: in the clock of the engine.
        """
        others = bare and self._slots.all_taken(taken, now)
        if not bare or others is not self._others:
            self._since, self._told, self._others = None, False, others
        if not bare:
            return News()
        self._since = now if self._since is None else self._since
        reason = self._taken if others else self._unfit(now) or f"no worker was heard of at {self._broker}"
        if now - self._since > BARREN_S and not others:
            self._since, self._told = None, False
            return News(failing=f"for {BARREN_S:.0f} s {reason}")
        if now - self._since > TELL_S and not self._told:
            self._told = True
            return News(waiting=reason)
        return News()

    @property
    def _taken(self) -> str:
        return f"all workers at {self._broker} are at work for other engines"

    def _unfit(self, now: float) -> str:
        """Why the slots that there are cannot be used; empty where it is not for that."""
        if full := self._slots.full(now):
            return f"no worker has room left on its disk: {', '.join(full)}"
        if refused := sorted(self._slots.refused.values()):
            return "no worker fits this engine:\n  " + "\n  ".join(refused[:3])
        return ""
