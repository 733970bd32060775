"""Which models can be used here, and the plan for a run."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import yaml

from murakkab.engine.errors import NO_PLAN, UserError
from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import Graph, Node
from murakkab_optimizer.plan import Pin, Plan
from murakkab_optimizer.planner import Here, NoPlanError, PinError, plan_greedy
from murakkab_runtimes.base import missing_parts, only_planned, remedy
from murakkab_runtimes.catalog import load_catalog

_EVALUATED = {
    "model": "",
    "description": "put together by the engine",
    "knobs": {},
    "threads": 0,
    "drawn": False,
    "reason": "needs no model",
    "alternatives": [],
}


def available(cards: Mapping[str, ModelCard]) -> tuple[list[ModelCard], dict[str, str]]:
    """Split the catalogue into what can be used here and, by name, what the rest would take."""
    usable, absent = [], {}
    for card in cards.values():
        if lacking := obstacle(card):
            absent[card.name] = lacking
        else:
            usable.append(card)
    return usable, absent


def obstacle(card: ModelCard) -> str:
    """What it would take to use the model here; empty when it can be used."""
    if planned := only_planned(card):
        return planned
    variable = card.options.get("needs_environment")
    if variable and not os.environ.get(variable):
        return f"set {variable}"
    return f"run: {remedy(card)}" if missing_parts(card) else ""


def make_plan(graph: Graph, cores: int, pins: Mapping[str, Pin] | None = None) -> Plan:
    """Plan a graph on this machine.

    Raises:
        UserError: a pin names what does not exist (exit code 2), or a node has no usable model (3).
    """
    cards = load_catalog()
    _check_capabilities(graph, {card.capability for card in cards.values()})
    usable, absent = available(cards)
    try:
        return plan_greedy(graph, usable, cores, absent, pins, this_machine())
    except PinError as fault:
        raise UserError(str(fault), "Change it, under --use or under where.") from None
    except NoPlanError as fault:
        raise UserError(str(fault), "`murakkab doctor` shows what is here; or promise less.", NO_PLAN) from None


def _check_capabilities(graph: Graph, known: Collection[str]) -> None:
    """Refuse a step that no model of the catalogue can do, here or elsewhere."""
    for node in graph.nodes:
        if node.capability and node.capability not in known:
            raise UserError(
                f"node '{node.name}' asks for '{node.capability}', and no model that is known can do that",
                "`murakkab capabilities` lists what can be asked for; a plugin may add more.",
                NO_PLAN,
            )


def this_machine() -> Here:
    """The place that is planned for: a processor, in the region that ``MURAKKAB_REGION`` names.

    ``MURAKKAB_SPOT=1`` says that the machine may be taken away.
    """
    spot = os.environ.get("MURAKKAB_SPOT", "").lower() in ("1", "true", "yes")
    return Here(("cpu",), os.environ.get("MURAKKAB_REGION", ""), spot)


def check_models(plan: Plan) -> None:
    """Refuse a plan made elsewhere or before that names a model which the catalogue does not have."""
    known = load_catalog()
    for node, choice in plan.nodes.items():
        if choice.chosen.model not in known:
            raise UserError(
                f"node '{node}' is planned with '{choice.chosen.model}', which is not in the catalogue",
                "Name the folder of its card in MURAKKAB_CATALOG, or start a new run.",
                NO_PLAN,
            )


def parse_pins(texts: Iterable[str], graph: Graph) -> dict[str, Pin]:
    """Read pins like ``upscale=anime4k`` (a model) and ``hosts.draw_height=180`` (a knob), several to a node.

    Args:
        texts: as they were written.
        graph: whose nodes are meant; ``solve.write`` may be a node as well as a knob of ``solve``.

    Raises:
        UserError: a text is not of that form.
    """
    pins: dict[str, Pin] = {}
    for text in texts:
        target, sign, value = text.partition("=")
        node, knob = _target(target.strip(), {node.name for node in graph.nodes})
        if not sign or not node or not value.strip():
            raise UserError(
                f"cannot read '{text}'", "Write NODE=MODEL or NODE.KNOB=VALUE, for example upscale=anime4k."
            )
        pin = pins.get(node, Pin())
        knobs = {**pin.knobs, knob: yaml.safe_load(value)} if knob else pin.knobs
        pins[node] = Pin(pin.model if knob else value.strip(), knobs)
    return pins


def _target(written: str, nodes: Collection[str]) -> tuple[str, str]:
    """Node and knob (or nothing) that the left side of a pin names."""
    node, _, knob = written.rpartition(".")
    if written in nodes or not node:
        return written, ""
    return node, knob


def describe(graph: Graph, plan: Plan) -> list[dict[str, Any]]:
    """The plan for people and programs, node by node in graph order."""
    cards = load_catalog()
    return [_describe_node(graph, plan, name, cards) for name in (node.name for node in graph.nodes)]


def _describe_node(graph: Graph, plan: Plan, name: str, cards: Mapping[str, ModelCard]) -> dict[str, Any]:
    node = graph.node(name)
    if not node.capability:
        return _EVALUATED | _place(node)
    choice = plan.nodes[name]
    card = cards[choice.chosen.model]
    return _place(node) | {
        "model": card.name,
        "description": card.description,
        "knobs": choice.chosen.knobs,
        "threads": choice.chosen.needs.threads,
        "drawn": card.drawn,
        "reason": choice.reason,
        "alternatives": [{"model": model, "why_not": why} for model, why in choice.alternatives],
    }


def _place(node: Node) -> dict[str, Any]:
    return {
        "node": node.name,
        "capability": node.capability,
        "for_each": node.for_each,
        "streams": node.streams,
        "needs": sorted({edge.source for edge in node.edges}),
    }


def describe_promises(graph: Graph) -> dict[str, Any]:
    """The promises of a graph that are made, for people and programs."""
    slo = graph.slo
    more = {"latency": slo.latency, "cost": slo.cost, "energy": slo.energy, "quality": slo.quality}
    made: dict[str, Any] = {name: value for name, value in more.items() if value is not None}
    if slo.objective:
        made["objective"] = slo.objective
    return {"ttff_s": slo.ttff_s, "realtime": slo.realtime, **made}
