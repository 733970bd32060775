r"""What a model costs at least when devices have a price, and configurations that come near to it.

With prices ``L`` (seconds of the job that one device of each type is worth) a configuration of a model that takes ``t``
seconds on devices ``r`` costs ``t + L.r``. Its *leader* is the entry with the smallest ``first_s``; all else is *bulk*.
For every leader, ``bounds`` gives a lower bound of the cost over *all* configurations with that leader, however many
groups they have. It rests on these facts, for a configuration of capacity ``C`` (sum of capacity times count):

1. A group with share ``w = c n / C`` takes at least ``c W / C``, ``W`` being the time of all the work on one instance.
   So ``t >= K / C`` with ``K`` the smallest ``c W`` of the model's entries.
2. A group takes at least ``shortest_s`` of its entry (the ``max(..., 1)``).
3. One instance does whole units: where there is one leader, ``t >= k u`` with the integer ``k >= w U``. With more
   leaders this is left out of account.
4. Bulk of capacity ``B`` costs at least ``q B``, ``q`` being the least price for capacity of the entries in it. Hence
   one bulk entry, taken in fractions, is no dearer than any mixture.

For one pair of leader and bulk entry the least cost for each number ``k`` of units is convex in ``k``, so its minimum
over the integers lies beside the continuous one.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from murakkab_optimizer.planner.provision.nouns import Entry, Instances

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

SLACK = 1e-9
"""Relative room for rounding errors of the evaluation, always given to the side of the bound."""
MOST_CELLS = 1_000_000
"""Up to so many combinations of numbers of devices, dominance is looked up in a table of all of them."""
MANY = 2
"""From so many leaders on, that they do whole units is left out of account."""


class Columns(msgspec.Struct):
    """Configurations of one model.

    Attributes:
        seconds: of all the work.
        first: seconds of the first chunk.
        devices: by configuration and device type.
        instances: what each one is; may be empty.

    """

    seconds: Floats
    first: Floats
    devices: Floats
    instances: list[tuple[Instances, ...]]

    def __len__(self) -> int:
        return len(self.seconds)

    def take(self, keep: Ints) -> Columns:
        """Some of them."""
        instances = [self.instances[i] for i in keep] if self.instances else []
        return Columns(self.seconds[keep], self.first[keep], self.devices[keep], instances)

    def undominated(self, room: Floats) -> Columns:
        """Those on at most ``room`` devices that no other one equals or betters in everything."""
        return self.take(self.undominated_rows(room))

    def undominated_rows(self, room: Floats) -> Ints:
        """Which those are."""
        fitting = np.flatnonzero((self.devices <= room).all(axis=1))
        bare = Columns(self.seconds[fitting], self.first[fitting], self.devices[fitting], [])
        chosen: Ints = fitting[_undominated(bare, tuple(int(n) + 1 for n in room))]
        return chosen


def _undominated(columns: Columns, shape: tuple[int, ...]) -> Ints:
    """Which columns nothing dominates: those that are quicker than all on fewer devices, in order of ``first``."""
    if np.prod(shape) > MOST_CELLS:
        return _undominated_one_by_one(columns)
    quickest = np.full(shape, np.inf)
    cells = tuple(columns.devices.astype(np.intp).T)
    kept = []
    for first in np.unique(columns.first):
        rows = np.flatnonzero(columns.first == first)
        rows = rows[np.argsort(columns.seconds[rows], kind="stable")]
        places = np.ravel_multi_index(tuple(c[rows] for c in cells), shape)
        rows = rows[np.sort(np.unique(places, return_index=True)[1])]
        at = tuple(c[rows] for c in cells)
        rows = rows[columns.seconds[rows] < quickest[at]]
        at = tuple(c[rows] for c in cells)
        quickest[at] = columns.seconds[rows]
        before = np.full(len(rows), np.inf)
        for axis in range(len(shape)):
            np.minimum.accumulate(quickest, axis=axis, out=quickest)
        for axis in range(len(shape)):
            near = tuple(c - (k == axis) for k, c in enumerate(at))
            before = np.minimum(
                before, np.where(near[axis] >= 0, quickest[tuple(np.maximum(c, 0) for c in near)], np.inf)
            )
        kept.append(rows[columns.seconds[rows] < before])
    return np.concatenate([np.zeros(0, dtype=np.intp), *kept])


def _undominated_one_by_one(columns: Columns) -> Ints:
    order = np.lexsort((columns.first, columns.seconds))
    table = np.column_stack([columns.seconds, columns.first, columns.devices])[order]
    kept = np.empty_like(table)
    keep: list[int] = []
    for place, row in zip(order, table, strict=True):
        if not bool((kept[: len(keep)] <= row).all(axis=1).any()):
            kept[len(keep)] = row
            keep.append(int(place))
    return np.array(keep, dtype=np.intp)


class Fixed:
    """A model of which there is one instance."""

    def __init__(self, entries: Sequence[Entry], devices: Sequence[str]) -> None:
        self.entries = entries = sorted(entries, key=lambda e: e.first_s)
        self.first, self.seconds = _field(entries, "first_s"), _field(entries, "time_all_s")
        self.devices = _devices(entries, devices)
        self.slowest = float(self.seconds.max())

    def bounds(self, prices: Floats) -> Floats:
        """Cost at each of several prices (first axis) with each entry (second axis)."""
        costs: Floats = self.seconds + prices @ self.devices.T
        return costs

    def near(self, _prices: Floats, _limit: Floats) -> Columns:
        """All configurations."""
        instances: list[tuple[Instances, ...]] = [(Instances(e.model, e.device, e.devices),) for e in self.entries]
        return Columns(self.seconds, self.first, self.devices, instances)


class Shared:
    """A model whose instances share the work.

    Attributes:
        leader, bulk, leaders: of each pair, indices of entries and the number of leaders (``MANY``: at least so many).
            Leader and bulk are the same where bulk is more of the same, so that the number is open.
        rows: where the pairs of each leader begin.

    """

    def __init__(self, entries: Sequence[Entry], devices: Sequence[str]) -> None:
        self.entries = sorted(entries, key=lambda e: e.first_s)
        self.names = devices
        e = self.entries
        self.capacity, self.first = _field(e, "capacity"), _field(e, "first_s")
        self.units, self.unit = _field(e, "units"), _field(e, "unit_s")
        self.extra_units = _field(e, "extra_units")
        self.extra_unit = np.where(self.extra_units > 0, _field(e, "extra_unit_s"), 0.0)
        self.shortest, self.each = self.unit + self.extra_unit, _devices(e, devices)
        self.slowest = float((self.units * self.unit + self.extra_units * self.extra_unit).max())
        self.work = float((self.capacity * (self.units * self.unit + self.extra_units * self.extra_unit)).min())
        self._pair()

    def _pair(self) -> None:
        n = len(self.entries)
        grid = np.meshgrid(np.arange(n), np.arange(n), np.arange(1, MANY + 1), indexing="ij")
        leader, bulk, leaders = (axis.ravel() for axis in grid)
        alone = leader == bulk
        keep = (self.first[bulk] >= self.first[leader]) & (~alone | (leaders == 1))
        self.leader, self.bulk, self.leaders = leader[keep], bulk[keep], leaders[keep]
        self.alone = alone[keep]
        self.rows = np.searchsorted(self.leader, np.arange(n))
        many, lead = self.leaders, self.leader
        self.lead_devices, self.lead_capacity = self.each[lead] * many[:, None], self.capacity[lead] * many
        self.least = np.maximum(self.shortest[lead], self.shortest[self.bulk])
        self.whole = np.flatnonzero((many < MANY) & ~self.alone)

    def bounds(self, prices: Floats) -> Floats:
        """Least cost at each of several prices (first axis) with each entry as leader (second axis)."""
        costs = self.pair_bounds(prices)[0]
        found: Floats = np.minimum.reduceat(costs, self.rows, axis=1)
        return found

    def pair_bounds(self, prices: Floats) -> tuple[Floats, Floats]:
        """Least cost at each of several prices with each pair, and the capacity at which it is reached."""
        dear = np.maximum(prices @ self.each.T / self.capacity, 1e-12)[:, self.bulk]
        lead = prices @ self.lead_devices.T
        most = np.maximum(self.lead_capacity, self.work / self.least)
        capacity = np.clip(np.sqrt(self.work / dear), self.lead_capacity, most)
        costs = np.maximum(self.work / capacity, self.least) + lead + dear * (capacity - self.lead_capacity)
        w = self.whole
        exact, at = self._whole_units(capacity[:, w], dear[:, w], w)
        exact += lead[:, w]
        costs[:, w], capacity[:, w] = np.maximum(exact, costs[:, w]), at
        return costs * (1 - SLACK), capacity

    def _whole_units(self, capacity: Floats, dear: Floats, pairs: Ints) -> tuple[Floats, Floats]:
        """Cost of time and bulk where the leaders do whole units, and the capacity."""
        lead, many, owned = self.leader[pairs], self.leaders[pairs], self.lead_capacity[pairs]
        units, extra = self.units[lead], self.extra_units[lead] * self.extra_unit[lead] / many
        around = owned / capacity * units
        share = np.ones_like(capacity)
        np.sqrt(dear * owned / np.maximum(extra, 1e-300), out=share, where=extra > 0)
        best, at = np.full_like(capacity, np.inf), capacity.copy()
        low = np.maximum(np.floor(around + SLACK), 1.0)
        for whole in (low, np.minimum(low + 1, units)):
            w = np.clip(share, (whole - 1 + SLACK) / units, (whole + SLACK) / units)
            time = np.maximum(whole * (self.unit[lead] / many) + w * extra, self.least[pairs])
            cost = time + dear * (owned / w - owned)
            better = cost < best
            best, at = np.where(better, cost, best), np.where(better, owned / w, at)
        return best, at

    def near(self, prices: Floats, limit: Floats, width: int = 6) -> Columns:
        """Configurations of at most two groups, around the cheapest bulk, whose pair may cost at most ``limit``.

        Args:
            prices: of the device types.
            limit: by leader.
            width: how many instances of bulk more or less are tried.

        """
        costs, capacity = (found[0] for found in self.pair_bounds(prices[None]))
        pairs = np.flatnonzero(costs <= limit[self.leader])
        middle = np.round((capacity[pairs] - self.lead_capacity[pairs]) / self.capacity[self.bulk[pairs]])
        counts = (middle[:, None] + np.arange(-width, width + 1)).ravel()
        pairs = np.repeat(pairs, 2 * width + 1)
        keep = counts >= 0
        return self.columns_of(pairs[keep], counts[keep], prices, limit)

    def columns_of(self, pairs: Ints, counts: Floats, prices: Floats, limit: Floats) -> Columns:
        """Configurations of pairs with so many instances of bulk that cost at most the limit of their leader."""
        alone = self.alone[pairs]
        lead = self.leaders[pairs] + np.where(alone, counts, 0)
        bulk = np.where(alone, 0, counts)
        leader, other = self.leader[pairs], self.bulk[pairs]
        total = self.capacity[leader] * lead + self.capacity[other] * bulk
        seconds = np.maximum(self.group_seconds(leader, lead, total), self.group_seconds(other, bulk, total))
        devices = self.each[leader] * lead[:, None] + self.each[other] * bulk[:, None]
        keep = np.flatnonzero(seconds + devices @ prices <= limit[leader])
        instances = [
            tuple(self.instances_of(int(i), int(n)) for i, n in ((a, x), (b, y)) if n)
            for a, x, b, y in zip(leader[keep], lead[keep], other[keep], bulk[keep], strict=True)
        ]
        return Columns(seconds[keep], self.first[leader[keep]], devices[keep], instances)

    def group_seconds(self, entry: Ints, count: Floats, total: Floats) -> Floats:
        """Seconds of groups of an entry, as ``evaluate.group_time``; 0 for a count of 0."""
        share, several = self.capacity[entry] * count / total, np.maximum(count, 1)
        seconds = np.maximum(np.ceil(share * self.units[entry]) / several, 1) * self.unit[entry]
        seconds += np.maximum(np.ceil(share * self.extra_units[entry]) / several, 1) * self.extra_unit[entry]
        return np.where(count > 0, seconds, 0.0)

    def instances_of(self, entry: int, count: int) -> Instances:
        """A group."""
        e = self.entries[entry]
        return Instances(e.model, e.device, e.devices, count)


def _field(entries: Sequence[Entry], name: str) -> Floats:
    return np.array([getattr(e, name) for e in entries], dtype=np.float64)


def _devices(entries: Sequence[Entry], devices: Sequence[str]) -> Floats:
    table = np.zeros((len(entries), len(devices)))
    for row, entry in enumerate(entries):
        table[row, devices.index(entry.device)] = entry.devices
    return table
