"""The configurations that may do a node: models, settings and devices, with what each takes and gives."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import Graph, Node
from murakkab_optimizer.hardware import Cluster, Offer
from murakkab_optimizer.plan import Pin
from murakkab_optimizer.planner.assign.nouns import Candidate, Tie
from murakkab_optimizer.planner.eligible import (
    Eligible,
    Here,
    NoPlanError,
    PinError,
    check_place,
    eligible,
    joined,
    pinned_knobs,
)
from murakkab_optimizer.planner.speeds import HEIGHT, Speeds, drawn_height
from murakkab_optimizer.planner.tiers import ceiling, floor
from murakkab_optimizer.planner.workload import Work
from murakkab_optimizer.profiles import Profile

SETTINGS = 64
"""Combinations of settings of one model that are looked at, those nearest to the usual ones first."""

_EPSILON = 1e-9


class Way(msgspec.Struct, frozen=True):
    """One way to do a node.

    Attributes:
        card: of the model.
        candidate: what the planner chooses from.
        task_s: seconds of one task; the candidate's are those of all rounds of the loops that it stands in.
        profile: that the time comes from; None where nobody measured.

    """

    card: ModelCard
    candidate: Candidate
    task_s: float
    profile: Profile | None = None

    @property
    def quality(self) -> float:
        """0 to 1 within the capability."""
        return self.candidate.quality


class Ways(msgspec.Struct):
    """All ways to do a node.

    Attributes:
        node: of the graph.
        ways: at least one.
        refused: names of models that may not do it, each with why not.
        reason: what narrowed the choice, in words; empty when nothing did.
        enlarges: whether it is such work that nothing may be left to do: a model exists that hands on what it is given.

    """

    node: Node
    ways: list[Way]
    refused: list[tuple[str, str]]
    reason: str = ""
    enlarges: bool = False

    def keep(self, holds: Callable[[Way], bool], why_not: Callable[[Way], str], reason: str) -> None:
        """Refuse the ways for which something does not hold; the reason counts where it refused one."""
        out = [way for way in self.ways if not holds(way)]
        self.ways = [way for way in self.ways if holds(way)]
        left = {way.card.name for way in self.ways}
        self.refused += list({way.card.name: why_not(way) for way in out if way.card.name not in left}.items())
        if out:
            self.reason = reason


class Finder:
    """Finds the ways to do the nodes of a graph.

    Args:
        cards: models that may be used.
        speeds: what is known of them.
        cluster: the machines.
        absent: models that cannot be used, each with what it would take.
        here: where the machines are, where the offers do not say.
        rate: runs that come in each second.

    """

    def __init__(
        self,
        cards: Sequence[ModelCard],
        speeds: Speeds,
        cluster: Cluster,
        absent: Mapping[str, str],
        here: Here,
        rate: float = 0.0,
    ) -> None:
        self.cards, self.speeds, self.cluster, self.absent = cards, speeds, cluster, absent
        self.here, self.rate = here, rate

    def ways(self, node: Node, work: Work, pin: Pin) -> Ways:
        """The ways to do a node.

        Raises:
            NoPlanError: there is none.
            PinError: what is asked for does not exist.

        """
        offers = self.offers(node)
        found = eligible(node, self.cards, self.absent, pin)
        ways = [way for card in found.cards for way in self.of_card(node, card, work, pin, offers)]
        if not ways:
            raise NoPlanError(self._no_device(node, found, offers))
        used = {way.card.name for way in ways}
        refused = [(card.name, "no device here is known to run it") for card in found.cards if card.name not in used]
        enlarges = any(card.passes for card in self.cards if card.capability == node.capability)
        return Ways(node, ways, [*found.refused, *refused], found.reason, enlarges)

    def offers(self, node: Node) -> list[int]:
        """Indices of the offers that a node may use; NoPlanError where there is none."""
        where = node.where
        found = [
            index
            for index, offer in enumerate(self.cluster.offers)
            if where.device in ("", offer.device.kind, offer.device.name)
            and where.region in ("", offer.region or self.here.region)
            and (where.spot or not offer.spot)
        ]
        if not found:
            check_place(node, self._place())
            raise NoPlanError(f"node '{node.name}': {self.cluster.name} offers nothing that its 'where' allows")
        return found

    def of_card(self, node: Node, card: ModelCard, work: Work, pin: Pin, offers: Sequence[int]) -> Iterator[Way]:
        """The ways to do a node with one model."""
        pinned = pinned_knobs(node, card, pin)
        _check_ranges(node, card, pinned)
        for index in offers:
            offer = self.cluster.offers[index]
            for knobs in settings(card, pinned):
                usual = all(card.knobs.get(name) == value for name, value in knobs.items() if name not in pinned)
                if offer.device.kind == "cpu":
                    yield from self._on_cores(node, card, work, knobs, index, usual=usual)
                else:
                    yield from self._on_accelerators(node, card, work, knobs, index, usual=usual)

    def _on_cores(
        self, node: Node, card: ModelCard, work: Work, knobs: dict[str, Any], index: int, *, usual: bool
    ) -> Iterator[Way]:
        if card.needs.accelerator_mb:
            return
        offer = self.cluster.offers[index]
        profile = self.speeds.on_processor(card, node, knobs, offer.device.name)
        if not usual and profile is not None and not profile.holds_for(knobs):
            return
        threads = min(card.needs.threads, offer.count)
        slower = card.needs.threads / threads if threads else 1.0
        power = profile.power_w if profile and profile.power_w else offer.device.peak_w * max(threads, 1)
        yield self._way(node, card, work, knobs, index, threads, profile, power, slower)

    def _on_accelerators(
        self, node: Node, card: ModelCard, work: Work, knobs: dict[str, Any], index: int, *, usual: bool
    ) -> Iterator[Way]:
        offer = self.cluster.offers[index]
        for profile in self.speeds.find(card.name, offer.device.name, node, knobs, other=usual):
            if profile.devices <= offer.count and _fits(card, offer, profile.devices):
                power = profile.power_w or offer.device.peak_w * profile.devices
                yield self._way(node, card, work, knobs, index, profile.devices, profile, power)

    def _way(
        self,
        node: Node,
        card: ModelCard,
        work: Work,
        knobs: dict[str, Any],
        index: int,
        devices: int,
        profile: Profile | None,
        power: float,
        slower: float = 1.0,
    ) -> Way:
        units = work.units(profile.unit) if profile else 0.0
        slower *= loaded(profile, self.rate * work.all_units(profile.unit)) if profile else 1.0
        task_s = profile.seconds(units) * slower if profile else 0.0
        first_s = 0.0
        if profile and work.rounds == 1:
            said = profile.first_s if node.streams else None
            first_s = (profile.seconds(units * work.first) if said is None else said) * slower
        candidate = Candidate(
            model=card.name,
            task_s=task_s * work.rounds,
            knobs=knobs,
            offer=index,
            devices=devices,
            first_s=first_s,
            quality=card.quality_with(knobs).value,
            power_w=power,
            memory_mb=card.needs.memory_mb,
            load_s=card.load_s,
            known=profile is not None,
        )
        return Way(card, candidate, task_s, profile)

    def _place(self) -> Here:
        """The cluster as one place, for messages."""
        offers = self.cluster.offers
        devices = [name for offer in offers for name in (offer.device.kind, offer.device.name)]
        regions = dict.fromkeys(offer.region for offer in offers if offer.region)
        spot = bool(offers) and all(offer.spot for offer in offers)
        return Here(tuple(dict.fromkeys(devices)), ", ".join(regions) or self.here.region, spot)

    def _no_device(self, node: Node, found: Eligible, offers: Sequence[int]) -> str:
        names = ", ".join(card.name for card in found.cards)
        devices = ", ".join(dict.fromkeys(self.cluster.offers[index].device.name for index in offers))
        return f"node '{node.name}': nothing is known of how fast {names} would be on what it may use: {devices}"


def settings(card: ModelCard, pinned: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Combinations of settings of a model, the usual ones first; what is pinned stays so."""
    free = {
        name: [card.knobs[name], *(choice for choice in span.choices if choice != card.knobs[name])]
        for name, span in card.ranges.items()
        if span.choices and name in card.knobs and name not in pinned
    }
    for values in itertools.islice(itertools.product(*free.values()), SETTINGS):
        yield {**card.knobs, **dict(zip(free, values, strict=True)), **pinned}


def loaded(profile: Profile, rate: float) -> float:
    """How much slower an instance is at so many units a second than with nothing else to do."""
    points = profile.load
    if not points or rate <= points[0].rate or not points[0].unit_s:
        return 1.0
    for before, after in itertools.pairwise(points):
        if rate <= after.rate:
            part = (rate - before.rate) / (after.rate - before.rate)
            return (before.unit_s + part * (after.unit_s - before.unit_s)) / points[0].unit_s
    return points[-1].unit_s / points[0].unit_s


def keep_promises(found: Ways, work: Work, cluster: Cluster) -> None:
    """Keep the ways that hold what the node itself promises; one whose time nobody knows may be tried.

    Raises:
        NoPlanError: none does.

    """
    slo, node = found.node.slo, found.node
    if slo.quality is not None:
        rated = {(way.card.name, str(way.candidate.knobs)): way.quality for way in found.ways}
        least = floor(slo.quality, list(rated.values()))
        words = _promised("quality", slo.quality, "")
        best = max(found.ways, key=lambda way: way.quality)
        if best.quality < least - _EPSILON:
            raise NoPlanError(
                f"node '{node.name}' is promised {words}; the best model that may do it here is {best.card.name} "
                f"with {best.quality:.2f}"
            )
        found.keep(
            lambda way: way.quality >= least - _EPSILON,
            lambda way: f"rated {way.quality:.2f}, below the promised {words}",
            joined(found.reason, words),
        )
    figures: dict[str, tuple[Any, str, Callable[[Way], float]]] = {
        "latency": (slo.latency, "s", lambda way: way.task_s),
        "cost": (slo.cost, "US$", lambda way: _cost(way, work, cluster)),
        "energy": (slo.energy, "Wh", lambda way: way.candidate.power_w * way.task_s * work.tasks * work.rounds / 3600),
    }
    for name, (bound, unit, figure) in figures.items():
        if bound is not None:
            _keep_below(found, name, bound, unit, figure)


def _keep_below(found: Ways, name: str, bound: Any, unit: str, figure: Callable[[Way], float]) -> None:  # noqa: ANN401 - number or tier
    known = [way for way in found.ways if way.candidate.known]
    if not known:
        return
    most = ceiling(bound, [figure(way) for way in known])
    least = min(known, key=figure)
    if len(known) == len(found.ways) and figure(least) > most + _EPSILON:
        what = "a task of node" if name == "latency" else "node"
        does = {"latency": "fastest", "cost": "cheapest", "energy": "thriftiest"}[name]
        raise NoPlanError(
            f"{what} '{found.node.name}' is promised within {bound} {unit}; the {does} model that may do it here, "
            f"{least.card.name}, takes about {figure(least):.3g} {unit}",
            {f"{found.node.name}.{name}": figure(least)},
        )
    words = _promised(name, bound, unit)
    found.keep(
        lambda way: not way.candidate.known or figure(way) <= most + _EPSILON,
        lambda way: f"takes about {figure(way):.3g} {unit}, above the promised {words}",
        joined(found.reason, words),
    )


def _promised(name: str, bound: Any, unit: str) -> str:  # noqa: ANN401 - number or tier
    return f"{name} {bound}" if isinstance(bound, str) else f"{name} {bound:g} {unit}".strip()


def keep_known(found: Ways, wanted: Sequence[str]) -> None:
    """Refuse what nobody measured where something was measured and time, cost or energy come first."""
    if wanted[0] != "quality" and any(way.candidate.known for way in found.ways):
        reason = found.reason
        found.keep(lambda way: way.candidate.known, lambda _: "nobody measured it here", reason)


def keep_best(found: Ways, wanted: Sequence[str], work: Work, cluster: Cluster) -> Ways:
    """Only the ways that are best in what the node itself wants, the first thing first."""
    figures: dict[str, Callable[[Way], float]] = {
        "quality": lambda way: -way.quality,
        "latency": lambda way: way.task_s,
        "ttff": lambda way: way.candidate.first_s or way.task_s,
        "cost": lambda way: _cost(way, work, cluster),
        "energy": lambda way: way.candidate.power_w * way.task_s,
    }
    ways = found.ways
    for name in wanted:
        least = min(map(figures[name], ways))
        ways = [way for way in ways if figures[name](way) <= least + _EPSILON]
    out = {way.card.name for way in found.ways} - {way.card.name for way in ways}
    refused = [(name, f"not the best for {wanted[0]}, which the node asks for") for name in sorted(out)]
    return msgspec.structs.replace(found, ways=ways, refused=[*found.refused, *refused])


def ties(graph: Graph, found: Mapping[str, Ways]) -> list[Tie]:
    """What must go together: who hands pictures on needs whole ones, who enlarges them smaller ones.

    Raises:
        NoPlanError: a model that hands on what it is given is asked for behind pictures that are too small.

    """
    made: list[Tie] = []
    for name, mine in found.items():
        source = found.get(mine.node.for_each or "")
        if source is not None and mine.enlarges:
            made += _tied(name, mine, source, _canvas(graph, mine.node))
    return made


def _tied(name: str, mine: Ways, source: Ways, canvas: float) -> Iterator[Tie]:
    whole = frozenset(i for i, way in enumerate(source.ways) if not 0 < drawn_height(way.candidate.knobs) < canvas)
    small = frozenset(range(len(source.ways))) - whole
    passing = frozenset(i for i, way in enumerate(mine.ways) if way.card.passes)
    others = frozenset(range(len(mine.ways))) - passing
    if not whole and not others:
        raise NoPlanError(
            f"node '{name}' is to use {mine.ways[0].card.name}, which hands pictures on as they are, and those of "
            f"'{source.node.name}' are smaller than the canvas"
        )
    if passing:
        yield Tie(name, passing, source.node.name, whole)
    if others and small:
        yield Tie(name, others, source.node.name, small)


def _canvas(graph: Graph, node: Node) -> float:
    """Lines of the picture that is asked for."""
    over = graph.node(node.for_each) if node.for_each else node
    heights = [value for n in (node, over) if isinstance(value := n.arguments.get(HEIGHT), int | float)]
    return float(heights[0]) if heights else math.inf


def _check_ranges(node: Node, card: ModelCard, pinned: Mapping[str, Any]) -> None:
    for name, value in pinned.items():
        span = card.ranges.get(name)
        low, high = (span.minimum, span.maximum) if span and isinstance(value, int | float) else (None, None)
        if (low is not None and value < low) or (high is not None and value > high):
            ends = f"from {low:g}" * (low is not None) + f" to {high:g}" * (high is not None)
            raise PinError(f"node '{node.name}': the knob '{name}' of {card.name} is {value}; it may be {ends.strip()}")


def _fits(card: ModelCard, offer: Offer, devices: int) -> bool:
    """Whether an instance fits into the memory of its accelerators."""
    return not offer.device.memory_mb or card.needs.accelerator_mb <= devices * offer.device.memory_mb


def _cost(way: Way, work: Work, cluster: Cluster) -> float:
    """US dollars of the work of a node, with devices paid for while they work."""
    price = cluster.offers[way.candidate.offer].price
    return price * way.candidate.devices * way.task_s * work.tasks * work.rounds / 3600
