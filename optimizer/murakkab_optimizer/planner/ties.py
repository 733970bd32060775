"""What must go together: who hands pictures on needs whole ones, who enlarges them those that it counts with.

Who shares instances uses them in the same settings.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from murakkab_optimizer.graph import Graph, Node
from murakkab_optimizer.planner.alike import ties_of_loads
from murakkab_optimizer.planner.assign.nouns import Tie
from murakkab_optimizer.planner.candidates import Ways, lines
from murakkab_optimizer.planner.eligible import NoPlanError
from murakkab_optimizer.planner.pictures import height_of, maker
from murakkab_optimizer.planner.speeds import drawn_height


def ties(graph: Graph, found: Mapping[str, Ways]) -> list[Tie]:
    """The ties between the ways to do the nodes of a graph.

    Raises:
        NoPlanError: a model that hands on what it is given is asked for behind pictures that are too small.

    """
    made: list[Tie] = []
    for name, mine in found.items():
        source = found.get(mine.node.for_each or "")
        if source is not None and mine.enlarges:
            made += _tied(name, mine, source, _canvas(graph, mine.node))
        before = maker(graph, mine.node)
        if before is not None and before.name in found:
            made += _of_one_height(name, mine, before, found[before.name])
    return [*made, *ties_of_loads(found)]


def _of_one_height(name: str, mine: Ways, before: Node, source: Ways) -> Iterator[Tie]:
    """Ways that start from pictures of some height go with ways that make them so high."""
    made = [height_of(before, way) for way in source.ways]
    starts = [way.from_height for way in mine.ways]
    for height in sorted(set(starts) - {0.0}):
        when = frozenset(i for i, start in enumerate(starts) if start == height)
        then = frozenset(i for i, lines in enumerate(made) if lines == height)
        if len(then) < len(made):
            yield Tie(name, when, before.name, then)


def _tied(name: str, mine: Ways, source: Ways, canvas: float) -> Iterator[Tie]:
    whole = frozenset(i for i, way in enumerate(source.ways) if not 0 < drawn_height(way.candidate.knobs) < canvas)
    small = frozenset(range(len(source.ways))) - whole
    passing = frozenset(i for i, way in enumerate(mine.ways) if way.card.passes)
    others = frozenset(range(len(mine.ways))) - passing
    if not whole and not others:
        raise NoPlanError(
            f"node '{name}' is to use {mine.ways[0].card.name}, which hands pictures on as they are, and those of "
            f"'{source.node.name}' are smaller than the canvas"
        )
    if passing:
        yield Tie(name, passing, source.node.name, whole)
    if others and small:
        yield Tie(name, others, source.node.name, small)


def _canvas(graph: Graph, node: Node) -> float:
    """Lines of the picture that a node or the one before it is asked for."""
    over = graph.node(node.for_each) if node.for_each else node
    return lines(node) or lines(over) or math.inf
