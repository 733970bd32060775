"""Whether configurations fit into the memory of devices, by what is said of them and what was seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import Node
from murakkab_optimizer.hardware import Cluster, Offer
from murakkab_optimizer.planner.speeds import conditions
from murakkab_optimizer.profiles.memory import Memories, Seen


class Room:
    """The memory of a cluster.

    Args:
        cluster: the machines.
        memories: memory that configurations were seen to need there.

    """

    def __init__(self, cluster: Cluster, memories: Memories | None = None) -> None:
        self._cluster, self._memories = cluster, memories or Memories()

    def on_cores(self, card: ModelCard, node: Node, knobs: Mapping[str, Any], device: str) -> bool:
        """Whether a node is not known to find no room in the memory of the machines."""
        beyond = self._memories.beyond_mb(configuration(card.name, device, node, knobs))
        return not beyond or beyond < self._cluster.memory_mb

    def shortage(self, card: ModelCard, node: Node, knobs: Mapping[str, Any], offer: Offer, devices: int) -> str:
        """Why an instance has no room on its accelerators, in words; empty where it has.

        What was seen is of one of them.
        """
        if not (room := devices * offer.device.memory_mb):
            return ""
        need, beyond = float(card.needs_with(knobs).accelerator_mb), 0.0
        if devices == 1:
            wanted = configuration(card.name, offer.device.name, node, knobs)
            need, beyond = self._memories.need_mb(wanted, need), self._memories.beyond_mb(wanted)
        if need <= room and beyond < room:
            return ""
        on = f"{devices} {offer.device.name} have" if devices > 1 else f"{offer.device.name} has"
        return f"it needs {need:,.0f} MB and {on} {room:,}" if need > room else no_room(beyond)

    def taken_mb(self, card: ModelCard, node: Node, knobs: Mapping[str, Any], device: str, said_mb: float) -> float:
        """MiB of the memory of the machines that an instance on processors takes."""
        return self._memories.need_mb(configuration(card.name, device, node, knobs), said_mb)

    def refusal(self, card: ModelCard, offers: Iterable[Offer]) -> str:
        """What was seen of a model that cannot be used for want of memory, in words; empty where nothing was."""
        beyond = self._memories.refused(card.name, {offer.device.name for offer in offers})
        return no_room(beyond) if beyond else ""


def no_room(beyond_mb: float) -> str:
    """That a model found no room in so much memory."""
    return f"it found no room in {beyond_mb:,.0f} MB of memory"


def configuration(model: str, device: str, node: Node, knobs: Mapping[str, Any]) -> Seen:
    """What memory is seen of: a model with its settings, for a node."""
    return Seen(model, device, dict(knobs), conditions(node, knobs))
