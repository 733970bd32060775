"""The rows of pools that steps share: how many instances there are, what they get done, take and cost to load."""

from __future__ import annotations

import itertools

import numpy as np

from murakkab_optimizer.planner.assign.asking import Ask, matters
from murakkab_optimizer.planner.assign.clock import Clock
from murakkab_optimizer.planner.assign.columns import Columns, Field, Floats, Ints, SharedPool, Space
from murakkab_optimizer.planner.assign.nouns import INFINITE, SLACK
from murakkab_optimizer.planner.assign.sheet import Sheet, Term


class Sharing:
    """Variables of the shared pools.

    Of accelerators, the number of instances; of processor cores, whether the pool is used at all.
    """

    def __init__(self, pools: tuple[SharedPool, ...], counts: list[int], *, exact: bool) -> None:
        self._pools, self._counts, self._exact = pools, counts, exact
        self._memory: list[tuple[int, float]] = []
        self._loads: list[tuple[int, float]] = []

    def devices(self, offer: int) -> list[Term]:
        """Devices of an offer that the pools take."""
        pools = zip(self._pools, self._counts, strict=True)
        return [(count, shared.pool[2]) for shared, count in pools if shared.pool[1] == offer and not shared.cpu]

    def memory(self, scale: float) -> list[Term]:
        """Memory that they take."""
        return [(variable, each * scale) for variable, each in self._memory]

    def loads(self, scale: float) -> list[Term]:
        """What it costs to load their new instances."""
        return [(variable, each * scale) for variable, each in self._loads]

    def counts_of(self, point: Floats) -> tuple[int, ...]:
        """Instances of each pool in a point."""
        return tuple(round(float(point[count])) for count in self._counts)

    def others(self, sheet: Sheet, counts: tuple[int, ...]) -> list[Term]:
        """Terms of which one is 1 where a pool has more or fewer instances."""
        terms: list[Term] = []
        for shared, variable, count in zip(self._pools, self._counts, counts, strict=True):
            if shared.cpu:
                continue
            fewer, more = (sheet.variable(1.0, whole=True) for _ in range(2))
            sheet.row(-INFINITE, shared.most, (variable, 1.0), (fewer, shared.most - count + 1.0))
            sheet.at_least((variable, 1.0), (more, -(count + 1.0)))
            terms += [(fewer, 1.0), (more, 1.0)]
        return terms

    def add(self, sheet: Sheet, ask: Ask, index: int, users: list[tuple[Ints, Columns]], clock: Clock | None) -> None:
        """Add the rows of a pool; ``users`` are the variables and columns that belong to it, of each step."""
        shared, count = self._pools[index], self._counts[index]
        for own, columns in users:
            each = 1.0 if shared.cpu else columns.table[:, Field.INSTANCES]
            sheet.at_least((count, 1.0), (own, -np.broadcast_to(each, own.shape)))
        self._memory += self._levels(sheet, shared, count, users, Field.MEMORY)
        if shared.cpu:
            return
        _no_more_than_used(sheet, count, users)
        if ask.strict:
            _pace(sheet, count, users, ask.problem.video_s)
        if clock:
            _capacity(sheet, count, shared.most, users, clock)
        if matters(ask).dollars:
            self._load(sheet, ask, index, users)

    def _load(self, sheet: Sheet, ask: Ask, index: int, users: list[tuple[Ints, Columns]]) -> None:
        shared, new = self._pools[index], sheet.variable()
        held = ask.problem.held.get(shared.pool, 0)
        sheet.row(-held, INFINITE, (new, 1.0), (self._counts[index], -1.0))
        self._loads += self._levels(sheet, shared, new, users, Field.LOAD, held)

    def _levels(
        self,
        sheet: Sheet,
        shared: SharedPool,
        count: int,
        users: list[tuple[Ints, Columns]],
        field: Field,
        held: int = 0,
    ) -> list[tuple[int, float]]:
        """Variables and factors whose sum is ``count`` times the largest ``field`` of the columns that are chosen.

        Where that need not be exact, it is at least the smallest one times ``count``, and what each step alone takes.
        """
        sizes = sorted({float(size) for _, columns in users for size in columns.table[:, field]})
        if not sizes or not sizes[-1]:
            return []
        if len(sizes) == 1:
            return [(count, sizes[0])]
        parts = _exactly(sheet, count, shared.most, users, field, sizes) if self._exact else []
        whole = parts or [(sheet.variable(), 1.0)]
        if not parts:
            sheet.at_least(*whole, (count, -sizes[0]))
        for own, columns in users:
            instances = 1.0 if shared.cpu else np.maximum(columns.table[:, Field.INSTANCES] - held, 0.0)
            sheet.at_least(*whole, (own, -columns.table[:, field] * instances))
        return whole


def share(
    sheet: Sheet, ask: Ask, space: Space, choice: tuple[Ints, ...], clock: Clock | None, *, exact: bool
) -> Sharing:
    """Add the rows of all shared pools."""
    counts = [sheet.variable(1.0 if shared.cpu else shared.most, whole=not shared.cpu) for shared in space.pools]
    sharing = Sharing(space.pools, counts, exact=exact)
    for index in range(len(space.pools)):
        users = []
        for own, columns in zip(choice, space.columns, strict=True):
            mine = columns.pool == index
            if mine.any():
                users.append((own[mine], columns.keep(mine)))
        sharing.add(sheet, ask, index, users, clock)
    return sharing


def _no_more_than_used(sheet: Sheet, count: int, users: list[tuple[Ints, Columns]]) -> None:
    """There are no more instances than one of the steps in the pool can make use of."""
    tops = sorted({int(most) for _, columns in users for most in columns.most})
    terms: list[Term] = []
    for below, top in zip([0, *tops], tops, strict=False):
        able = sheet.variable(1.0)
        sheet.at_least((able, -1.0), *[(own[columns.most >= top], 1.0) for own, columns in users])
        terms.append((able, top - below))
    sheet.at_least((count, -1.0), *terms)


def _capacity(sheet: Sheet, count: int, most: int, users: list[tuple[Ints, Columns]], clock: Clock) -> None:
    """All the work of a pool is done within instances times the makespan."""
    done = sheet.variable()
    sheet.at_least((done, 1.0), *[(own, -columns.table[:, Field.WORK] / clock.unit) for own, columns in users])
    sheet.product(done, count, most, over=False)


def _pace(sheet: Sheet, count: int, users: list[tuple[Ints, Columns]], video_s: float) -> None:
    """All the work of a pool with items is done within the time of the show."""
    work = [(own, -columns.table[:, Field.PACED] / max(video_s, 1.0)) for own, columns in users]
    sheet.row(-SLACK / max(video_s, 1.0), INFINITE, (count, min(video_s, 1.0)), *work)


def _exactly(
    sheet: Sheet, count: int, most: int, users: list[tuple[Ints, Columns]], field: Field, sizes: list[float]
) -> list[tuple[int, float]]:
    """A part for each size: ``count`` where a column of that size or a larger one is chosen."""
    parts = [(count, sizes[0])] if sizes[0] else []
    for below, size in itertools.pairwise(sizes):
        part = sheet.variable()
        for own, columns in users:
            large = columns.table[:, field] >= size
            sheet.row(-most, INFINITE, (part, 1.0), (count, -1.0), (own[large], -float(most)))
        parts.append((part, size - below))
    return parts
