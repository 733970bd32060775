"""Which models a run needs, of which one worker is enough, and what they take of an accelerator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from murakkab_optimizer.graph import Graph
from murakkab_optimizer.plan import Configuration, Plan


def wanted(graph: Graph, plan: Plan) -> tuple[dict[str, int], set[str]]:
    """What is to be loaded ahead for a plan.

    Returns:
        Memory in MiB by model, 0 for what is on an accelerator; and the models of which no two tasks run at once.

    """
    loops = {node.name for node in graph.nodes if node.repeat}
    lineages = graph.lineages()
    nodes = [node for node in graph.nodes if node.capability]
    chosen = {node.name: plan.nodes[node.name].chosen for node in nodes}
    several = {chosen[n.name].model for n in nodes if not n.join and not loops.issuperset(lineages[n.name])}
    models = {c.model: 0 if c.devices else c.needs.memory_mb for c in chosen.values()}
    return models, models.keys() - several


def settings(graph: Graph, plan: Plan) -> dict[str, dict[str, Any]]:
    """The knobs that what is to be loaded ahead is planned with, by model; of several nodes, those of the first."""
    chosen = [plan.nodes[node.name].chosen for node in graph.nodes if node.capability]
    return {one.model: one.knobs for one in reversed(chosen)}


def configurations(plan: Plan) -> Iterator[Configuration]:
    """All that tasks of a plan may be done with."""
    for node in plan.nodes.values():
        yield node.chosen
    for rung in plan.rungs:
        yield from rung.nodes.values()


def sizes_mb(plan: Plan) -> dict[str, int]:
    """MiB that the models of a plan take of one accelerator, by name; those that need none are left out.

    Whoever has several of a worker's accelerators has all weights on each.
    """
    sizes: dict[str, int] = {}
    for one in configurations(plan):
        if size := one.needs.accelerator_mb:
            sizes[one.model] = max(sizes.get(one.model, 0), size)
    return sizes
