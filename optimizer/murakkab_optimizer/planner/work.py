"""How much work one second of a show is, in the units that measured speeds are given in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from murakkab_optimizer.catalog import Measurement, ModelCard
from murakkab_optimizer.graph import Graph, Node

TURN_S, SECTION_S, CLIP_S = 5.0, 20.0, 1.5
"""Typical lengths in a spoken show; what they mean for the plan is corrected by measured durations in the run."""

WORDS_PER_S = 2.6


def units_per_second(graph: Graph, node: Node) -> dict[str, float]:
    """Units of work of ``node`` for one second of the show, by unit name of ``Measurement``."""
    fps = _number(node.arguments.get("fps"), _number(_show(graph).get("fps"), 24.0))
    return {
        "audio-second": 1.0,
        "frame": fps,
        "word": WORDS_PER_S,
        "turn": 1 / TURN_S,
        "image": 1 / SECTION_S,
        "section": 1 / SECTION_S,
        "clip": 1 / CLIP_S,
    }


def load(graph: Graph, node: Node, card: ModelCard) -> float:
    """Core-seconds that one second of the show costs at this node; 0 where nothing was measured or it runs once."""
    measured = nearest(card, node)
    if measured is None or node.for_each is None:
        return 0.0
    return measured.seconds * units_per_second(graph, node).get(measured.unit, 0.0) * max(card.needs.threads, 1)


def task_seconds(graph: Graph, node: Node, card: ModelCard) -> float:
    """Expected seconds of one task of the node."""
    measured = nearest(card, node)
    if measured is None:
        return 0.0
    lengths = {
        "episode": 1.0,
        "audio-second": TURN_S,
        "frame": CLIP_S * units_per_second(graph, node)["frame"],
        "word": 12.0,
    }
    return measured.seconds * lengths.get(measured.unit, 1.0)


def longest_path(graph: Graph, seconds: Mapping[str, float]) -> float:
    """Seconds from the beginning to the end where every node runs once and waits for those that it refers to.

    Args:
        graph: nodes stand behind those that they refer to.
        seconds: of one task, by node; nodes that are not named take no time.

    """
    ends: dict[str, float] = {}
    for node in graph.nodes:
        begins = max((ends.get(edge.source, 0.0) for edge in node.edges), default=0.0)
        ends[node.name] = begins + seconds.get(node.name, 0.0)
    return max(ends.values(), default=0.0)


def nearest(card: ModelCard, node: Node) -> Measurement | None:
    """The measurement whose picture size is nearest to the node's, or the first one."""
    height = _number(node.arguments.get("height"), 0.0)
    if not card.measured:
        return None
    return min(card.measured, key=lambda m: abs(_number(m.knobs.get("height"), height) - height))


def _show(graph: Graph) -> dict[str, Any]:
    for node in graph.nodes:
        if "fps" in node.arguments:
            return node.arguments
    return {}


def _number(value: object, default: float) -> float:
    return float(value) if isinstance(value, int | float) else default
