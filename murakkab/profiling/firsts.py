"""What the first tasks of a run take on a warm engine, learnt from runs on this machine.

The first turn is short and may be said by a faster voice than the mean of all; the first task of a node has its own
costs. So the time to the first item is foretold from what earlier runs of the same workflow, plan and size showed.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from murakkab.profiling.known import corrects
from murakkab.profiling.store import ProfileStore
from murakkab_optimizer.graph import Graph, Path
from murakkab_optimizer.plan import Plan

KEPT = 7
"""Runs that count; their median is what is expected."""

_SIZE = ("width", "height", "fps")

Event = Mapping[str, Any]


def known_firsts(graph: Graph, plan: Plan, store: ProfileStore | None = None) -> dict[str, float]:
    """By node, seconds of the first of its tasks in a run, or until its first item, as far as runs showed them.

    Args:
        graph: with its inputs filled in.
        plan: of the run.
        store: of this machine; by default the user's, unless ``MURAKKAB_CORRECTION`` forbids it.

    """
    if store is None and not corrects():
        return {}
    kept = (store or ProfileStore()).runs.content().firsts
    found = {node: kept.get(_key(graph, plan, node), ()) for node in plan.nodes}
    return {node: round(statistics.median(seconds), 4) for node, seconds in found.items() if seconds}


def keep_firsts(graph: Graph, plan: Plan, events: Iterable[Event], store: ProfileStore) -> None:
    """Note what the first tasks of a finished run took.

    Raises:
        UserError: the file cannot be written, or is of a later version.

    """
    if not (found := first_tasks(events)):
        return
    with store.runs.changing() as kept:
        for node in plan.nodes.keys() & found.keys():
            key = _key(graph, plan, node)
            kept.firsts[key] = (*kept.firsts.get(key, ()), found[node])[-KEPT:]


def first_tasks(events: Iterable[Event]) -> dict[str, float]:
    """By node, seconds of its first task before anything was published, or until its first item.

    They count from the event before its start, at which it was handed over. Empty where models had to be loaded or an
    earlier engine had begun; what came from the cache says nothing.
    """
    begun: dict[tuple[str, Path], float] = {}
    firsts: dict[str, float] = {}
    could = 0.0
    for event in events:
        name = event["event"]
        if name == "run.resumed" or (name == "run.planned" and event.get("cold")):
            return {}
        if name in ("segment.published", "item.published"):
            break
        if name == "task.started":
            begun[event["node"], tuple(event["path"])] = could
            continue
        could = event.get("t", could)
        if name in ("item.emitted", "task.finished"):
            path = tuple(event["path"][:-1] if name == "item.emitted" else event["path"])
            at = begun.get((event["node"], path))
            if at is not None and not any(path) and not event["meta"].get("cached"):
                firsts.setdefault(event["node"], round(event["t"] - at, 4))
    return firsts


def _key(graph: Graph, plan: Plan, node: str) -> str:
    """What the first task of a node depends on: the workflow, how it is done, and the size of the pictures."""
    arguments, chosen = graph.node(node).arguments, plan.nodes[node].chosen
    size = {name: arguments[name] for name in _SIZE if isinstance(arguments.get(name), int | float)}
    return msgspec.json.encode((graph.name, node, chosen.model, chosen.knobs, size), order="deterministic").decode()
