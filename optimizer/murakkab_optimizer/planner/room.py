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

    def on_accelerators(
        self, card: ModelCard, node: Node, knobs: Mapping[str, Any], offer: Offer, devices: int
    ) -> bool:
        """Whether an instance has room on its accelerators; what was seen is of one of them."""
        room = devices * offer.device.memory_mb
        if not room:
            return True
        said = float(card.needs.accelerator_mb)
        if devices > 1:
            return said <= room
        wanted = configuration(card.name, offer.device.name, node, knobs)
        return self._memories.need_mb(wanted, said) <= room and self._memories.beyond_mb(wanted) < room

    def taken_mb(self, card: ModelCard, node: Node, knobs: Mapping[str, Any], device: str, said_mb: float) -> float:
        """MiB of the memory of the machines that an instance on processors takes."""
        return self._memories.need_mb(configuration(card.name, device, node, knobs), said_mb)

    def refusal(self, card: ModelCard, offers: Iterable[Offer]) -> str:
        """What was seen of a model that cannot be used for want of memory, in words; empty where nothing was."""
        beyond = self._memories.refused(card.name, {offer.device.name for offer in offers})
        return f"it found no room in {beyond:,.0f} MB of memory" if beyond else ""


def configuration(model: str, device: str, node: Node, knobs: Mapping[str, Any]) -> Seen:
    """What memory is seen of: a model with its settings, for a node."""
    return Seen(model, device, dict(knobs), conditions(node, knobs))
