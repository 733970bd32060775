"""Which models a run needs, and of which one worker is enough."""

from __future__ import annotations

from murakkab_optimizer.graph import Graph
from murakkab_optimizer.plan import Plan


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
