"""The plan for a run on this machine, what a person asks of it, and how it is told."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from murakkab.engine.errors import NO_PLAN, UserError
from murakkab.engine.here import Same, There, available, machines, memories, offered, profiles, this_machine, usable
from murakkab.engine.lacking import refusal
from murakkab.engine.lenient import as_promised, noted
from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import Graph, Node
from murakkab_optimizer.plan import Pin, Plan
from murakkab_optimizer.planner import NoPlanError, PinError
from murakkab_runtimes.base import obstacle
from murakkab_runtimes.catalog import load_catalog

if TYPE_CHECKING:
    from murakkab_optimizer.profiles import Profile

__all__ = [
    "available",
    "check_models",
    "describe",
    "describe_promises",
    "describe_rungs",
    "load_seconds",
    "make_plan",
    "models",
    "must_load",
    "obstacle",
    "parse_pins",
    "this_machine",
]

PRICE = "MURAKKAB_PRICE_PER_HOUR"
"""Environment variable with the US dollars that an hour of this machine costs."""

SEARCH_S = 0.5
"""Seconds that a run waits for the exact planner."""

LOADED_S = 0.3
"""A model that loads faster makes no start cold."""

_KEPT = 64
"""Plans that are kept."""

_plans: OrderedDict[tuple[object, ...], Plan] = OrderedDict()
_plans_lock = threading.Lock()

_EVALUATED = {
    "model": "",
    "description": "put together by the engine",
    "knobs": {},
    "threads": 0,
    "seconds": 0.0,
    "drawn": False,
    "reason": "needs no model",
    "alternatives": [],
}


def make_plan(graph: Graph, cores: int, pins: Mapping[str, Pin] | None = None, there: There | None = None) -> Plan:
    """Plan a graph on this machine, or for workers of other machines.

    Latency, cost, energy and quality are kept or there is no plan. A first item and real time that nothing here can
    keep are kept as far as can be, and the notes of the plan say so: a show that starts late is better than none.

    Raises:
        UserError: a pin names what does not exist (exit code 2), or a node has no usable model, or what is promised
            cannot be kept (3).
    """
    cards = load_catalog()
    _check_capabilities(graph, {card.capability for card in cards.values()})
    try:
        return _kept_plan(graph, cores, pins or {}, cards, there)
    except PinError as fault:
        raise UserError(str(fault), "Change it, under --use or under where.") from None
    except NoPlanError as fault:
        raise refusal(fault, cards) from None


def _kept_plan(
    graph: Graph, cores: int, pins: Mapping[str, Pin], cards: Mapping[str, ModelCard], there: There | None
) -> Plan:
    """The plan of an earlier run of the same form, or a new one."""
    from murakkab.profiling.accelerators import accelerators

    can, cannot = usable(cards) if there is None else offered(cards, there)
    known = profiles(cards, there)
    asked = msgspec.json.encode(
        (cores, pins, [card.name for card in can], os.environ.get(PRICE)), order="deterministic"
    )
    here = this_machine(there), accelerators() if there is None else there.accelerators
    key = (_form(graph), asked, here, Same(cards), Same(known), Same(memories()))
    with _plans_lock:
        if key in _plans:
            _plans.move_to_end(key)
            return _plans[key]
    plan = _new_plan(graph, cores, pins, can, cannot, known, there)
    if plan.method == "exact":  # a plan for want of time is not for the next run
        with _plans_lock:
            _plans[key] = plan
            while len(_plans) > _KEPT:
                _plans.popitem(last=False)
    return plan


def _new_plan(
    graph: Graph,
    cores: int,
    pins: Mapping[str, Pin],
    can: list[ModelCard],
    cannot: Mapping[str, str],
    known: list[Profile],
    there: There | None,
) -> Plan:
    from murakkab_optimizer.planner import PlanRequest

    until = time.monotonic() + SEARCH_S
    request = PlanRequest(
        graph=graph,
        cards=can,
        profiles=known,
        cluster=machines(cores, there),
        absent=cannot,
        pins=pins,
        here=this_machine(there),
        may_go_on=lambda: time.monotonic() < until,
        relax=False,
        memories=memories(),
    )
    plan = as_promised(request)
    for told in _cold(graph, plan, {card.name: card for card in can}):
        plan = noted(plan, told)
    return plan


def _cold(graph: Graph, plan: Plan, cards: Mapping[str, ModelCard]) -> Iterator[str]:
    """That a promise of the first item does not hold while models are loaded."""
    slow = {name: seconds for name in models(plan) if (seconds := load_seconds(cards[name])) >= LOADED_S}
    if slow and graph.slo.ttff_s is not None:
        names = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in slow.items())
        yield f"ttff is promised for loaded models; the first run loads: {names}"


def models(plan: Plan) -> list[str]:
    """Names of the models of a plan, each once."""
    return list(dict.fromkeys(node.chosen.model for node in plan.nodes.values()))


def load_seconds(card: ModelCard) -> float:
    """Seconds until an instance can take its first task, as far as anyone knows."""
    return max([card.load_s, *(measured.load_s for measured in card.measured)])


def must_load(plan: Plan) -> set[str]:
    """The models of a plan that make a start cold."""
    cards = load_catalog()
    return {name for name in models(plan) if name in cards and load_seconds(cards[name]) >= LOADED_S}


def _form(graph: Graph) -> bytes:
    """A graph without the words that people put in, on which no plan depends but for the length of a spoken text."""
    nodes = [msgspec.structs.replace(node, arguments=_formal(node.arguments)) for node in graph.nodes]
    return msgspec.json.encode(msgspec.structs.replace(graph, nodes=tuple(nodes)), order="deterministic")


def _formal(arguments: Mapping[str, Any]) -> dict[str, Any]:
    spoken = arguments.get("text")
    words = {"text": len(spoken.split())} if isinstance(spoken, str) else {}
    kept = {name: value for name, value in arguments.items() if name == "form" or isinstance(value, int | float)}
    return kept | words


def _check_capabilities(graph: Graph, known: Collection[str]) -> None:
    """Refuse a step that no model of the catalogue can do, here or elsewhere."""
    for node in graph.nodes:
        if node.capability and node.capability not in known:
            raise UserError(
                f"node '{node.name}' asks for '{node.capability}', and no model that is known can do that",
                "`murakkab capabilities` lists what can be asked for; a plugin may add more.",
                NO_PLAN,
            )


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
        knobs = {**pin.knobs, knob: _knob_value(value, text)} if knob else pin.knobs
        pins[node] = Pin(pin.model if knob else value.strip(), knobs)
    return pins


def _knob_value(value: str, text: str) -> object:
    try:
        return yaml.safe_load(value)
    except yaml.YAMLError:
        raise UserError(f"cannot read the value in '{text}'", "Write a number, true, false or a word.") from None


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
        "seconds": choice.chosen.seconds,
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


def describe_rungs(plan: Plan) -> list[dict[str, Any]]:
    """The ways to make a shot, the best first, for people and programs."""
    return [
        {"rung": rung.name, "quality": rung.quality, "load": rung.load, "static": rung.static} for rung in plan.rungs
    ]


def describe_promises(graph: Graph) -> dict[str, Any]:
    """The promises of a graph that are made, for people and programs."""
    slo = graph.slo
    more = {"latency": slo.latency, "cost": slo.cost, "energy": slo.energy, "quality": slo.quality}
    made: dict[str, Any] = {name: value for name, value in more.items() if value is not None}
    if slo.objective:
        made["objective"] = slo.objective
    return {"ttff_s": slo.ttff_s, "realtime": slo.realtime, **made}
