"""Which models have a device in plans of the greedy planner, which knows the speed of none but processors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import Node
from murakkab_optimizer.hardware import CPU, Cluster, DeviceType, Offer
from murakkab_optimizer.plan import Pin
from murakkab_optimizer.planner.eligible import Eligible, NoPlanError, pinned_knobs
from murakkab_optimizer.planner.room import Room, configuration, no_room
from murakkab_optimizer.planner.settings import SHARED, Loads, lighter, loads
from murakkab_optimizer.profiles.memory import Memories


class Place(msgspec.Struct, frozen=True):
    """Where a model is used, and how.

    Attributes:
        knobs: its settings.
        device: name of the accelerator; empty for processors.
        short: in which settings it has no room and why, where these are lighter ones; else empty.

    """

    knobs: dict[str, Any]
    device: str = ""
    short: str = ""


class Fitting:
    """The devices that there are. Accelerators do what nothing else can, and what is asked to be done on them.

    Args:
        accelerators: their types.
        memories: memory that configurations were seen to need; those that found no room are not chosen.

    """

    def __init__(self, accelerators: Sequence[DeviceType], memories: Memories) -> None:
        largest_first = sorted(accelerators, key=lambda one: one.memory_mb, reverse=True)
        self._offers = tuple(Offer(one, 1, spot=False) for one in largest_first)
        self._room, self._memories = Room(Cluster("here", self._offers), memories), memories

    def keep(self, node: Node, found: Eligible, pin: Pin) -> None:
        """Keep the models that have a device here, and room on it.

        Raises:
            NoPlanError: none has.

        """
        self._keep_kind(node, found)
        self._keep_room(node, found, pin)

    def places(self, wanted: Sequence[tuple[Node, ModelCard, Pin]]) -> list[Place]:
        """Where and how models that were kept are used; in lighter settings where the usual ones have no room.

        What one node needs, others with the same model are given, too, as far as people do not ask for something else.
        """
        alone = [self._place(*one) for one in wanted]
        light: dict[str, Loads] = {}
        for (_, card, _), place in zip(wanted, alone, strict=True):
            if (held := loads(card, place.knobs)) != loads(card, card.knobs):
                light.setdefault(card.name, held)
        return [self._place(node, card, pin, light.get(card.name, ())) for node, card, pin in wanted]

    def _place(self, node: Node, card: ModelCard, pin: Pin, like: Loads = ()) -> Place:
        pinned = pinned_knobs(node, card, pin)
        found = self._placed(node, card, pinned, like) if card.needs.accelerator_mb else None
        return found or Place({**card.knobs, **pinned})

    def _keep_kind(self, node: Node, found: Eligible) -> None:
        needy = [card.name for card in found.cards if card.needs.accelerator_mb]
        if not needy:
            return
        accelerated = len(needy) == len(found.cards) or bool(node.where.device and self._types(node))
        if accelerated and not self._types(node):
            named = ", ".join(needy)
            raise NoPlanError(f"node '{node.name}': {named} can run on accelerators only, and there is none to use")
        found.keep(
            lambda card: bool(card.needs.accelerator_mb) == accelerated,
            lambda _: "runs on processors" if accelerated else "needs an accelerator",
            found.reason or f"the only kind that runs on {'accelerators' if accelerated else 'processors'}",
        )

    def _keep_room(self, node: Node, found: Eligible, pin: Pin) -> None:
        short = {card.name: self._short(node, card, pinned_knobs(node, card, pin)) for card in found.cards}
        if all(short.values()):
            told = ", ".join(f"{name} ({why})" for name, why in short.items())
            raise NoPlanError(f"node '{node.name}': there is not enough memory for {told}")
        found.keep(lambda card: not short[card.name], lambda card: short[card.name], "the others have no room")

    def _short(self, node: Node, card: ModelCard, pinned: Mapping[str, Any]) -> str:
        """Why a model has no room, on processors or on any accelerator; empty where it may have some."""
        knobs = {**card.knobs, **pinned}
        if not card.needs.accelerator_mb:
            beyond = self._memories.beyond_mb(configuration(card.name, CPU, node, knobs))
            return no_room(beyond) if beyond else ""
        return "" if self._placed(node, card, pinned) else self._shortage(node, card, knobs, self._types(node)[0])

    def _placed(self, node: Node, card: ModelCard, pinned: Mapping[str, Any], like: Loads = ()) -> Place | None:
        """The largest accelerator with room for the usual settings, or for the best lighter ones; None without one.

        The settings that others are given come first, where nothing else is asked for.
        """
        usual, types = {**card.knobs, **pinned}, self._types(node)
        given = {**usual, **dict(like), **pinned}
        best = sorted(lighter(card, usual, pinned), key=lambda knobs: _worth(card, knobs))
        for knobs in (given, usual, *best) if loads(card, given) == like else (usual, *best):
            for offer in types:
                if not self._shortage(node, card, knobs, offer):
                    return Place(knobs, offer.device.name, self._why(node, card, usual) if knobs != usual else "")
        return None

    def _why(self, node: Node, card: ModelCard, usual: Mapping[str, Any]) -> str:
        """Why the settings are not those that this node would have by itself."""
        when = "in its usual settings" if usual == card.knobs else "otherwise"
        short = self._shortage(node, card, usual, self._types(node)[0])
        return f"{when} {short}" if short else SHARED

    def _shortage(self, node: Node, card: ModelCard, knobs: Mapping[str, Any], offer: Offer) -> str:
        return self._room.shortage(card, node, knobs, offer, 1)

    def _types(self, node: Node) -> list[Offer]:
        """The accelerators that a node may run on, the largest first."""
        return [one for one in self._offers if node.where.device in ("", one.device.kind, one.device.name)]


def _worth(card: ModelCard, knobs: Mapping[str, Any]) -> tuple[float, float, float]:
    """Sort key of lighter settings: those with the best quality first, of equals the quickest."""
    light, quality = card.lighter_with(knobs), card.quality_with(knobs).value
    return (-quality, light.slower, light.more_s) if light else (-quality, 1.0, 0.0)
