"""Which models may do a node: those that are here, and that a person who asks for one means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import Graph, Node
from murakkab_optimizer.plan import Pin
from murakkab_optimizer.planner.knobs import refusal_of


class NoPlanError(Exception):
    """No available model can do a node within its promises; the message says which and what would.

    Attributes:
        nearest: by promise, the nearest value that could be kept; empty where no promise is in the way.
        alone: whether giving way at any one of them is enough; else all of them must.
        lacking: a capability that no available model has; else empty.

    """

    def __init__(
        self, message: str, nearest: Mapping[str, float] | None = None, *, alone: bool = True, lacking: str = ""
    ) -> None:
        super().__init__(message)
        self.nearest, self.alone, self.lacking = dict(nearest or {}), alone, lacking


class PinError(NoPlanError):
    """A person asked for what does not exist; the message says what does."""


class Here(msgspec.Struct, frozen=True):
    """The machine that is planned for.

    Attributes:
        devices: classes and types of its devices.
        region: where it is; empty when nobody said.
        spot: whether it may be taken away.

    """

    devices: tuple[str, ...] = ("cpu",)
    region: str = ""
    spot: bool = False


class Eligible(msgspec.Struct):
    """The models that may do a node.

    Attributes:
        cards: those that may.
        refused: names of the others, each with why not.
        reason: what narrowed the choice, in words; empty when nothing did.

    """

    cards: list[ModelCard]
    refused: list[tuple[str, str]]
    reason: str = ""

    def keep(self, holds: Callable[[ModelCard], bool], why_not: Callable[[ModelCard], str], reason: str) -> None:
        """Refuse the models for which something does not hold; the reason counts where it refused one."""
        out = [card for card in self.cards if not holds(card)]
        self.cards = [card for card in self.cards if holds(card)]
        self.refused += [(card.name, why_not(card)) for card in out]
        if out:
            self.reason = reason


def eligible(
    node: Node, cards: Sequence[ModelCard], absent: Mapping[str, str], pin: Pin, *, passing: bool = True
) -> Eligible:
    """The models that can do a node and that those who ask for one name.

    Args:
        node: with a capability.
        cards: models that are available.
        absent: names of models that exist but cannot be used here, each with what it would take.
        pin: what the person who runs it asks of the node.
        passing: whether a model that hands on what it is given may be used.

    Raises:
        NoPlanError: none can.
        PinError: a model that is asked for does not exist.

    """
    able = [card for card in cards if card.capability == node.capability and (passing or not card.passes)]
    if not able:
        raise NoPlanError(
            f"node '{node.name}' needs '{node.capability}' and no model here can do that", lacking=node.capability
        )
    found = Eligible(able, [])
    _keep_named(found, node, absent, pin)
    return found


def check_place(node: Node, here: Here) -> None:
    """Refuse a node that may not run on this machine."""
    where = node.where
    if where.device and where.device not in here.devices:
        raise NoPlanError(f"node '{node.name}' is to run on '{where.device}'; here there is: {', '.join(here.devices)}")
    if where.region and where.region != here.region:
        is_in = f"in '{here.region}'" if here.region else "in no region that is known (set MURAKKAB_REGION)"
        raise NoPlanError(f"node '{node.name}' is to run in '{where.region}'; this machine is {is_in}")
    if here.spot and not where.spot:
        raise NoPlanError(f"node '{node.name}' may not run on a machine that can be taken away, and this is one")


def known(name: str, names: Sequence[str], what: str) -> None:
    """Refuse a name that is none of these."""
    if name not in names:
        raise PinError(f"{what} '{name}'; there are: {', '.join(names)}")


def objectives(graph: Graph, node: Node) -> tuple[str, ...]:
    """What to make best at a node, the first one first: its own objectives, else those of the workflow."""
    return node.slo.objective or graph.slo.objective or ("quality",)


def pinned_knobs(node: Node, card: ModelCard, pin: Pin) -> dict[str, Any]:
    """The settings that a person asks of a model; PinError where it has none of that name or cannot be set so."""
    for knob, value in pin.knobs.items():
        if why := refusal_of(card, knob, value):
            raise PinError(f"node '{node.name}': {why}")
    return dict(pin.knobs)


def joined(reason: str, words: str) -> str:
    """A reason that a promise narrows further."""
    return f"{reason}, with the promised {words}" if reason else f"keeps the promised {words}"


def _keep_named(found: Eligible, node: Node, absent: Mapping[str, str], pin: Pin) -> None:
    """Keep the models that the workflow names, and of them the one that the person who runs it names."""
    asked = [(node.where.model, "asked for by where")] if node.where.model else []
    asked += [((pin.model,), "asked for")] if pin.model is not None else []
    names = sorted(card.name for card in found.cards)
    for models, reason in asked:
        missing = [model for model in models if model in absent]
        if missing and not set(models) & set(names):
            what = f"node '{node.name}' is to use '{missing[0]}', which is not installed: {absent[missing[0]]}"
            raise NoPlanError(what)
        for model in models:
            if model not in absent:
                known(model, names, f"node '{node.name}' has no model")
        found.keep(lambda card, models=models: card.name in models, lambda _: "not asked for", reason)  # type: ignore[misc]
        if not found.cards:
            raise NoPlanError(
                f"node '{node.name}' is to use '{pin.model}', and the workflow allows: {', '.join(node.where.model)}"
            )
        found.reason = reason
