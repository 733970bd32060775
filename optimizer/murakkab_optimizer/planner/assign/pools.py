"""What the pools that steps share would take with each of the columns of one step, in arrays."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from murakkab_optimizer.planner.assign.columns import ALONE, Field, Floats, Ints, Space
from murakkab_optimizer.planner.assign.nouns import Problem


class Taken(msgspec.Struct, frozen=True):
    """What the shared pools take, one step left out.

    Attributes:
        count: instances of each pool.
        work: seconds of tasks.
        load: the largest cost of a load.
        memory: the largest memory.
        paced: seconds of tasks that must keep the pace of the show.

    """

    count: Floats
    work: Floats
    load: Floats
    memory: Floats
    paced: Floats

    @classmethod
    def nothing(cls, pools: int) -> Taken:
        """Nothing at all."""
        return cls(*(np.zeros(pools) for _ in range(5)))

    def copy(self) -> Taken:
        """The same, in arrays of its own."""
        return Taken(*(part.copy() for part in msgspec.structs.astuple(self)))

    def fill(self, pool: int, rows: list[Floats]) -> None:
        """Set what a pool takes: that of the columns of its users."""
        table = np.array(rows) if rows else np.zeros((1, len(Field)))
        self.count[pool] = table[:, Field.INSTANCES].max()
        self.work[pool] = table[:, Field.WORK].sum()
        self.load[pool] = table[:, Field.LOAD].max()
        self.memory[pool] = table[:, Field.MEMORY].max()
        self.paced[pool] = table[:, Field.PACED].sum()


class Shares(NamedTuple):
    """With each of the columns of a step: devices of each offer, dollars of loads, memory, and the longest seconds.

    ``seconds`` are of all work of a pool over its instances, ``paced_s`` of the work that must keep pace.
    """

    devices: Floats
    dollars: Floats
    memory: Floats
    seconds: Floats
    paced_s: Floats


class Pools:
    """The pools of a space as arrays.

    Attributes:
        each: devices of an instance; 0 of processor cores, which are not counted.
        cpu: whether it is of processor cores.
        offer: index of its offer.

    """

    def __init__(self, problem: Problem, space: Space) -> None:
        self.each = np.array([0 if shared.cpu else shared.pool[2] for shared in space.pools], dtype=float)
        self.cpu = np.array([shared.cpu for shared in space.pools], dtype=bool)
        self.offer = np.array([shared.pool[1] for shared in space.pools], dtype=np.int64)
        self._held = np.array([problem.held.get(shared.pool, 0) for shared in space.pools], dtype=float)
        self._offers = len(problem.cluster.offers)

    def __len__(self) -> int:
        return len(self.each)

    def shares(self, taken: Taken, table: Floats, pool: Ints) -> Shares:
        """What all pools take with each of the columns of a step, by what they take without it."""
        devices = np.zeros(self._offers)
        np.add.at(devices, self.offer, taken.count * self.each)
        loads = np.where(self.cpu, 0.0, taken.load * np.maximum(taken.count - self._held, 0.0))
        kept = taken.memory * np.where(self.cpu, 1.0, taken.count)
        dollars, memory = (np.full(len(table), float(each.sum())) for each in (loads, kept))
        found = Shares(np.tile(devices, (len(table), 1)), dollars, memory, *self._longest(taken, table, pool))
        mine = np.flatnonzero(pool != ALONE)
        own, rows = pool[mine], table[mine]
        count, cpu = np.maximum(taken.count[own], rows[:, Field.INSTANCES]), self.cpu[own]
        found.devices[mine, self.offer[own]] += (count - taken.count[own]) * self.each[own]
        load = np.maximum(taken.load[own], rows[:, Field.LOAD]) * np.maximum(count - self._held[own], 0.0)
        found.dollars[mine] += np.where(cpu, 0.0, load) - loads[own]
        found.memory[mine] += np.maximum(taken.memory[own], rows[:, Field.MEMORY]) * np.where(cpu, 1.0, count)
        found.memory[mine] -= kept[own]
        return found

    def _longest(self, taken: Taken, table: Floats, pool: Ints) -> tuple[Floats, Floats]:
        """The longest seconds of a pool, of all work and of what must keep pace, with each of the columns."""
        return (
            self._most(taken.work, taken.count, table, pool, Field.WORK),
            self._most(taken.paced, taken.count, table, pool, Field.PACED),
        )

    def _most(self, work: Floats, count: Floats, table: Floats, pool: Ints, field: Field) -> Floats:
        seconds = np.where(self.cpu, 0.0, work / np.maximum(count, 1))
        found, most = np.full(len(table), seconds.max()), int(seconds.argmax())
        mine = np.flatnonzero(pool != ALONE)
        own = pool[mine]
        others = np.where(own == most, np.partition(seconds, -2)[-2] if len(seconds) > 1 else 0.0, seconds[most])
        done = (work[own] + table[mine, field]) / np.maximum(count[own], table[mine, Field.INSTANCES])
        found[mine] = np.maximum(others, np.where(self.cpu[own], 0.0, done))
        return found
