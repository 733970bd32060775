"""A workflow and what may do it, as an assignment problem."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from graphlib import TopologicalSorter
from typing import cast

import msgspec

from murakkab_optimizer.graph import Graph, Node
from murakkab_optimizer.hardware import Cluster
from murakkab_optimizer.plan import Pin, Plan
from murakkab_optimizer.planner.alike import shared_otherwise
from murakkab_optimizer.planner.assign.nouns import (
    Candidate,
    Need,
    Objective,
    Pool,
    Problem,
    Step,
)
from murakkab_optimizer.planner.candidates import Finder, Ways
from murakkab_optimizer.planner.eligible import known
from murakkab_optimizer.planner.greedy import RESERVE
from murakkab_optimizer.planner.limits import limits
from murakkab_optimizer.planner.pictures import heights
from murakkab_optimizer.planner.promised import keep_best, keep_known, keep_promises
from murakkab_optimizer.planner.regions import COUNTED, with_moves
from murakkab_optimizer.planner.stills import set_aside
from murakkab_optimizer.planner.ties import ties
from murakkab_optimizer.planner.workload import Workload

THEN: tuple[Objective, ...] = ("quality", "latency", "cost")
"""What breaks ties where nothing else is wanted."""


class Built(msgspec.Struct, frozen=True):
    """A problem, and what its steps and candidates stand for.

    Attributes:
        graph: the workflow.
        work: of its nodes.
        ways: by name of a node with a capability; their order is that of the candidates of its step.
        problem: to be solved.

    """

    graph: Graph
    work: Workload
    ways: dict[str, Ways]
    problem: Problem


def build(
    graph: Graph,
    work: Workload,
    finder: Finder,
    pins: Mapping[str, Pin],
    in_force: Plan | None = None,
    *,
    strict: bool = True,
) -> Built:
    """Put the problem of a workflow together.

    Args:
        graph: the workflow.
        work: of its nodes.
        finder: of ways to do them.
        pins: what a person asks of single nodes.
        in_force: the plan that runs now.
        strict: whether a node that has objectives of its own is done in the best way for them, whatever that means for
            the promises of the whole.

    Raises:
        NoPlanError: a node cannot be done, or not as it promises.
        PinError: a pin names what does not exist.

    """
    ways = _ways(graph, work, finder, pins, strict=strict)
    problem = _problem(graph, work, ways, finder.cluster, in_force)
    if (moving := with_moves(problem, graph, work)) is not problem:
        problem, work = moving, msgspec.structs.replace(work, defaults=(*work.defaults, COUNTED))
    return Built(graph, work, ways, msgspec.structs.replace(problem, limits=limits(graph, problem)))


def _ways(graph: Graph, work: Workload, finder: Finder, pins: Mapping[str, Pin], *, strict: bool) -> dict[str, Ways]:
    """The ways to do each node with a capability."""
    nodes = [node for node in graph.nodes if node.capability]
    for name in pins:
        known(name, [node.name for node in nodes], "the workflow has no node")
    ways: dict[str, Ways] = {}
    for node in nodes:  # each stands behind those whose pictures it is given
        ways[node.name] = _found(graph, node, work, finder, pins, ways, strict=strict)
    if shared := shared_otherwise(ways):
        for node in nodes:
            if any(way.card.name in shared for way in ways[node.name].ways):
                ways[node.name] = _found(graph, node, work, finder, pins, ways, shared, strict=strict)
    return ways


def _found(
    graph: Graph,
    node: Node,
    work: Workload,
    finder: Finder,
    pins: Mapping[str, Pin],
    before: dict[str, Ways],
    shared: Collection[str] = (),
    *,
    strict: bool,
) -> Ways:
    """The ways to do a node that keep what it promises."""
    pin, drawn = pins.get(node.name, Pin()), heights(graph, node, before)
    return _kept(graph, finder.ways(node, work.nodes[node.name], pin, drawn, shared), work, finder, strict=strict)


def _problem(graph: Graph, work: Workload, ways: dict[str, Ways], cluster: Cluster, in_force: Plan | None) -> Problem:
    """The problem without what goes between regions, and without the promises of the whole."""
    return Problem(
        steps=_ordered(_step(graph, node, work, ways.get(node.name), cluster) for node in graph.nodes),
        cluster=cluster,
        shown=graph.publish or "",
        video_s=work.show_s if graph.publish else 0.0,
        objectives=wanted(graph),
        ties=tuple(ties(graph, ways)),
        reserve=RESERVE,
        held=_held(cluster, in_force),
    )


def wanted(graph: Graph) -> tuple[Objective, ...]:
    """What to make best, the first one first; without any word quality, then time, then money."""
    said = cast("tuple[Objective, ...]", graph.slo.objective)
    return (*said, *(objective for objective in THEN if objective not in said))


def _kept(graph: Graph, found: Ways, work: Workload, finder: Finder, *, strict: bool) -> Ways:
    """The ways that keep what the node itself promises."""
    node, mine = found.node, work.nodes[found.node.name]
    keep_known(found, node.slo.objective or wanted(graph))
    keep_promises(found, mine, finder.cluster)
    set_aside(found)
    if node.slo.objective and strict:
        return keep_best(found, node.slo.objective, mine, finder.cluster)
    return found


def _step(graph: Graph, node: Node, work: Workload, found: Ways | None, cluster: Cluster) -> Step:
    cores = next((i for i, offer in enumerate(cluster.offers) if offer.device.kind == "cpu"), 0)
    nothing = (Candidate("", 0.0, offer=cores, devices=0),)
    return Step(
        name=node.name,
        tasks=work.nodes[node.name].tasks,
        candidates=tuple(way.candidate for way in found.ways) if found else nothing,
        needs=tuple(_needs(graph, node)),
        serial=bool(node.join),
    )


def _needs(graph: Graph, node: Node) -> Iterator[Need]:
    """Each step that a node waits for, once; whoever reads what a loop leaves waits for its body."""
    whole: dict[str, bool] = {}
    for edge in node.edges:
        source = graph.node(edge.source)
        names = source.body if source.repeat and node.name not in source.body else (source.name,)
        for name in names:
            whole[name] = whole.get(name, False) or edge.depth == 0
    return (Need(name, every) for name, every in whole.items())


def _ordered(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps, each behind those that it needs."""
    named = {step.name: step for step in steps}
    sorter = TopologicalSorter({name: [need.step for need in step.needs] for name, step in named.items()})
    return tuple(named[name] for name in sorter.static_order())


def _held(cluster: Cluster, plan: Plan | None) -> dict[Pool, int]:
    """Instances of the plan in force, as pools of the cluster, each instance in one of several equal offers."""
    held: dict[Pool, int] = {}
    room = [offer.count for offer in cluster.offers]
    for group in plan.instances if plan else ():
        left = group.count
        for index, offer in enumerate(cluster.offers):
            alone = offer.device.kind == "gpu"
            if (offer.device.name, offer.spot and alone, offer.region) != (group.device, group.spot, group.region):
                continue
            taken = min(left, room[index] // group.devices) if alone else left
            held[group.model, index, group.devices] = held.get((group.model, index, group.devices), 0) + taken
            room[index] -= taken * group.devices if alone else 0
            left -= taken
    return {pool: count for pool, count in held.items() if count}
