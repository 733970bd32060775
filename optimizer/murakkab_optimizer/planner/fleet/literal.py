r"""Appendix A.5 of Murakkab (arXiv 2508.18298), constraints (1) to (7), with its holes.

Variables: whole ``n_m`` instances; ``x_peak, x_avg >= 0`` requests a second by (workflow, SLO, configuration, model).

1. ``peak <= sum of x_peak <= 1.15 peak`` for each workflow and SLO;
2. the same for ``x_avg`` and the average;
3. ``mu * sum of x_peak * tokens <= n_m * throughput_m``;
4. ``x_peak = 0`` where the quality is below the floor;
5. ``x = 0`` where ``TTFT + tokens * TPOT`` exceeds the latency;
6. ``sum of x_avg * cost of its tokens <= cap``;
7. devices of each type within the budget.

What our source leaves open is settled so: ``cost`` is the rent of the instances, ``energy`` what they draw at work,
``quality`` the mean over the requests of ``x_avg`` less 0.001 times the rent by the hour. Among equals the smallest
rent decides, then the cheapest tokens. Requests are routed by ``x_peak``, for which there are instances; ``x_avg`` may
lie where there are none.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from murakkab_optimizer.hardware import Cluster
from murakkab_optimizer.planner.fleet.nouns import Demand, FleetCatalogue, FleetObjective, FleetSettings, Group
from murakkab_optimizer.planner.fleet.program import Answer, Program
from murakkab_optimizer.planner.fleet.rent import busy_w, per_hour
from murakkab_optimizer.planner.fleet.routes import Route

OVER = 1.15
"""How much more than the load a plan may carry, (1) and (2)."""
COST_OF_QUALITY = 0.001
"""Points of quality that a US dollar an hour is worth."""
TIE = 1e-3
"""Weight of the tokens beside the rent, where equals are told apart."""


class LiteralColumns(msgspec.Struct):
    """Numbers of the columns: instances by group, x_peak and x_avg by route."""

    instances: list[int]
    peak: list[int]
    average: list[int]


def solve_literal(
    demand: Demand,
    catalogue: FleetCatalogue,
    cluster: Cluster,
    groups: Sequence[Group],
    ways: Sequence[Route],
    objective: FleetObjective,
    settings: FleetSettings,
) -> tuple[Answer | None, LiteralColumns]:
    """Solve A.5, then choose among equals; no answer where it has no solution."""
    program = Program()
    columns = _columns(program, demand, catalogue, cluster, groups, ways, objective, settings)
    for number, load in enumerate(demand.loads):
        mine = [i for i, way in enumerate(ways) if way.load == number]
        for x, rate in ((columns.peak, load.peak), (columns.average, load.mean)):
            program.row(dict.fromkeys((x[i] for i in mine), 1.0), rate, OVER * rate)
    for number, group in enumerate(groups):
        users = {columns.peak[i]: settings.multiplexing * way.use.get(number, 0.0) for i, way in enumerate(ways)}
        program.row({**users, columns.instances[number]: -group.rate}, high=0.0)
    spent = {columns.average[i]: 3600 * _dollars(way, groups, cluster) for i, way in enumerate(ways)}
    program.row(spent, high=settings.cost_per_h)
    _budgets(program, columns, groups, cluster)
    if "h" in settings.closed:
        program.row({columns.peak[i]: way.cores for i, way in enumerate(ways)}, high=float(cluster.cores))
    return program.solve_then(_second(columns, cluster, groups, ways)), columns


def _second(
    columns: LiteralColumns, cluster: Cluster, groups: Sequence[Group], ways: Sequence[Route]
) -> dict[int, float]:
    """What decides among equals: the rent, and the tokens of both loads by a little."""
    rent = {column: per_hour(group, cluster) for column, group in zip(columns.instances, groups, strict=True)}
    for x in (columns.peak, columns.average):
        rent.update({x[i]: TIE * 3600 * _dollars(way, groups, cluster) for i, way in enumerate(ways)})
    return rent


def _columns(
    program: Program,
    demand: Demand,
    catalogue: FleetCatalogue,
    cluster: Cluster,
    groups: Sequence[Group],
    ways: Sequence[Route],
    objective: FleetObjective,
    settings: FleetSettings,
) -> LiteralColumns:
    rent = {"cost": 1.0, "energy": 0.0, "quality": COST_OF_QUALITY}[objective]
    watt = 1.0 if objective == "energy" else 0.0
    requests = max(sum(load.mean for load in demand.loads), 1e-12)
    instances = [
        program.column(rent * per_hour(group, cluster) + watt * busy_w(group, catalogue, cluster), whole=settings.whole)
        for group in groups
    ]
    infinite = float("inf")
    peak, average = [], []
    for way in ways:
        value = -way.quality / requests if objective == "quality" else 0.0
        kept = way.good or "d" not in settings.closed
        peak.append(program.column(0.0, infinite if way.good and way.quick else 0.0))
        average.append(program.column(value, infinite if kept and way.quick else 0.0))
    return LiteralColumns(instances, peak, average)


def _dollars(way: Route, groups: Sequence[Group], cluster: Cluster) -> float:
    """Of the tokens of a request, by the rent of full instances."""
    return sum(units / groups[g].rate * per_hour(groups[g], cluster) / 3600 for g, units in way.use.items())


def _budgets(program: Program, columns: LiteralColumns, groups: Sequence[Group], cluster: Cluster) -> None:
    for offer in cluster.offers:
        mine = {
            columns.instances[i]: float(group.devices)
            for i, group in enumerate(groups)
            if group.device == offer.device.name and group.spot == offer.spot
        }
        if mine:
            program.row(mine, high=float(offer.count))
