"""The greedy planner: the best model for every node, lowered where the machine could not keep up.

It starts from the best-rated available model of each node. While the work for one second of the show exceeds what
the cores can do in one second (less a reserve), it replaces the choice that saves the most work for the least
quality. Every step leaves its reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import Graph, Node
from murakkab_optimizer.plan import Configuration, NodePlan, Pin, Plan
from murakkab_optimizer.planner import work

RESERVE = 0.4
"""Share of the cores kept free, so that a busy machine still makes the show faster than it plays."""


class NoPlanError(Exception):
    """No available model can do a node; the message says which and what would."""


class PinError(NoPlanError):
    """A person asked for what does not exist; the message says what does."""


class _Choice(msgspec.Struct):
    node: Node
    ranked: list[ModelCard]
    pin: Pin
    index: int = 0
    why: str = ""

    @property
    def card(self) -> ModelCard:
        return self.ranked[self.index]


def plan_greedy(
    graph: Graph,
    cards: Sequence[ModelCard],
    cores: int,
    absent: Mapping[str, str] | None = None,
    pins: Mapping[str, Pin] | None = None,
) -> Plan:
    """Choose a configuration for every node.

    Args:
        graph: the checked workflow.
        cards: models that are available on this machine.
        cores: threads that may be in use at one time.
        absent: names of models that exist but cannot be used here, each with what it would take.
        pins: what a person asks of single nodes; it holds whatever it costs.

    Raises:
        NoPlanError: a node's capability has no available model, or a pin cannot be met.

    """
    pins = pins or {}
    for name in pins:
        _known(name, [node.name for node in graph.nodes], "the workflow has no node")
    choices = []
    for node in graph.nodes:
        pin = pins.get(node.name, Pin())
        passing = not any(pins[e.source].knobs for e in node.edges if e.source == node.for_each and e.source in pins)
        choices.append(_Choice(node, _ranked(node, cards, absent or {}, pin, passing), pin))
    if graph.slo.realtime:
        _lower(graph, choices, cores * (1 - RESERVE))
    return Plan({choice.node.name: _explain(graph, choice) for choice in choices})


def _ranked(
    node: Node, cards: Sequence[ModelCard], absent: Mapping[str, str], pin: Pin, passing: bool
) -> list[ModelCard]:
    """The models that may do a node, best-rated first; only the pinned one where there is a pin."""
    able = [c for c in cards if c.capability == node.capability and (passing or not c.passes)]
    found = sorted(able, key=lambda c: (-c.quality.value, c.name))
    if not found:
        helps = "; ".join(f"{name}: {what}" for name, what in absent.items())
        raise NoPlanError(
            f"node '{node.name}' needs '{node.capability}' and no model here can do that. {helps}".strip()
        )
    if pin.model is None:
        return found
    if pin.model in absent:
        raise NoPlanError(f"node '{node.name}' is to use '{pin.model}', which is not installed: {absent[pin.model]}")
    _known(pin.model, [c.name for c in found], f"node '{node.name}' has no model")
    return [c for c in found if c.name == pin.model]


def _known(name: str, names: Sequence[str], what: str) -> None:
    if name not in names:
        raise PinError(f"{what} '{name}'; there are: {', '.join(names)}")


def _lower(graph: Graph, choices: list[_Choice], capacity: float) -> None:
    while sum(work.load(graph, c.node, c.card) for c in choices) > capacity:
        steps = [step for choice in choices if (step := _step(graph, choice)) is not None]
        if not steps:
            return
        _, choice, index, saved = max(steps, key=lambda step: step[0])
        choice.why = f"{choice.card.name} would need {saved:.2f} more cores than are free to keep real time"
        choice.index = index


def _step(graph: Graph, choice: _Choice) -> tuple[float, _Choice, int, float] | None:
    """The next cheaper model of a node: work saved for each point of quality lost, and where it stands."""
    here = work.load(graph, choice.node, choice.card)
    for index in range(choice.index + 1, len(choice.ranked)):
        card = choice.ranked[index]
        saved = here - work.load(graph, choice.node, card)
        if saved > 0:
            lost = choice.card.quality.value - card.quality.value
            return saved / max(lost, 1e-6), choice, index, saved
    return None


def _explain(graph: Graph, choice: _Choice) -> NodePlan:
    card, pin, others = choice.card, choice.pin, [c for c in choice.ranked if c is not choice.card]
    for knob, value in pin.knobs.items():
        _known(knob, list(card.knobs), f"node '{choice.node.name}': {card.name} has no knob")
        _fits(value, card.knobs[knob], f"node '{choice.node.name}': the knob '{knob}' of {card.name}")
    reason = choice.why or ("the best-rated one here" if others else "the only one here")
    if pin.model is not None:
        reason = "asked for"
    seconds = round(work.task_seconds(graph, choice.node, card), 4)
    configuration = Configuration(card.name, {**card.knobs, **pin.knobs}, card.needs, seconds)
    return NodePlan(configuration, reason, tuple((c.name, _against(choice, c)) for c in others))


def _fits(value: object, default: object, what: str) -> None:
    """Refuse a knob's value that is not of the kind of its default."""
    number = isinstance(default, int | float) and not isinstance(default, bool)
    kind: type | tuple[type, ...] = (int, float) if number else type(default)
    if not isinstance(value, kind) or (isinstance(value, bool) and not isinstance(default, bool)):
        wanted = "a number" if number else {bool: "true or false", str: "a word"}.get(type(default), "of its kind")
        raise PinError(f"{what} is '{value}'; it must be {wanted}, such as {default!s}")


def _against(choice: _Choice, card: ModelCard) -> str:
    if card.quality.value > choice.card.quality.value:
        return "too slow to keep real time here"
    return f"rated {card.quality.value:.2f} against {choice.card.quality.value:.2f}"
