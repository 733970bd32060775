"""Machines that cannot use the artifacts of a run: left out for a while; a run fails when no other is left."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from murakkab.engine.outage import News

APART_S = 5.0
"""A machine that cannot use a run's artifacts gets no more slots for this long, then for twice as long each time."""

_LONGEST_S = 10.0
"""No pause is longer: a run that begins after a mount was mended, or broke, is not to wait for the pauses of others."""

_REMEMBERED_S = 600.0
"""A pause that was over for this long is forgotten."""

PATIENCE_S = 30.0
"""A run fails when no machine could use its artifacts for this long: a store or a mount may come back."""


@dataclass
class _Trouble:
    """Of one run: since when, and on which machines."""

    since: float
    machines: set[str] = field(default_factory=set)
    told: bool = False


class Unfit:
    """Machines that said so, and the runs that suffer from it."""

    def __init__(self) -> None:
        self._apart: dict[str, tuple[float, float]] = {}  # until when, and for how long the next time
        self._runs: dict[str, _Trouble] = {}

    def apart(self, machine: str, now: float) -> bool:
        """Whether no slot of a machine is to be taken now."""
        return machine in self._apart and now < self._apart[machine][0]

    def told(self, machine: str, run: str, reason: str, able: Collection[str], now: float) -> News:
        """A machine cannot use the artifacts of a run: what runs are to know of it.

        Args:
            machine: its name.
            run: whose artifacts they are.
            reason: in words.
            able: machines that could make the same attempt, were it not for that.
            now: in the clock of the engine.
        """
        self._apart = {name: known for name, known in self._apart.items() if now - known[0] < _REMEMBERED_S}
        pause = self._apart.get(machine, (0.0, APART_S))[1]
        if not self.apart(machine, now):
            self._apart[machine] = now + pause, min(2.0 * pause, _LONGEST_S)
        trouble = self._runs.setdefault(run, _Trouble(now))
        trouble.machines.add(machine)
        if not trouble.machines.issuperset(able):
            return News()
        if now - trouble.since >= PATIENCE_S:
            del self._runs[run]
            return News(failing=reason, run=run)
        first, trouble.told = not trouble.told, True
        return News(waiting=reason, run=run) if first else News()

    def forget(self, run: str) -> None:
        """A run is over."""
        self._runs.pop(run, None)

    def works(self, machine: str, run: str) -> None:
        """A machine made something of a run."""
        self._apart.pop(machine, None)
        self._runs.pop(run, None)
