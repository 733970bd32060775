"""The columns of a program: each step's candidates with numbers of instances, without those that cannot be better.

A column is a vector of what it takes (``Field`` and the devices of each offer). All that a plan is measured by grows
with every part of it, so a column that takes no less of anything than another one of its step can go. This holds
where both belong to the same pool, or where neither pool can be used by another step.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from enum import IntEnum
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from murakkab_optimizer.planner.assign.evaluate import (
    best_quality,
    first_seconds,
    instances_at_most,
    task_seconds,
    work_joules,
)
from murakkab_optimizer.planner.assign.nouns import SLACK, Candidate, Pool, Problem, Step
from murakkab_optimizer.planner.assign.pace import feeding

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

ALONE = -1
"""Index of the pool of a column that no other step can use."""


class Field(IntEnum):
    """What a column takes; the devices of each offer follow."""

    BUSY = 0
    TASK = 1
    FIRST = 2
    LOSS = 3
    DOLLARS = 4
    JOULES = 5
    CORE_S = 6
    MEMORY = 7
    WORK = 8
    INSTANCES = 9
    LOAD = 10
    PACED = 11


class Matters(msgspec.Struct, frozen=True):
    """What the objective and the limits depend on; the rest is not compared.

    ``pace``: the show must start with its first item and never wait: columns that cannot keep its pace are left out,
    and what they take behind their first item is compared, too.
    """

    time: bool = True
    loss: bool = True
    dollars: bool = True
    joules: bool = True
    memory: bool = True
    pace: bool = False


class SharedPool(msgspec.Struct, frozen=True):
    """Instances that more than one step can use.

    Attributes:
        pool: which.
        cpu: whether it is of processor cores, whose number is not counted.
        most: instances at most.

    """

    pool: Pool
    cpu: bool
    most: int


class Columns(msgspec.Struct, frozen=True):
    """The columns of a step.

    Attributes:
        candidate: index of each column's candidate.
        table: what it takes, a row for each column; seconds, dollars of the tasks alone and joules.
        pool: index of its shared pool, or ``ALONE``.
        most: instances that the step can make use of.

    """

    candidate: Ints
    table: Floats
    pool: Ints
    most: Ints

    def __len__(self) -> int:
        return len(self.candidate)

    def keep(self, which: NDArray[np.bool_]) -> Columns:
        """Only some of the columns."""
        return Columns(self.candidate[which], self.table[which], self.pool[which], self.most[which])


class Space(msgspec.Struct, frozen=True):
    """All columns of a problem, the pools that steps share, and the loss of a step without any quality."""

    columns: tuple[Columns, ...]
    pools: tuple[SharedPool, ...]
    floor: float

    def keep(self, which: Sequence[NDArray[np.bool_]]) -> Space:
        """Only some of the columns of each step."""
        columns = tuple(own.keep(kept) for own, kept in zip(self.columns, which, strict=True))
        return Space(columns, self.pools, self.floor)


def lay_out(problem: Problem, matters: Matters, *, no_zero: bool = False) -> Space | None:
    """Make the columns of all steps; None where a step has none.

    Args:
        problem: what is to be planned.
        matters: what columns are compared by.
        no_zero: leave out candidates without quality, for a promise of quality stands against them.

    """
    usable = [_usable(problem, step, no_zero=no_zero) for step in problem.steps]
    if not all(usable):
        return None
    pools = _shared_pools(problem, usable, matters)
    index = {shared.pool: at for at, shared in enumerate(pools)}
    floor, paced = _floor(problem), feeding(problem) if matters.pace else frozenset()
    columns = []
    for step, picks in zip(problem.steps, usable, strict=True):
        made = _columns(problem, step, picks, index, floor, paced=step.name in paced)
        made = made.keep(_keeping_pace(problem, made))
        columns.append(made.keep(_undominated(made, _compared(problem, step, made, matters))))
    return Space(tuple(columns), pools, floor) if all(map(len, columns)) else None


def _usable(problem: Problem, step: Step, *, no_zero: bool) -> list[int]:
    best = best_quality(step)
    return [
        index
        for index, candidate in enumerate(step.candidates)
        if candidate.devices <= problem.cluster.offers[candidate.offer].count or not candidate.devices
        if not (no_zero and best and not candidate.quality)
    ]


def _cpu(problem: Problem, candidate: Candidate) -> bool:
    return problem.cluster.offers[candidate.offer].device.kind == "cpu"


def _shared_pools(problem: Problem, usable: list[list[int]], matters: Matters) -> tuple[SharedPool, ...]:
    """Pools that two steps can use and whose instances are counted somewhere."""
    steps: dict[Pool, set[str]] = defaultdict(set)
    most: dict[Pool, int] = defaultdict(int)
    counts: dict[Pool, bool] = defaultdict(bool)
    cpu: dict[Pool, bool] = {}
    for step, picks in zip(problem.steps, usable, strict=True):
        for candidate in (step.candidates[index] for index in picks):
            pool = candidate.pool
            steps[pool].add(step.name)
            most[pool] = max(most[pool], instances_at_most(problem, step, candidate))
            cpu[pool] = _cpu(problem, candidate)
            memory = matters.memory and candidate.memory_mb > 0
            counts[pool] |= memory or (not cpu[pool] and bool(candidate.devices or (matters.time and candidate.task_s)))
    return tuple(
        SharedPool(pool, cpu[pool], most[pool]) for pool, users in steps.items() if len(users) > 1 and counts[pool]
    )


def _floor(problem: Problem) -> float:
    """A loss that is worse than any plan in which no step is without quality."""
    worst = 0.0
    for step in problem.steps:
        best = best_quality(step)
        worst += max((math.log(best / c.quality) for c in step.candidates if c.quality and best), default=0.0)
    return worst + 1.0


def _columns(
    problem: Problem, step: Step, picks: list[int], index: dict[Pool, int], floor: float, *, paced: bool
) -> Columns:
    rows, candidates, pools, most, best = [], [], [], [], best_quality(step)
    for pick in picks:
        candidate = step.candidates[pick]
        pool = index.get(candidate.pool, ALONE)
        counts = _counts(problem, step, candidate, paced=paced)
        rows.append(_rows(problem, step, candidate, np.array(counts), (best, floor), alone=pool == ALONE))
        candidates += [pick] * len(counts)
        pools += [pool] * len(counts)
        most += [instances_at_most(problem, step, candidate)] * len(counts)
    table = np.concatenate(rows)
    if paced:
        rounds = table[:, Field.BUSY] > table[:, Field.TASK]
        table[:, Field.PACED] = np.where(rounds, table[:, Field.WORK], 0.0)
    return Columns(np.array(candidates), table, np.array(pools), np.array(most))


def _counts(problem: Problem, step: Step, candidate: Candidate, *, paced: bool) -> list[int]:
    """Numbers of instances that differ in rounds, and the least that keeps pace; of cores, not counted, the largest."""
    most, work = instances_at_most(problem, step, candidate), step.tasks * task_seconds(problem, candidate)
    if not work:
        return [1]
    counts = {_least(step.tasks, instances) for instances in range(1, most + 1)}
    if _cpu(problem, candidate):
        counts = {max(counts)}
    if paced and 0 < (enough := math.ceil((work - SLACK) / max(problem.video_s, SLACK))) <= most:
        counts.add(enough)
    return sorted(counts)


def _least(tasks: int, instances: int) -> int:
    """The least number of instances that needs no more rounds."""
    return -(-tasks // -(-tasks // instances))


def _rows(
    problem: Problem, step: Step, candidate: Candidate, counts: Ints, qualities: tuple[float, float], *, alone: bool
) -> Floats:
    """What a candidate takes with several numbers of instances; best quality and loss of a step without any given."""
    cluster, offer = problem.cluster, problem.cluster.offers[candidate.offer]
    task_s, cpu, (best, floor) = task_seconds(problem, candidate), _cpu(problem, candidate), qualities
    rows = np.zeros((len(counts), len(Field) + len(cluster.offers)))
    work = step.tasks * task_s
    rows[:, Field.BUSY] = -(-step.tasks // (np.ones_like(counts) if step.serial else counts)) * task_s
    rows[:, Field.TASK] = task_s
    rows[:, Field.FIRST] = first_seconds(problem, candidate)
    rows[:, Field.LOSS] = (math.log(best / candidate.quality) if candidate.quality else floor) if best else 0.0
    rows[:, Field.DOLLARS] = work * candidate.devices * offer.price if cpu or cluster.billing == "used" else 0.0
    rows[:, Field.JOULES] = work_joules(problem, step, candidate)
    rows[:, Field.CORE_S] = work * candidate.devices if cpu else 0.0
    rows[:, Field.MEMORY] = candidate.memory_mb
    rows[:, Field.WORK] = work
    rows[:, Field.INSTANCES] = counts
    rows[:, Field.LOAD] = 0.0 if cpu else candidate.load_s * candidate.devices * offer.price
    if alone and not cpu:
        new = np.maximum(counts - problem.held.get(candidate.pool, 0), 0)
        rows[:, Field.DOLLARS] += rows[:, Field.LOAD] * new
        rows[:, Field.MEMORY] *= counts
        rows[:, len(Field) + candidate.offer] = counts * candidate.devices
    return rows


def _keeping_pace(problem: Problem, columns: Columns) -> NDArray[np.bool_]:
    room = problem.video_s * columns.table[:, Field.INSTANCES] + SLACK
    kept: NDArray[np.bool_] = columns.table[:, Field.PACED] <= room
    return kept


def _compared(problem: Problem, step: Step, columns: Columns, matters: Matters) -> Floats:
    """The parts of the columns by which they are compared, what ties ask for and allow included."""
    compared = {
        Field.BUSY: matters.time,
        Field.TASK: matters.time,
        Field.FIRST: matters.time,
        Field.CORE_S: matters.time,
        Field.LOSS: matters.loss,
        Field.DOLLARS: matters.dollars,
        Field.JOULES: matters.joules,
        Field.MEMORY: matters.memory,
    }
    picked = [field for field, matter in compared.items() if matter]
    behind = columns.table[:, [Field.BUSY, Field.TASK]] - columns.table[:, [Field.FIRST]]
    spread = behind if matters.pace else np.zeros((len(columns), 0))
    devices = columns.table[:, len(Field) :]
    ties = [np.isin(columns.candidate, list(tie.when)) for tie in problem.ties if tie.step == step.name]
    ties += [~np.isin(columns.candidate, list(tie.then)) for tie in problem.ties if tie.other == step.name]
    return np.column_stack([columns.table[:, picked], spread, devices, *ties]).astype(float)


def _undominated(columns: Columns, compared: Floats) -> NDArray[np.bool_]:
    keep = np.zeros(len(columns), dtype=bool)
    for pool in np.unique(columns.pool):
        mine = np.flatnonzero(columns.pool == pool)
        rows = compared[mine]
        if pool != ALONE:
            rows = np.column_stack(
                [rows, columns.table[mine][:, [Field.WORK, Field.INSTANCES, Field.LOAD, Field.PACED]]]
            )
            rows = np.column_stack([rows, -columns.most[mine]])
        keep[mine[least(rows)]] = True
    return keep


def least(rows: Floats) -> Ints:
    """Indices of the rows of which no other is at most as large in every part; of equal ones the first."""
    order = np.lexsort((np.arange(len(rows)), rows.sum(axis=1)))
    rows, kept = rows[order], np.ones(len(rows), dtype=bool)
    for at in range(len(rows) - 1):
        if kept[at]:
            kept[at + 1 :] &= ~(rows[at] <= rows[at + 1 :]).all(axis=1)
    found: Ints = np.sort(order[kept])
    return found
