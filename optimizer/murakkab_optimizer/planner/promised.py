"""What a node itself promises, or wants to be best: which of the ways to do it are left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from murakkab_optimizer.hardware import Cluster
from murakkab_optimizer.planner.candidates import Way, Ways
from murakkab_optimizer.planner.eligible import NoPlanError, joined
from murakkab_optimizer.planner.tiers import ceiling, floor
from murakkab_optimizer.planner.workload import Work

_EPSILON = 1e-9


def keep_promises(found: Ways, work: Work, cluster: Cluster) -> None:
    """Keep the ways that hold what the node itself promises; one whose time nobody knows may be tried.

    Raises:
        NoPlanError: none does.

    """
    slo, node = found.node.slo, found.node
    if slo.quality is not None:
        rated = {(way.card.name, str(way.candidate.knobs)): way.quality for way in found.ways}
        least = floor(slo.quality, list(rated.values()))
        words = _promised("quality", slo.quality, "")
        best = max(found.ways, key=lambda way: way.quality)
        if best.quality < least - _EPSILON:
            raise NoPlanError(
                f"node '{node.name}' is promised {words}; the best model that may do it here is {best.card.name} "
                f"with {best.quality:.2f}"
            )
        found.keep(
            lambda way: way.quality >= least - _EPSILON,
            lambda way: f"rated {way.quality:.2f}, below the promised {words}",
            joined(found.reason, words),
        )
    figures: dict[str, tuple[Any, str, Callable[[Way], float]]] = {
        "latency": (slo.latency, "s", lambda way: way.task_s),
        "cost": (slo.cost, "US$", lambda way: consumed(way, work, cluster)),
        "energy": (slo.energy, "Wh", lambda way: way.candidate.power_w * way.task_s * work.tasks * work.rounds / 3600),
    }
    for name, (bound, unit, figure) in figures.items():
        if bound is not None:
            _keep_below(found, name, bound, unit, figure)


def _keep_below(found: Ways, name: str, bound: Any, unit: str, figure: Callable[[Way], float]) -> None:  # noqa: ANN401 - number or tier
    known = [way for way in found.ways if way.candidate.known]
    if not known:
        return
    most = ceiling(bound, [figure(way) for way in known])
    least = min(known, key=figure)
    if len(known) == len(found.ways) and figure(least) > most + _EPSILON:
        what = "a task of node" if name == "latency" else "node"
        does = {"latency": "fastest", "cost": "cheapest", "energy": "thriftiest"}[name]
        raise NoPlanError(
            f"{what} '{found.node.name}' is promised within {bound} {unit}; the {does} model that may do it here, "
            f"{least.card.name}, takes about {figure(least):.3g} {unit}",
            {f"{found.node.name}.{name}": figure(least)},
        )
    words = _promised(name, bound, unit)
    found.keep(
        lambda way: not way.candidate.known or figure(way) <= most + _EPSILON,
        lambda way: f"takes about {figure(way):.3g} {unit}, above the promised {words}",
        joined(found.reason, words),
    )


def _promised(name: str, bound: Any, unit: str) -> str:  # noqa: ANN401 - number or tier
    return f"{name} {bound}" if isinstance(bound, str) else f"{name} {bound:g} {unit}".strip()


def keep_known(found: Ways, wanted: Sequence[str]) -> None:
    """Refuse what nobody measured where something was measured and time, cost or energy come first."""
    if wanted[0] != "quality" and any(way.candidate.known for way in found.ways):
        reason = found.reason
        found.keep(lambda way: way.candidate.known, lambda _: "nobody measured it here", reason)


def keep_best(found: Ways, wanted: Sequence[str], work: Work, cluster: Cluster) -> Ways:
    """Only the ways that are best in what the node itself wants, the first thing first."""
    figures: dict[str, Callable[[Way], float]] = {
        "quality": lambda way: -way.quality,
        "latency": lambda way: way.task_s,
        "ttff": lambda way: way.candidate.first_s or way.task_s,
        "cost": lambda way: consumed(way, work, cluster),
        "energy": lambda way: way.candidate.power_w * way.task_s,
    }
    ways = found.ways
    for name in wanted:
        least = min(map(figures[name], ways))
        ways = [way for way in ways if figures[name](way) <= least + _EPSILON]
    out = {way.card.name for way in found.ways} - {way.card.name for way in ways}
    refused = [(name, f"not the best for {wanted[0]}, which the node asks for") for name in sorted(out)]
    return msgspec.structs.replace(found, ways=ways, refused=[*found.refused, *refused])


def consumed(way: Way, work: Work, cluster: Cluster) -> float:
    """US dollars of the work of a node, with devices paid for while they work."""
    price = cluster.offers[way.candidate.offer].price
    return price * way.candidate.devices * way.task_s * work.tasks * work.rounds / 3600
