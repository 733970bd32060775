"""Which item of which node a reference means: lineages of nodes and the edges that follow from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from murakkab_optimizer.graph import Edge

from .flat import FlatNode

LEVELS = 16
"""Streams that may run inside each other."""

Lineage = tuple[str, ...]
"""The streaming nodes and loops whose items a path counts, outermost first; as long as the path."""


@dataclass(frozen=True)
class Shape:
    """What a node's place in the graph follows from.

    Attributes:
        sources: the nodes that it waits for, ``for_each`` included; for a loop that it reads the end of, its body too.
        for_each: the node over whose items it runs, if any.
        streams: whether it emits items.
        loop: whether it is a loop, whose items are its rounds.
    """

    sources: tuple[str, ...]
    for_each: str | None = None
    streams: bool = False
    loop: bool = False


def shapes_of(nodes: Mapping[str, FlatNode]) -> dict[str, Shape]:
    """The shapes of all nodes."""
    return {name: _shape(node, nodes) for name, node in nodes.items()}


def _shape(node: FlatNode, nodes: Mapping[str, FlatNode]) -> Shape:
    sources = dict.fromkeys(node.sources())
    for source in list(sources):
        body = nodes[source].body if source in nodes else ()
        if body and node.name not in body:
            sources.update(dict.fromkeys(body))
    return Shape(tuple(sources), node.for_each, bool(node.streams), node.is_loop)


def order(shapes: Mapping[str, Shape]) -> list[str]:
    """Node names, each behind those it refers to.

    Raises:
        graphlib.CycleError: nodes refer to each other in a circle.
    """
    known = {name: [s for s in shape.sources if s in shapes] for name, shape in shapes.items()}
    return list(TopologicalSorter(known).static_order())


def cycles(shapes: Mapping[str, Shape]) -> Iterator[list[str]]:
    """Circles of nodes; each list says who refers to whom: the first to the second, the last to the first.

    Circles that share nodes mostly come from one mistake: of those, one is told.
    """
    left = {name: [s for s in shape.sources if s in shapes and s != name] for name, shape in shapes.items()}
    while True:
        try:
            TopologicalSorter(left).prepare()
            return
        except CycleError as fault:
            circle = list(reversed(fault.args[1]))[:-1]
            yield circle
            left = {
                name: [s for s in sources if s not in circle] for name, sources in left.items() if name not in circle
            }


def task_lineages(shapes: Mapping[str, Shape], names: Iterable[str]) -> dict[str, Lineage]:
    """Lineage of one task of each node, cut behind ``LEVELS`` + 1.

    Args:
        shapes: of every node.
        names: the nodes in topological order.
    """
    found: dict[str, Lineage] = {}
    longest = LEVELS + 1
    for name in names:
        source = shapes[name].for_each
        found[name] = item_lineage(source, shapes, found)[:longest] if source in found and source is not None else ()
    return found


def item_lineage(name: str, shapes: Mapping[str, Shape], tasks: Mapping[str, Lineage]) -> Lineage:
    """Lineage of one item (of a loop: a round); empty for a node that runs once and does not stream."""
    return (*tasks[name], name) if shapes[name].streams or shapes[name].loop else tasks[name]


def edge(source: str, reader: str, shapes: Mapping[str, Shape], tasks: Mapping[str, Lineage]) -> Edge:
    """What ``reader`` gets of ``source``: one item when all that the item belongs to, the reader belongs to as well.

    Otherwise it gets all the items below what both belong to: the whole output where they share nothing.
    """
    own = tasks[reader]
    final = shapes[source].loop and source not in own
    items = tasks[source] if final else item_lineage(source, shapes, tasks)
    shared = next(
        (i for i, pair in enumerate(zip(items, own, strict=False)) if pair[0] != pair[1]), min(len(items), len(own))
    )
    return Edge(source, shared, many=shared < len(items), final=final)
