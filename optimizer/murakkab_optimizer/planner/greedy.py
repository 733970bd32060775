"""The greedy planner: the best model for every node, lowered where the machine could not keep up.

It starts from the model of each node that serves its objective best (by default the best-rated one) among those that
keep its promises and may run here. While the work for one second of the show exceeds what the cores can do in one
second (less a reserve), or the whole takes longer than promised, it replaces the choice that saves the most work for
the least quality. Every step leaves its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import Graph, Node
from murakkab_optimizer.plan import Configuration, NodePlan, Pin, Plan
from murakkab_optimizer.planner import work
from murakkab_optimizer.planner.eligible import Eligible, Here, NoPlanError, PinError, eligible, known, objectives
from murakkab_optimizer.planner.tiers import ceiling

RESERVE = 0.4
"""Share of the cores kept free, so that a busy machine still makes the show faster than it plays."""


class _Choice(msgspec.Struct):
    node: Node
    found: Eligible
    pin: Pin
    index: int = 0
    why: str = ""

    @property
    def ranked(self) -> list[ModelCard]:
        return self.found.ranked

    @property
    def card(self) -> ModelCard:
        return self.ranked[self.index]


_Cost = Callable[[_Choice, ModelCard], float]
"""What a choice would take with a card, in the unit that has to be saved."""


def plan_greedy(
    graph: Graph,
    cards: Sequence[ModelCard],
    cores: int,
    absent: Mapping[str, str] | None = None,
    pins: Mapping[str, Pin] | None = None,
    here: Here | None = None,
) -> Plan:
    """Choose a configuration for every node that has a capability.

    Args:
        graph: the checked workflow.
        cards: models that are available on this machine.
        cores: threads that may be in use at one time.
        absent: names of models that exist but cannot be used here, each with what it would take.
        pins: what a person asks of single nodes; it holds whatever it costs.
        here: the machine; by default one with a processor only, in no named region.

    Raises:
        NoPlanError: a node has no available model that may run here and keeps its promises, a pin cannot be met, or
            the whole takes longer than promised.

    """
    pins = pins or {}
    nodes = [node for node in graph.nodes if node.capability]
    for name in pins:
        known(name, [node.name for node in nodes], "the workflow has no node")
    choices = []
    for node in nodes:
        pin = pins.get(node.name, Pin())
        passing = not any(pins[e.source].knobs for e in node.edges if e.source == node.for_each and e.source in pins)
        found = eligible(graph, node, cards, absent or {}, pin, here or Here(), passing=passing)
        choices.append(_Choice(node, found, pin))
    if graph.slo.realtime:
        _keep_real_time(graph, choices, cores * (1 - RESERVE))
    notes = [*_keep_latency(graph, choices), *_not_predicted(graph)]
    return Plan({choice.node.name: _explain(graph, choice) for choice in choices}, tuple(notes))


def _keep_real_time(graph: Graph, choices: list[_Choice], capacity: float) -> None:
    def load(choice: _Choice, card: ModelCard) -> float:
        return work.load(graph, choice.node, card)

    while sum(load(c, c.card) for c in choices) > capacity:
        if (found := _lower(choices, load)) is None:
            return
        choice, before, saved = found
        choice.why = f"{before} would need {saved:.2f} more cores than are free to keep real time"


def _keep_latency(graph: Graph, choices: list[_Choice]) -> list[str]:
    """Choose faster models until the whole is as fast as promised; say so where that cannot be known."""
    bound = graph.slo.latency
    if bound is None:
        return []
    if obstacle := _unpredictable(graph, choices):
        return [f"latency is not predicted: {obstacle}"]

    def seconds(choice: _Choice, card: ModelCard) -> float:
        return work.task_seconds(graph, choice.node, card)

    quickest = {c.node.name: min(seconds(c, card) for card in c.ranked) for c in choices}
    most = ceiling(bound, work.longest_path(graph, quickest))
    while (total := work.longest_path(graph, {c.node.name: seconds(c, c.card) for c in choices})) > most:
        if (found := _lower(choices, seconds)) is None:
            raise NoPlanError(f"all is promised within {bound} s; the fastest models here take about {total:.3g} s")
        choice, before, saved = found
        choice.why = f"{before} takes {saved:.2f} s longer, more than the promised latency leaves"
    return [f"latency: about {total:.3g} s"]


def _unpredictable(graph: Graph, choices: list[_Choice]) -> str:
    """Why the time of the whole cannot be told before; empty where it can."""
    if several := [node.name for node in graph.nodes if node.for_each is not None]:
        return f"how often '{several[0]}' runs is known only when it runs"
    unmeasured = [(c.node.name, card.name) for c in choices for card in c.ranked if not card.measured]
    return f"{unmeasured[0][1]} ('{unmeasured[0][0]}') was never measured" if unmeasured else ""


def _not_predicted(graph: Graph) -> list[str]:
    slos = [graph.slo, *(node.slo for node in graph.nodes)]
    notes = []
    if any(slo.cost is not None for slo in slos):
        notes.append("cost is not predicted: this machine has no price")
    if any(slo.energy is not None for slo in slos):
        notes.append("energy is not predicted: nothing here measures it")
    return notes


def _lower(choices: list[_Choice], cost: _Cost) -> tuple[_Choice, str, float] | None:
    """Take the step that saves most for each point of quality: the choice, what it was before and what it saved."""
    steps = [step for choice in choices if (step := _step(choice, cost)) is not None]
    if not steps:
        return None
    _, choice, index, saved = max(steps, key=lambda step: step[0])
    before, choice.index = choice.card.name, index
    return choice, before, saved


def _step(choice: _Choice, cost: _Cost) -> tuple[float, _Choice, int, float] | None:
    """The next cheaper model of a node: work saved for each point of quality lost, and where it stands."""
    here = cost(choice, choice.card)
    for index in range(choice.index + 1, len(choice.ranked)):
        card = choice.ranked[index]
        saved = here - cost(choice, card)
        if saved > 0:
            lost = choice.card.quality.value - card.quality.value
            return saved / max(lost, 1e-6), choice, index, saved
    return None


def _explain(graph: Graph, choice: _Choice) -> NodePlan:
    card, pin = choice.card, choice.pin
    for knob, value in pin.knobs.items():
        known(knob, list(card.knobs), f"node '{choice.node.name}': {card.name} has no knob")
        _fits(value, card.knobs[knob], f"node '{choice.node.name}': the knob '{knob}' of {card.name}")
    seconds = round(work.task_seconds(graph, choice.node, card), 4)
    configuration = Configuration(card.name, {**card.knobs, **pin.knobs}, card.needs, seconds)
    others = [(c.name, _against(choice, c)) for c in choice.ranked if c is not card]
    return NodePlan(configuration, _reason(graph, choice), (*others, *choice.found.refused))


def _reason(graph: Graph, choice: _Choice) -> str:
    """What decided: a promise that had to be kept, a person, or the objective."""
    if choice.why:
        return choice.why
    wanted = [objective for objective in objectives(graph, choice.node) if objective != "quality"]
    if len(choice.ranked) == 1:
        return choice.found.reason or "the only one here"
    best = f"the least work here, for {wanted[0]}" if wanted else "the best-rated one here"
    return f"{best}; {choice.found.reason}" if choice.found.reason else best


def _fits(value: object, default: object, what: str) -> None:
    """Refuse a knob's value that is not of the kind of its default."""
    number = isinstance(default, int | float) and not isinstance(default, bool)
    kind: type | tuple[type, ...] = (int, float) if number else type(default)
    if not isinstance(value, kind) or (isinstance(value, bool) and not isinstance(default, bool)):
        wanted = "a number" if number else {bool: "true or false", str: "a word"}.get(type(default), "of its kind")
        raise PinError(f"{what} is '{value}'; it must be {wanted}, such as {default!s}")


def _against(choice: _Choice, card: ModelCard) -> str:
    if card.quality.value <= choice.card.quality.value:
        return f"rated {card.quality.value:.2f} against {choice.card.quality.value:.2f}"
    return "too slow to keep real time here" if choice.why.endswith("real time") else "more work"
