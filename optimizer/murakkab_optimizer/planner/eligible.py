"""Which models may do a node: those that are here, where it may run, and that keep its promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import Graph, Node
from murakkab_optimizer.plan import Pin
from murakkab_optimizer.planner import work
from murakkab_optimizer.planner.tiers import ceiling, floor

_EPSILON = 1e-9


class NoPlanError(Exception):
    """No available model can do a node within its promises; the message says which and what would.

    Attributes:
        nearest: by promise, the nearest value that could be kept; empty where no promise is in the way.

    """

    def __init__(self, message: str, nearest: Mapping[str, float] | None = None) -> None:
        super().__init__(message)
        self.nearest = dict(nearest or {})


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
        ranked: those that may, in the order of preference.
        refused: names of the others, each with why not.
        reason: what narrowed the choice, in words; empty when nothing did.

    """

    ranked: list[ModelCard]
    refused: list[tuple[str, str]]
    reason: str = ""

    def keep(self, holds: Callable[[ModelCard], bool], why_not: Callable[[ModelCard], str], reason: str) -> None:
        """Refuse the models for which something does not hold; the reason counts where it refused one."""
        out = [card for card in self.ranked if not holds(card)]
        self.ranked = [card for card in self.ranked if holds(card)]
        self.refused += [(card.name, why_not(card)) for card in out]
        if out:
            self.reason = reason


def eligible(
    graph: Graph,
    node: Node,
    cards: Sequence[ModelCard],
    absent: Mapping[str, str],
    pin: Pin,
    here: Here,
    *,
    passing: bool,
) -> Eligible:
    """The models that may do a node, in the order of its objective.

    Args:
        graph: the workflow.
        node: of it, with a capability.
        cards: models that are available.
        absent: names of models that exist but cannot be used here, each with what it would take.
        pin: what the person who runs it asks of the node.
        here: the machine.
        passing: whether a model that hands on what it is given may be used.

    Raises:
        NoPlanError: none may.
        PinError: a model that is asked for does not exist.

    """
    check_place(node, here)
    able = [card for card in cards if card.capability == node.capability and (passing or not card.passes)]
    if not able:
        helps = "; ".join(f"{name}: {what}" for name, what in absent.items())
        raise NoPlanError(
            f"node '{node.name}' needs '{node.capability}' and no model here can do that. {helps}".strip()
        )
    found = Eligible(sorted(able, key=_order(graph, node)), [])
    _keep_named(found, node, absent, pin)
    _keep_quality(found, graph, node)
    _keep_latency(found, graph, node)
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


def _order(graph: Graph, node: Node) -> Callable[[ModelCard], tuple[object, ...]]:
    """Sort key: by each objective in turn, then by quality. What was never measured stands behind what was."""

    def key(card: ModelCard) -> tuple[object, ...]:
        values: list[object] = []
        for objective in objectives(graph, node):
            if objective == "quality":
                values.append(-card.quality.value)
            else:
                values += [not card.measured, _work(graph, node, card, objective)]
        return (*values, -card.quality.value, card.name)

    return key


def _work(graph: Graph, node: Node, card: ModelCard, objective: str) -> float:
    """Seconds of one task; for cost and energy times the threads that it has to itself."""
    seconds = work.task_seconds(graph, node, card)
    return seconds if objective == "latency" else seconds * max(card.needs.threads, 1)


def _keep_named(found: Eligible, node: Node, absent: Mapping[str, str], pin: Pin) -> None:
    """Keep the models that the workflow names, and of them the one that the person who runs it names."""
    asked = [(node.where.model, "asked for by where")] if node.where.model else []
    asked += [((pin.model,), "asked for")] if pin.model is not None else []
    names = [card.name for card in found.ranked]
    for models, reason in asked:
        missing = [model for model in models if model in absent]
        if missing and not set(models) & set(names):
            what = f"node '{node.name}' is to use '{missing[0]}', which is not installed: {absent[missing[0]]}"
            raise NoPlanError(what)
        for model in models:
            if model not in absent:
                known(model, names, f"node '{node.name}' has no model")
        found.keep(lambda card, models=models: card.name in models, lambda _: "not asked for", reason)  # type: ignore[misc]
        if not found.ranked:
            raise NoPlanError(
                f"node '{node.name}' is to use '{pin.model}', and the workflow allows: {', '.join(node.where.model)}"
            )
        found.reason = reason


def _keep_quality(found: Eligible, graph: Graph, node: Node) -> None:
    """Keep the models that are good enough; a promise of the whole workflow holds for each of its nodes."""
    best = max(found.ranked, key=lambda card: card.quality.value)
    bounds = [bound for bound in (node.slo.quality, graph.slo.quality) if bound is not None]
    for bound in bounds:
        least = floor(bound, best.quality.value)
        words = f"quality {bound}" if isinstance(bound, str) else f"quality {bound:g}"
        if best.quality.value < least - _EPSILON:
            raise NoPlanError(
                f"node '{node.name}' is promised {words}; the best model that may do it here is {best.name} with "
                f"{best.quality.value:.2f}"
            )
        found.keep(
            lambda card, least=least: card.quality.value >= least - _EPSILON,  # type: ignore[misc]
            lambda card, words=words: f"rated {card.quality.value:.2f}, below the promised {words}",  # type: ignore[misc]
            f"{found.reason}, with the promised {words}" if found.reason else f"keeps the promised {words}",
        )


def _keep_latency(found: Eligible, graph: Graph, node: Node) -> None:
    """Keep the models whose task is short enough; one that was never measured may be tried."""
    bound = node.slo.latency
    seconds = {card.name: work.task_seconds(graph, node, card) for card in found.ranked if card.measured}
    if bound is None or not seconds:
        return
    fastest = min(seconds, key=lambda name: seconds[name])
    most = ceiling(bound, seconds[fastest])
    if len(seconds) == len(found.ranked) and seconds[fastest] > most + _EPSILON:
        raise NoPlanError(
            f"a task of node '{node.name}' is promised within {bound} s; the fastest model that may do it here, "
            f"{fastest}, takes about {seconds[fastest]:.3g} s"
        )
    words = f"latency {bound}" if isinstance(bound, str) else f"latency {bound:g} s"
    found.keep(
        lambda card: seconds.get(card.name, 0.0) <= most + _EPSILON,
        lambda card: f"takes about {seconds[card.name]:.3g} s, above the promised {words}",
        f"{found.reason}, with the promised {words}" if found.reason else f"keeps the promised {words}",
    )
