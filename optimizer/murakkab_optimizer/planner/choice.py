"""The models that may do a node, the one that is taken, and which one to take instead where something must be saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import Graph, Node
from murakkab_optimizer.plan import Configuration, NodePlan, Pin
from murakkab_optimizer.planner.eligible import Eligible, objectives
from murakkab_optimizer.planner.fitting import Place
from murakkab_optimizer.planner.settings import because


class Choice(msgspec.Struct):
    """A node and the models that may do it.

    Attributes:
        node: of the workflow.
        found: what may do it, and what may not.
        pin: what a person asks.
        ranked: models, the one that serves the objective best first.
        index: of the one that is taken.
        why: what decided; empty where nothing but the rank did.

    """

    node: Node
    found: Eligible
    pin: Pin
    ranked: list[ModelCard]
    index: int = 0
    why: str = ""

    @property
    def card(self) -> ModelCard:
        """The model that is taken."""
        return self.ranked[self.index]

    @property
    def best(self) -> float:
        """The highest quality that can be had."""
        return max(card.quality.value for card in self.ranked)

    def share(self, card: ModelCard) -> float:
        """Quality of a card as a share of the best."""
        return card.quality.value / self.best if self.best else 1.0


Cost = Callable[[Choice, ModelCard], float]
"""What a choice would take with a card, in the unit that has to be saved."""


def lower(choices: Sequence[Choice], cost: Cost) -> tuple[Choice, str, float] | None:
    """Take the step that saves most for each point of quality: the choice, what it was before and what it saved."""
    steps = [step for choice in choices if (step := _step(choice, cost)) is not None]
    if not steps:
        return None
    _, choice, index, saved = max(steps, key=lambda step: step[0])
    before, choice.index = choice.card.name, index
    return choice, before, saved


def _step(choice: Choice, cost: Cost) -> tuple[float, Choice, int, float] | None:
    """The next cheaper model of a node: work saved for each point of quality lost, and where it stands."""
    here = cost(choice, choice.card)
    for index in range(choice.index + 1, len(choice.ranked)):
        card = choice.ranked[index]
        saved = here - cost(choice, card)
        if saved > 0:
            lost = choice.card.quality.value - card.quality.value
            return saved / max(lost, 1e-6), choice, index, saved
    return None


def explained(graph: Graph, choice: Choice, seconds: float, place: Place) -> NodePlan:
    """What is planned for a node, with a reason and with what was not taken.

    Args:
        graph: the workflow.
        choice: of the node.
        seconds: expected, of one task.
        place: where and how its model is used.

    """
    card, knobs = choice.card, place.knobs
    configuration = Configuration(
        model=card.name,
        knobs=knobs,
        needs=card.needs_with(knobs),
        seconds=round(seconds, 4),
        device=place.device,
        devices=1 if place.device else 0,
        quality=card.quality_with(knobs).value,
    )
    others = [(other.name, _against(choice, other)) for other in choice.ranked if other is not card]
    return NodePlan(
        configuration, _reason(graph, choice) + because(card, knobs, place.short), (*others, *choice.found.refused)
    )


def _reason(graph: Graph, choice: Choice) -> str:
    """What decided: a promise that had to be kept, a person, or the objective."""
    if choice.why:
        return choice.why
    wanted = [objective for objective in objectives(graph, choice.node) if objective != "quality"]
    if len(choice.ranked) == 1:
        return choice.found.reason or "the only one here"
    best = f"the least work here, for {wanted[0]}" if wanted else "the best-rated one here"
    return f"{best}; {choice.found.reason}" if choice.found.reason else best


def _against(choice: Choice, card: ModelCard) -> str:
    if card.quality.value <= choice.card.quality.value:
        return f"rated {card.quality.value:.2f} against {choice.card.quality.value:.2f}"
    return "too slow to keep real time here" if choice.why.endswith("real time") else "more work"
