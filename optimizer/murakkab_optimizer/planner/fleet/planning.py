"""The door: demand, catalogue and cluster in, a fleet out."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from murakkab_optimizer.hardware import Cluster, Offer
from murakkab_optimizer.planner.fleet.literal import solve_literal
from murakkab_optimizer.planner.fleet.nouns import (
    Demand,
    FleetCatalogue,
    FleetObjective,
    FleetPlan,
    FleetSettings,
    Formulation,
    Group,
    NoFleetError,
    Share,
    Standby,
)
from murakkab_optimizer.planner.fleet.rent import busy_w, core_price, core_w, idle_w, merged, total_per_hour
from murakkab_optimizer.planner.fleet.repaired import Repaired
from murakkab_optimizer.planner.fleet.routes import HOLES, Route, candidates, routes

LEAST = 1e-6
"""Smaller shares are rounding errors."""


def plan_fleet(
    demand: Demand,
    catalogue: FleetCatalogue,
    cluster: Cluster,
    *,
    formulation: Formulation = "repaired",
    in_force: FleetPlan | None = None,
    objective: FleetObjective = "cost",
    settings: FleetSettings | None = None,
) -> FleetPlan:
    """How many instances of which model at which operating point, and which requests go to which.

    Args:
        demand: the load of the next epoch, by slot.
        catalogue: configurations of the workflows and profiles of their models.
        cluster: devices that may be used. Rent is by the device, whatever the size of a server.
        formulation: ``literal``: A.5 as printed; ``repaired``: with its holes closed.
        in_force: what runs now, planned with the same catalogue; changing it has a price (``repaired`` only).
        objective: what is made small (cost, energy) or large (quality).
        settings: what the plan goes by beside.

    Raises:
        NoFleetError: ``literal``: the program has no solution. ``repaired`` turns requests away instead, and says so.

    """
    settings, cluster = settings or FleetSettings(), merged(cluster)
    closed = HOLES if formulation == "repaired" else settings.closed
    groups = candidates(catalogue, cluster, settings, closed)
    ways = tuple(routes(demand, catalogue, cluster, groups, closed))
    found = _Found(demand, catalogue, cluster, groups, closed)
    if formulation == "repaired":
        return _repaired(found, ways, in_force, objective, settings)
    answer, columns = solve_literal(demand, catalogue, cluster, groups, ways, objective, settings)
    if answer is None:
        raise NoFleetError(_why(demand, ways))
    counts = [answer.values[column] for column in columns.instances]
    shares = _shares(demand, ways, [answer.values[column] for column in columns.peak])
    if settings.routed == "average":
        held = {number for number, count in enumerate(counts) if count > LEAST}
        usable = [
            answer.values[column] if held.issuperset(way.use) else 0.0
            for way, column in zip(ways, columns.average, strict=True)
        ]
        average = _shares(demand, ways, usable)
        routed = {way.load for way, _ in average}
        shares = [*average, *(one for one in shares if one[0].load not in routed)]
    return found.plan("literal", counts, shares, (), answer.gap)


class _Found(msgspec.Struct):
    """What a plan is put together from."""

    demand: Demand
    catalogue: FleetCatalogue
    cluster: Cluster
    groups: Sequence[Group]
    closed: frozenset[str]

    def plan(
        self,
        formulation: Formulation,
        counts: Sequence[float],
        shares: Sequence[tuple[Route, float]],
        warm: Sequence[tuple[Offer, int]],
        gap: float,
    ) -> FleetPlan:
        used = [i for i, count in enumerate(counts) if count > LEAST]
        groups = tuple(msgspec.structs.replace(self.groups[i], count=_whole(counts[i])) for i in used)
        place = {number: index for index, number in enumerate(used)}
        kept = [(way, share) for way, share in shares if all(g is None or g in place for g in way.groups)]
        cores = self._cores(kept)
        standing = sum(count * offer.price for offer, count in warm)
        mean_cores = sum(share * self.demand.loads[way.load].mean * way.cores for way, share in kept)
        return FleetPlan(
            formulation=formulation,
            groups=groups,
            shares=tuple(self._share(way, share, place) for way, share in kept),
            warm=tuple(Standby(offer.device.name, offer.spot, count) for offer, count in warm),
            cost_per_h=total_per_hour(groups, self.cluster) + standing + mean_cores * core_price(self.cluster),
            energy_w=self._watts(groups, kept, warm) + mean_cores * core_w(self.cluster),
            cores=cores,
            turned_away=self._away(kept),
            gap=gap,
        )

    def _share(self, way: Route, share: float, place: dict[int, int]) -> Share:
        groups = tuple(None if g is None else place[g] for g in way.groups)
        return Share(way.load, way.configuration, groups, share, way.latency_s, way.quality)

    def _cores(self, shares: Sequence[tuple[Route, float]]) -> float:
        slots = range(len(self.demand.loads[0].rates)) if self.demand.loads else range(0)
        return max(
            (sum(share * self.demand.loads[way.load].rates[t] * way.cores for way, share in shares) for t in slots),
            default=0.0,
        )

    def _watts(
        self, groups: Sequence[Group], shares: Sequence[tuple[Route, float]], warm: Sequence[tuple[Offer, int]]
    ) -> float:
        idle = sum(group.count * idle_w(group, self.cluster) for group in groups)
        idle += sum(count * offer.device.idle_w for offer, count in warm)
        work = 0.0
        for way, share in shares:
            for number, units in way.use.items():
                group = self.groups[number]
                more = busy_w(group, self.catalogue, self.cluster) - idle_w(group, self.cluster)
                work += share * self.demand.loads[way.load].mean * units / group.rate * more
        return idle + work

    def _away(self, shares: Sequence[tuple[Route, float]]) -> tuple[float, ...]:
        served = [0.0] * len(self.demand.loads)
        for way, share in shares:
            served[way.load] += share
        return tuple(max(0.0, 1.0 - part) if part < 1 - LEAST else 0.0 for part in served)


def _repaired(
    found: _Found, ways: Sequence[Route], in_force: FleetPlan | None, objective: FleetObjective, settings: FleetSettings
) -> FleetPlan:
    program = Repaired(found.demand, found.catalogue, found.cluster, found.groups, ways, objective, settings)
    answer = program.solve(in_force)
    if answer is None:
        raise NoFleetError("no plan was found in time; allow more of it, or fewer operating points")
    value = answer.values
    shares = [(way, value[column]) for way, column in zip(program.ways, program.share, strict=True)]
    standing = zip(program.offers, program.warm, strict=True)
    warm = [(offer, math.ceil(value[column] - LEAST)) for offer, column in standing if value[column] > LEAST]
    counts = [value[column] for column in program.instances]
    return found.plan("repaired", counts, [s for s in shares if s[1] > LEAST], warm, answer.gap)


def _shares(demand: Demand, ways: Sequence[Route], rates: Sequence[float]) -> list[tuple[Route, float]]:
    """Rates as shares of their class."""
    totals = [0.0] * len(demand.loads)
    for way, rate in zip(ways, rates, strict=True):
        totals[way.load] += rate
    return [
        (way, rate / totals[way.load])
        for way, rate in zip(ways, rates, strict=True)
        if totals[way.load] > 0 and rate > LEAST * totals[way.load]
    ]


def _whole(count: float) -> float:
    """A count without the rounding error of the solver."""
    return float(round(count)) if abs(count - round(count)) < 1e-4 else count


def _why(demand: Demand, ways: Sequence[Route]) -> str:
    for number, load in enumerate(demand.loads):
        mine = [way for way in ways if way.load == number]
        name = f"{load.request.workflow}/{load.request.name}"
        if not mine:
            return f"no configuration of '{name}' can run on this cluster; add devices that its models are profiled on"
        if not any(way.good and way.quick for way in mine):
            return f"no configuration keeps the promise of '{name}'; lower its quality or allow more seconds"
    return "the devices of the cluster do not carry the peak load; add devices or turn requests away"
