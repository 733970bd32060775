"""The models that runs need, and where they are at home: which workers hold or load them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from murakkab_optimizer.policies.placement.spread import LARGE_MB, Spread, Usable
from murakkab_optimizer.scheduler.machines import Machine
from murakkab_optimizer.scheduler.members import WorkerState

CORE_MB = 256
"""Host memory that the homes of one large model may take for each core of their machine; the scheduler is not told how
much there is."""


class Homes:
    """How many workers hold or load each model, in all and by machine.

    Attributes:
        memory_mb: of the models that runs need, by name.
        single: those of which no two tasks of a run are at work at once.

    """

    def __init__(self) -> None:
        self.memory_mb: dict[str, int] = {}
        self.single: set[str] = set()
        self._placer = Spread()
        self._all: Counter[str] = Counter()
        self._there: Counter[tuple[Machine, str]] = Counter()

    def note(self, models: Mapping[str, int], single: Iterable[str]) -> tuple[bool, bool]:
        """Models that a run needs; return whether memory, and whether what is ``single`` is otherwise than before."""
        before = set(self.single)
        self.single.update(name for name in single if name not in self.memory_mb)
        self.single.intersection_update({name for name in self.single if name not in models} | set(single))
        changed = any(self.memory_mb.get(name) != memory for name, memory in models.items())
        self.memory_mb.update(models)
        return changed, self.single != before

    def places(self, workers: Iterable[WorkerState]) -> list[tuple[str, str]]:
        """Where models are to be, (worker, model); what one worker is enough for is on the machines with most cores."""
        machines: dict[Machine, dict[str, Usable]] = {}
        for worker in workers:
            machines.setdefault(worker.machine, {})[worker.name] = worker.usable
        widest_last = [machines[machine] for machine in sorted(machines, key=lambda machine: machine.cores)]
        return self._placer.place(self.memory_mb, self.single, widest_last)

    def large(self, model: str) -> bool:
        """Whether few workers of a machine are to hold it."""
        return self.memory_mb.get(model, 0) > LARGE_MB

    def alone(self, model: str) -> bool:
        """Whether one worker, of a machine or of all, is enough."""
        return self.large(model) or model in self.single

    def housed(self, machine: Machine, model: str) -> bool:
        """Whether a machine has a home of a large model."""
        return self._there[machine, model] > 0 and self.large(model)

    def full(self, machine: Machine, model: str) -> bool:
        """Whether a machine has as many homes of a large model as it may: one, and more where it has many cores."""
        most = max(machine.cores * CORE_MB // max(self.memory_mb.get(model, 0), 1), 1)
        return self._there[machine, model] >= most and self.large(model)

    def enough(self, machine: Machine, model: str) -> bool:
        """Whether nobody else on a machine need load a model ahead."""
        return self._all[model] > 0 if model in self.single else self.housed(machine, model)

    def add(self, machine: Machine, model: str) -> None:
        """One more worker holds or loads a model."""
        self._all[model] += 1
        self._there[machine, model] += 1

    def remove(self, machine: Machine, model: str) -> None:
        """One worker less does."""
        self._all[model] -= 1
        self._there[machine, model] -= 1
        if not self._there[machine, model]:
            del self._there[machine, model]
