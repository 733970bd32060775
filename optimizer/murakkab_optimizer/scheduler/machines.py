"""The machines of a fleet: the threads of each, which its workers share."""

from __future__ import annotations

from collections import Counter


class Machine:
    """A thread budget that workers share: ``free`` of ``cores`` are not in use; ``workers`` counts them.

    ``held`` says that what is free is kept for a task that waits; ``plain`` counts the workers that hold no large model
    and will soon be free once a thread is, by the models that they can use (None: all).
    """

    __slots__ = ("cores", "free", "held", "name", "plain", "workers")

    def __init__(self, name: str) -> None:
        self.name = name
        self.cores = self.free = 0
        self.workers = 0
        self.held = False
        self.plain: Counter[frozenset[str] | None] = Counter()

    def has_plain(self, usable: frozenset[str] | None, more: int) -> None:
        """There are so many more plain workers that can use these models, or fewer."""
        self.plain[usable] += more
        if not self.plain[usable]:
            del self.plain[usable]

    def spares_homes(self, model: str) -> bool:
        """Whether there are enough plain workers for all tasks of a model that can be at work at once."""
        return sum(n for usable, n in self.plain.items() if usable is None or model in usable) >= self.cores


class Machines:
    """The thread budgets of all machines; ``cores`` of all together.

    What one task takes or gives back costs the same, however many machines there are.

    Args:
        cores: of the machine without a name; it is always there, the others as long as they have workers.

    """

    def __init__(self, cores: int) -> None:
        self.cores = 0
        self._by_name: dict[str, Machine] = {}
        self._free: dict[int, int] = {}
        self._widen(self._named(""), cores)

    @property
    def most_free(self) -> int:
        """Most threads that one machine has free."""
        return max(self._free)

    @property
    def unnamed(self) -> Machine:
        """The machine that is always there."""
        return self._by_name[""]

    def joined(self, name: str, cores: int) -> Machine:
        """A worker that adds so many threads to a machine came; return the machine."""
        machine = self._named(name)
        machine.workers += 1
        self._widen(machine, cores)
        return machine

    def left(self, machine: Machine, cores: int) -> None:
        """A worker that added so many threads went."""
        machine.workers -= 1
        self._widen(machine, -cores)
        if machine.name and not machine.workers:
            self._one_less(machine.free)
            del self._by_name[machine.name]

    def take(self, machine: Machine, threads: int) -> None:
        """So many threads are in use from now on; fewer than none are free again."""
        if threads:
            before, machine.free = machine.free, machine.free - threads
            self._free[machine.free] = self._free.get(machine.free, 0) + 1
            self._one_less(before)

    def _named(self, name: str) -> Machine:
        if name not in self._by_name:
            self._by_name[name] = Machine(name)
            self._free[0] = self._free.get(0, 0) + 1
        return self._by_name[name]

    def _widen(self, machine: Machine, cores: int) -> None:
        machine.cores += cores
        self.cores += cores
        self.take(machine, -cores)

    def _one_less(self, free: int) -> None:
        """One machine less has so many threads free."""
        if self._free[free] > 1:
            self._free[free] -= 1
        else:
            del self._free[free]
