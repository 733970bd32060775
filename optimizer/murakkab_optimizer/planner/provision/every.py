"""Every configuration of a model that a plan better than a target may have, with any number of groups.

Prices leave a doubt where the least value that they prove for a node is smaller than the best plan's. Then ``every``
lists what could still be in a better plan, and the best choice out of it, by a mixed-integer program, *is* the best
plan of the node. Entries are taken up one after another, the dearest capacity first; what has been taken up so far
costs at least::

    min over C >= c of  max(K / C, longest shortest_s) + price + q (C - c)

with ``c`` its capacity, ``price`` that of its devices and ``q`` the least price for capacity among the entries still to
come (``pricing`` has the reasons). Whatever exceeds the limit of its leader is dropped, and with it all that would
follow.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from murakkab_optimizer.planner.provision.pricing import SLACK, Columns, Fixed, Floats, Ints, Shared

MOST = 400_000
"""With more partial configurations than this, the listing is given up."""


class _Partial(msgspec.Struct):
    """Partial configurations: counts by entry, capacity, price, devices, and the longest of the shortest times."""

    counts: npt.NDArray[np.int16]
    capacity: Floats
    price: Floats
    devices: Floats
    least: Floats

    def take(self, keep: Ints) -> _Partial:
        return _Partial(*(getattr(self, name)[keep] for name in self.__struct_fields__))


def every(model: Fixed | Shared, prices: Floats, limit: Floats, room: Floats) -> Columns | None:
    """The configurations that nothing dominates.

    Args:
        model: whose they are.
        prices: of the device types.
        limit: what a configuration may cost at these prices, by leader.
        room: devices of each type.

    Returns:
        The columns, or None where they are too many to list.

    """
    if isinstance(model, Fixed):
        return model.near(prices, limit)
    parts = []
    for lead in np.flatnonzero(model.bounds(prices[None])[0] <= limit):
        found = _of_leader(model, int(lead), prices, float(limit[lead]), room)
        if found is None:
            return None
        parts.append(found)
    seconds, first, devices = (
        np.concatenate([np.zeros((0, *shape)), *(getattr(p, name) for p in parts)])
        for name, shape in (("seconds", ()), ("first", ()), ("devices", (len(room),)))
    )
    return Columns(seconds, first, devices, [i for p in parts for i in p.instances]).undominated(room)


def _of_leader(model: Shared, lead: int, prices: Floats, limit: float, room: Floats) -> Columns | None:
    dear = model.each @ prices / model.capacity
    others = [e for e in np.argsort(-dear, kind="stable") if e != lead and model.first[e] >= model.first[lead]]
    n = len(model.entries)
    state = _Partial(np.zeros((1, n), dtype=np.int16), np.zeros(1), np.zeros(1), np.zeros((1, len(room))), np.zeros(1))
    for place, entry in enumerate([lead, *others]):
        coming = float(dear[others[place:]].min()) if place < len(others) else np.inf
        grown = _grow(model, state, int(entry), prices, limit, room, start=1 if entry == lead else 0, coming=coming)
        if grown is None:
            return None
        state = grown
    return _finish(model, lead, state, limit, room)


def _grow(
    model: Shared, state: _Partial, entry: int, prices: Floats, limit: float, room: Floats, *, start: int, coming: float
) -> _Partial | None:
    """Take up an entry, ``start`` times or more."""
    each, price = model.each[entry], float(model.each[entry] @ prices)
    short = float(model.shortest[entry])
    own = each > 0
    fit = np.floor(((room - state.devices)[:, own] / each[own]).min(axis=1))
    left = limit - state.price - np.maximum(state.least, short)
    most = np.minimum(fit, np.floor(np.maximum(left, 0.0) / max(price, 1e-12) + SLACK))
    sizes = np.maximum(most - start + 1, 1 - start).astype(np.intp)
    if sizes.sum() > MOST:
        return None
    rows = np.repeat(np.arange(len(sizes)), sizes)
    counts = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + start
    grown = state.take(rows)
    grown.counts[:, entry] = counts
    grown.capacity += counts * model.capacity[entry]
    grown.price += counts * price
    grown.devices += counts[:, None] * each
    grown.least = np.where(counts > 0, np.maximum(grown.least, short), grown.least)
    return grown.take(np.flatnonzero(_cost(model, grown, coming) * (1 - SLACK) <= limit))


def _cost(model: Shared, state: _Partial, coming: float) -> Floats:
    """Least cost of what partial configurations may grow to."""
    owned = state.capacity
    if np.isinf(coming):
        done: Floats = state.price + np.maximum(model.work / owned, state.least)
        return done
    most = np.maximum(owned, model.work / np.maximum(state.least, 1e-12))
    capacity = np.clip(np.sqrt(model.work / max(coming, 1e-12)), owned, most)
    grown: Floats = state.price + np.maximum(model.work / capacity, state.least) + coming * (capacity - owned)
    return grown


def _finish(model: Shared, lead: int, state: _Partial, limit: float, room: Floats) -> Columns:
    """Evaluate, and drop what is too dear or dominated."""
    entries = np.arange(len(model.entries))
    groups = [
        model.group_seconds(entries[e : e + 1], state.counts[:, e].astype(float), state.capacity) for e in entries
    ]
    seconds = np.max(groups, axis=0)
    keep = np.flatnonzero((seconds + state.price) * (1 - SLACK) <= limit)
    found = Columns(seconds[keep], np.full(len(keep), model.first[lead]), state.devices[keep], [])
    chosen = found.undominated_rows(room)
    counts = state.counts[keep[chosen]].astype(int)
    instances = [tuple(model.instances_of(int(e), int(row[e])) for e in np.flatnonzero(row)) for row in counts]
    found = found.take(chosen)
    return Columns(found.seconds, found.first, found.devices, instances)
