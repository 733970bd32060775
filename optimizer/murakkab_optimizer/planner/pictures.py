"""How high the pictures are that a node is given: that depends on how the node before it is done."""

from __future__ import annotations

from collections.abc import Mapping

from murakkab_optimizer.graph import Graph, Node
from murakkab_optimizer.planner.candidates import Way, Ways, lines
from murakkab_optimizer.planner.speeds import drawn_height


def maker(graph: Graph, node: Node) -> Node | None:
    """The nearest node before this one that says how high its pictures are; None where none does."""
    todo, seen = [edge.source for edge in node.edges], set[str]()
    while todo:
        name = todo.pop(0)
        before = graph.node(name)
        if lines(before):
            return before
        todo += [edge.source for edge in before.edges if edge.source not in seen]
        seen.add(name)
    return None


def heights(graph: Graph, node: Node, found: Mapping[str, Ways]) -> list[float]:
    """Lines of the pictures that a node may be given; empty where nobody knows."""
    before = maker(graph, node)
    if before is None:
        return []
    ways = found[before.name].ways if before.name in found else []
    return [height_of(before, way) for way in ways] or [lines(before)]


def height_of(node: Node, way: Way) -> float:
    """Lines of the pictures that a node makes in one way."""
    return drawn_height(way.candidate.knobs) or lines(node)
