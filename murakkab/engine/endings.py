"""Processes of slots that ended, or are to end or to leave an attempt: which of what they say of themselves is old."""

from __future__ import annotations

from dataclasses import dataclass

from murakkab_runtimes.workers.cluster import wire

AGAIN_S = 10.0
"""A process that was ended, or told to leave an attempt, and is still at it after this long, is ended again: Celery's
word for it gets lost where nobody listens."""

BACK_S = 30.0
"""One that was ended and tells after this long that it is at something else, or at nothing, lives."""

REMEMBERED_S = 2.0 * wire.FORGET_S
"""One that was not told anything for this long does not come back."""


@dataclass
class _Ended:
    """A process that ended or was ended.

    Attributes:
        at: when, in the clock of the engine.
        lease: attempt that it was at.
        told: when the end was last asked for.
        back_s: what it says after this long is of now.

    """

    at: float
    lease: str
    told: float
    back_s: float


class Endings:
    """Those of one engine's slots, as far as is known."""

    def __init__(self) -> None:
        self._ended: dict[str, _Ended] = {}
        self._deaf: list[wire.Slot] = []

    def add(self, child: str, lease: str, now: float) -> None:
        """A process is gone, which was at an attempt, or may be."""
        self._forget(now)
        self._ended[child] = _Ended(now, lease, now, BACK_S)

    def give_up(self, child: str, lease: str, now: float) -> None:
        """A process is to leave an attempt; it is ended where it does not, and is of use as soon as it has."""
        if child not in self._ended:
            self.add(child, lease, now)
            self._ended[child].back_s = 0.0

    def present(self, slot: wire.Slot, state: wire.State, now: float) -> wire.State | None:
        """What a process says of itself; None as long as it may be gone, or is to leave what it is at."""
        if (ended := self._ended.get(state.child)) is None:
            return state
        if state.engine and state.lease == ended.lease:
            if now - ended.told > AGAIN_S:
                ended.told = now
                self._deaf.append(slot)
            return None
        if now - ended.at <= ended.back_s:
            return None
        del self._ended[state.child]
        return state

    def children(self, now: float) -> set[str]:
        """Processes that may come back."""
        self._forget(now)
        return set(self._ended)

    def take_deaf(self) -> list[wire.Slot]:
        """Slots whose process is to be ended again."""
        deaf, self._deaf = self._deaf, []
        return deaf

    def _forget(self, now: float) -> None:
        self._ended = {child: ended for child, ended in self._ended.items() if now - ended.told < REMEMBERED_S}
