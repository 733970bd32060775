"""The space of plans: an option, and how many servers of each type are rented. Each such pair is a *node*.

A plan belongs to the node of the servers that it pays for, so nothing is lost and the rent of a node is a number. What
is left inside a node is linear: the seconds of the models add up, so do their first chunks and their devices.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import msgspec
import numpy as np

from murakkab_optimizer.planner.provision.nouns import Entry, Goal, Job, NoProvisioningError, Offers
from murakkab_optimizer.planner.provision.pricing import Fixed, Floats, Shared

Model = Fixed | Shared

MOST_NODES = 200_000


class Limits(msgspec.Struct, frozen=True):
    """What a plan of a node must keep in order to have a value of at most a target."""

    first: float
    total: float


class Space:
    """All nodes of a job on the offered devices.

    Attributes:
        options: the models of each option that fits on the devices; None for one that does not.
        devices: names of the device types.
        room: devices of each type that a node has (second axis).
        rent: US dollars per hour of a node.
        longest: seconds of all the work that no plan exceeds.

    """

    def __init__(self, job: Job, offers: Offers, goal: Goal) -> None:
        self.job, self.offers, self.goal = job, tuple(o for o in offers if o.count > 0), goal
        self.devices = [offer.device.name for offer in self.offers]
        self.prices = np.array([offer.price for offer in self.offers])
        known: dict[tuple[Entry, ...], Model] = {}
        self.options = [self._models(option.models(), known) for option in job.options]
        servers = [range(offer.servers + 1) for offer in self.offers]
        if np.prod([len(s) for s in servers]) > MOST_NODES:
            raise NoProvisioningError("too many combinations of servers; offer fewer types, or larger servers")
        sizes = np.array([offer.device.server_size for offer in self.offers], dtype=np.float64)
        rented = np.array(list(itertools.product(*servers))[1:], dtype=np.float64) * sizes
        self.rent = rented @ self.prices
        self.longest = 1.001 * max(sum(m.slowest for m in models or ()) for models in self.options)
        self.room = np.minimum(rented, np.array([float(offer.count) for offer in self.offers]))

    def _models(self, models: dict[str, list[Entry]], known: dict[tuple[Entry, ...], Model]) -> list[Model] | None:
        found = []
        for entries in models.values():
            fitting = tuple(e for e in entries if self._fits(e))
            if not fitting:
                return None
            if fitting not in known:
                known[fitting] = (Shared if fitting[0].parallel else Fixed)(fitting, self.devices)
            found.append(known[fitting])
        return found

    def _fits(self, entry: Entry) -> bool:
        return any(o.device.name == entry.device and o.count >= entry.devices for o in self.offers)

    def least_first(self) -> float:
        """Seconds of the earliest first chunk, whatever it costs."""
        return min(sum(float(m.first.min()) for m in models) for models in self.options if models is not None)

    def last_first(self) -> float:
        """Seconds of the latest first chunk."""
        return max(sum(float(m.first.max()) for m in models) for models in self.options if models is not None)

    def value(self, first: Floats, total: Floats, rent: Floats) -> Floats:
        """Value of the objective where a plan has these times; infinite where it does not keep the goal."""
        goal, cost = self.goal, rent * total / 3600
        ttff = np.maximum(first, total - self.job.video_s)
        value = cost if goal.objective == "cost" else ttff
        kept: Floats = np.where((ttff <= goal.ttff_s + 1e-9) & (cost <= goal.cost_usd + 1e-9), value, np.inf)
        return kept

    def limits(self, rent: float, target: float) -> Limits:
        """What a plan at this rent must keep for a value of at most ``target``."""
        goal = self.goal
        ttff = goal.ttff_s if goal.objective == "cost" else min(goal.ttff_s, target)
        cost = min(goal.cost_usd, target) if goal.objective == "cost" else goal.cost_usd
        return Limits(ttff, min(self.job.video_s + ttff, cost * 3600 / rent, self.longest))


class Front(msgspec.Struct):
    """Sums over models that nothing betters: the larger the ``first``, the smaller the ``cost``."""

    first: Floats
    cost: Floats

    def at(self, first: Floats) -> Floats:
        """Least cost with at most this first time; infinite where there is none."""
        place = np.searchsorted(self.first, first + 1e-9, side="right") - 1
        found: Floats = np.where(place >= 0, self.cost[np.maximum(place, 0)], np.inf)
        return found


def front(first: Floats, cost: Floats) -> Front:
    """The front of points that are sorted by ``first``."""
    keep = np.empty(len(cost), dtype=bool)
    keep[:1] = True
    np.less(cost[1:], np.minimum.accumulate(cost)[:-1], out=keep[1:])
    return Front(first[keep], cost[keep])


def total(fronts: Sequence[Front], most: float) -> Front:
    """The front of sums of one point of each, with at most ``most`` as first time."""
    found = Front(np.zeros(1), np.zeros(1))
    for other in sorted(fronts, key=lambda f: len(f.first)):
        first = (found.first[:, None] + other.first).ravel()
        cost = (found.cost[:, None] + other.cost).ravel()
        order = np.argsort(first, kind="stable")
        order = order[: np.searchsorted(first, most + 1e-9, side="right", sorter=order)]
        found = front(first[order], cost[order])
        if not len(found.first):
            break
    return found
