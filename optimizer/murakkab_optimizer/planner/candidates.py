"""The configurations that may do a node: models, settings and devices, with what each takes and gives."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import Node
from murakkab_optimizer.hardware import Cluster
from murakkab_optimizer.plan import Pin
from murakkab_optimizer.planner.assign.nouns import Candidate
from murakkab_optimizer.planner.eligible import (
    Here,
    NoPlanError,
    check_place,
    eligible,
    pinned_knobs,
)
from murakkab_optimizer.planner.room import Room
from murakkab_optimizer.planner.settings import SHARED, can_have, lighter, loads, settings, slowed, spread_over
from murakkab_optimizer.planner.speeds import Speeds, drawn_height
from murakkab_optimizer.planner.ways import Asked, Way, Ways, lines
from murakkab_optimizer.planner.workload import Work
from murakkab_optimizer.profiles import Profile
from murakkab_optimizer.profiles.conditions import FROM_HEIGHT, SPREAD
from murakkab_optimizer.profiles.memory import Memories

__all__ = ["Finder", "Way", "Ways", "lines"]

SOONEST_S = 1e-6
"""Seconds to a first item that is there at once; 0 would stand for one that is there at the end."""


class Finder:
    """Finds the ways to do the nodes of a graph.

    Args:
        cards: models that may be used.
        speeds: what is known of them.
        cluster: the machines.
        absent: models that cannot be used, each with what it would take.
        here: where the machines are, where the offers do not say.
        rate: runs that come in each second.
        memories: memory that configurations were seen to need.

    """

    def __init__(
        self,
        cards: Sequence[ModelCard],
        speeds: Speeds,
        cluster: Cluster,
        absent: Mapping[str, str],
        here: Here,
        rate: float = 0.0,
        memories: Memories | None = None,
    ) -> None:
        self.cards, self.speeds, self.cluster, self.absent = cards, speeds, cluster, absent
        self.here, self.rate, self._room = here, rate, Room(cluster, memories)

    def ways(
        self, node: Node, work: Work, pin: Pin, heights: Iterable[float] = (), shared: Collection[str] = ()
    ) -> Ways:
        """The ways to do a node.

        A model that needs an accelerator is planned on one where its speed is known; where the node has no other way,
        on any that has room for it.

        Args:
            node: of the graph.
            work: of the node.
            pin: what a person asks of it.
            heights: lines of the pictures that it may be given, by the ways to do the node that makes them.
            shared: names of models that other nodes may need in lighter settings.

        Raises:
            NoPlanError: there is none.
            PinError: what is asked for does not exist.

        """
        offers = self.offers(node)
        found = eligible(node, self.cards, self.absent, pin)
        asked = [
            Asked(node, card, work, height, pinned=pinned_knobs(node, card, pin), shared=card.name in shared)
            for card in found.cards
            for height in self._starts(node, card, heights)
        ]
        if not (ways := self._of(asked, offers)):
            asked = [msgspec.structs.replace(one, blindly=bool(one.card.needs.accelerator_mb)) for one in asked]
            if not (ways := self._of(asked, offers)):
                raise NoPlanError(self._no_device(node, asked, offers))
        used = {way.card.name for way in ways}
        idle = {one.card.name: one for one in asked if one.card.name not in used}
        refused = [(name, self._why_not(one, offers)) for name, one in idle.items()]
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
            check_place(node, self._place(where.region))
            raise NoPlanError(f"node '{node.name}': {self.cluster.name} offers nothing that its 'where' allows")
        return found

    def _starts(self, node: Node, card: ModelCard, heights: Iterable[float]) -> list[float]:
        """Heights that a model may start from: smaller ones than the node is to make, where there are any.

        A model that hands on what it is given starts from none.
        """
        if card.passes or not self.speeds.reads(card.name, FROM_HEIGHT):
            return [0.0]
        found = sorted(set(heights))
        return [height for height in found if height < lines(node)] or found or [0.0]

    def _of(self, asked: Iterable[Asked], offers: Sequence[int]) -> list[Way]:
        return list(_distinct((one, way) for one in asked for way in self.of_card(one, offers)))

    def of_card(self, asked: Asked, offers: Sequence[int]) -> Iterator[Way]:
        """The ways to do a node with one model."""
        node, card, pinned = asked.node, asked.card, asked.pinned
        for index in offers:
            offer = self.cluster.offers[index]
            for knobs in settings(card, pinned):
                if not pinned and drawn_height(knobs) >= lines(node) > 0:
                    continue
                usual = all(card.knobs.get(name) == value for name, value in knobs.items() if name not in pinned)
                if offer.device.kind == "cpu":
                    yield from self._on_cores(asked, knobs, index, usual=usual)
                else:
                    yield from self._on_accelerators(asked, knobs, index, usual=usual)

    def _on_cores(self, asked: Asked, knobs: dict[str, Any], index: int, *, usual: bool) -> Iterator[Way]:
        card, offer = asked.card, self.cluster.offers[index]
        if card.needs.accelerator_mb:
            return
        profile = self.speeds.on_processor(card, asked.node, knobs, offer.device.name, asked.conditions)
        if not usual and profile is not None and not profile.holds_for(knobs):
            return
        if not self._room.on_cores(card, asked.node, knobs, offer.device.name):
            return
        threads = min(card.needs.threads, offer.count)
        slower = card.needs.threads / threads if threads else 1.0
        drawn = profile.power_w / slower if profile else 0.0
        power = drawn or offer.device.peak_w * max(threads, 1)
        yield self._way(asked, knobs, index, threads, profile, power, slower)

    def _on_accelerators(self, asked: Asked, knobs: dict[str, Any], index: int, *, usual: bool) -> Iterator[Way]:
        """With these settings, and in their place with lighter ones on as many devices as have no room for them."""
        crowded, when = dict[int, str](), "in its usual settings" if knobs == asked.card.knobs else "otherwise"
        for profile in self._speeds(asked, knobs, index, other=usual):
            if short := self._shortage(asked, knobs, index, profile):
                crowded[asked.devices(profile)] = f"{when} {short}"
            else:
                yield self._accelerated(asked, knobs, index, profile)
        for light in lighter(asked.card, knobs, asked.pinned) if crowded or asked.shared else ():
            for profile in self._speeds(asked, light, index, other=usual):
                why = crowded.get(asked.devices(profile), SHARED if asked.shared else "")
                if why and not self._shortage(asked, light, index, profile):
                    yield msgspec.structs.replace(self._accelerated(asked, light, index, profile), short=why)

    def _speeds(self, asked: Asked, knobs: Mapping[str, Any], index: int, *, other: bool) -> list[Profile | None]:
        """Speeds on the accelerators of an offer, for each number of devices that a task may have of it.

        None stands for one that nobody knows, of a task that has one device, or as many as people ask for.
        """
        offer, card = self.cluster.offers[index], asked.card
        light, more = card.lighter_with(knobs), asked.conditions
        named = light.knobs if light else ()
        found = self.speeds.find(card.name, offer.device.name, asked.node, knobs, other=other, more=more, named=named)
        fitting = [one for one in found if can_have(card, knobs, asked.pinned, one.devices, offer)]
        if not fitting and asked.blindly and other and can_have(card, knobs, asked.pinned, asked.spread, offer):
            return [None]
        return [slowed(card, knobs, one) for one in fitting]

    def _shortage(self, asked: Asked, knobs: Mapping[str, Any], index: int, profile: Profile | None) -> str:
        card, devices = asked.card, asked.devices(profile)
        parts = 1 if SPREAD in card.knobs else devices  # each device that a task is spread over has all weights
        wanted = spread_over(card, knobs, devices)
        return self._room.shortage(card, asked.node, wanted, self.cluster.offers[index], parts)

    def _accelerated(self, asked: Asked, knobs: dict[str, Any], index: int, profile: Profile | None) -> Way:
        drawn, devices, offer = profile.power_w if profile else 0.0, asked.devices(profile), self.cluster.offers[index]
        held = max(devices, offer.together)
        power = drawn or offer.device.peak_w * devices
        if self.cluster.billing == "held":  # the watts of what is held and does nothing count with those of the work
            power += offer.device.idle_w * (held - devices)
        return self._way(asked, spread_over(asked.card, knobs, devices), index, held, profile, power)

    def _way(
        self,
        asked: Asked,
        knobs: dict[str, Any],
        index: int,
        devices: int,
        profile: Profile | None,
        power: float,
        slower: float = 1.0,
    ) -> Way:
        node, card, work = asked.node, asked.card, asked.work
        units = work.units(profile.unit) if profile else 0.0
        slower *= profile.slowdown(self._rate(work, profile, index, devices)) if profile else 1.0
        task_s = profile.seconds(units) * slower if profile else 0.0
        first_s = 0.0
        if profile and work.rounds == 1:
            said = profile.first_s if node.streams else None
            first_s = max((profile.seconds(units * work.first) if said is None else said) * slower, SOONEST_S)
        candidate = Candidate(
            model=card.name,
            task_s=task_s * work.rounds,
            knobs=knobs,
            offer=index,
            devices=devices,
            first_s=first_s,
            quality=card.quality_with(knobs).value,
            power_w=power,
            memory_mb=self._memory_mb(asked, knobs, profile, index),
            load_s=(profile.load_s if profile else 0.0) or card.load_s,
            known=profile is not None or card.passes,
        )
        return Way(card, candidate, task_s, profile, asked.from_height)

    def _rate(self, work: Work, profile: Profile, index: int, devices: int) -> float:
        """Units that come in a second, as load curves count them: to one instance of accelerators, to all cores."""
        offer = self.cluster.offers[index]
        instances = offer.count // devices if offer.device.kind == "gpu" else 1
        return self.rate * work.all_units(profile.unit) / instances

    def _memory_mb(self, asked: Asked, knobs: Mapping[str, Any], profile: Profile | None, index: int) -> float:
        """Memory of the machine: what was measured where the model runs on processors, else what its card says."""
        device = self.cluster.offers[index].device
        if device.kind != "cpu":
            return float(asked.card.needs_with(knobs).memory_mb * knobs.get(SPREAD, 1))
        said = (profile.memory_mb if profile else 0.0) or asked.card.needs.memory_mb
        return self._room.taken_mb(asked.card, asked.node, knobs, device.name, said)

    def _place(self, region: str) -> Here:
        """The cluster as one place, for messages; where a region is one of several, it is that one."""
        offers = self.cluster.offers
        devices = [name for offer in offers for name in (offer.device.kind, offer.device.name)]
        regions = list(dict.fromkeys(offer.region or self.here.region for offer in offers))
        spot = bool(offers) and all(offer.spot for offer in offers)
        named = region if region in regions else ", ".join(filter(None, regions))
        return Here(tuple(dict.fromkeys(devices)), named, spot)

    def _why_not(self, asked: Asked, offers: Iterable[int]) -> str:
        """Why no device here does for a model."""
        return self._too_large(asked, offers) or self._too_wide(asked, offers) or "no device here is known to run it"

    def _too_wide(self, asked: Asked, offers: Iterable[int]) -> str:
        """That no worker has as many devices as a task is to be spread over; empty where one has."""
        there = [one for one in (self.cluster.offers[index] for index in offers) if one.device.kind != "cpu"]
        most = max((one.together or one.count for one in there), default=0)
        return f"{SPREAD} is {asked.spread}, and a worker here has {most}" if 1 <= most < asked.spread else ""

    def _too_large(self, asked: Asked, offers: Iterable[int]) -> str:
        """Why a model that is known to run on these devices has no room there; empty where that is not the reason."""
        there = list(offers)
        seen = self._room.refusal(asked.card, [self.cluster.offers[index] for index in there])
        usual = {**asked.card.knobs, **asked.pinned}
        short = (
            self._shortage(asked, usual, index, profile)
            for index in there
            if self.cluster.offers[index].device.kind != "cpu"
            for profile in self._speeds(asked, usual, index, other=True)
        )
        return seen or next(filter(None, short), "")

    def _no_device(self, node: Node, asked: Sequence[Asked], offers: Sequence[int]) -> str:
        models = {one.card.name: one for one in asked}
        large = [(name, why) for name, one in models.items() if (why := self._too_large(one, offers))]
        if large:
            told = "; ".join(f"{name}: {why}" for name, why in large)
            there = [self.cluster.offers[index] for index in offers]
            seen = [name for name, one in models.items() if self._room.refusal(one.card, there)]
            again = f"; where others had taken it then, forget this: murakkab profile {seen[0]} --again" if seen else ""
            return f"node '{node.name}': {told}. Ask for a smaller one, or use a device with more memory{again}"
        names = ", ".join(models)
        devices = ", ".join(dict.fromkeys(self.cluster.offers[index].device.name for index in offers))
        if wide := next(filter(None, (self._too_wide(one, offers) for one in models.values())), ""):
            return f"node '{node.name}': {wide}. Ask for less, or bind more together"
        if all(one.blindly for one in asked):
            return f"node '{node.name}': {names} can run on accelerators only, and it may use: {devices}"
        return f"node '{node.name}': nothing is known of how fast {names} would be on what it may use: {devices}"


def _distinct(ways: Iterable[tuple[Asked, Way]]) -> Iterator[Way]:
    """Without settings of which nobody knows that they make a difference; the first of equals stays."""
    seen = set()
    for asked, way in ways:
        made = way.candidate
        figures = (made.task_s, made.first_s, made.quality, made.power_w)
        held = loads(way.card, made.knobs) if asked.shared else ()
        facts = (made.pool, *figures, drawn_height(made.knobs), way.from_height, held)
        if facts not in seen:
            seen.add(facts)
            yield way
