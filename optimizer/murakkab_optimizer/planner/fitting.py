"""Which models have a device in plans of the greedy planner, which knows the speed of none but processors."""

from __future__ import annotations

from collections.abc import Sequence

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import Node
from murakkab_optimizer.hardware import CPU, DeviceType
from murakkab_optimizer.planner.eligible import Eligible, NoPlanError
from murakkab_optimizer.planner.room import configuration
from murakkab_optimizer.profiles.memory import Memories


class Fitting:
    """The devices that there are. Accelerators do what nothing else can, and what is asked to be done on them.

    Args:
        accelerators: their types.
        memories: memory that configurations were seen to need; those that found no room are not chosen.

    """

    def __init__(self, accelerators: Sequence[DeviceType], memories: Memories) -> None:
        self._accelerators, self._memories = accelerators, memories

    def keep(self, node: Node, found: Eligible) -> None:
        """Keep the models that have a device here, and room on it.

        Raises:
            NoPlanError: none has.

        """
        self._keep_kind(node, found)
        self._keep_room(node, found)

    def device(self, node: Node, card: ModelCard) -> str:
        """Name of the accelerator that a model that was kept runs on; empty for processors."""
        if not card.needs.accelerator_mb:
            return ""
        return max(self._types(node), key=lambda one: (not self._full(node, card, one), one.memory_mb)).name

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

    def _keep_room(self, node: Node, found: Eligible) -> None:
        full = {card.name: self._beyond_mb(node, card) for card in found.cards}
        if not any(full.values()):
            return
        if all(full.values()):
            raise NoPlanError(f"node '{node.name}': there was not enough memory for {', '.join(full)}")
        found.keep(
            lambda card: not full[card.name],
            lambda card: f"it found no room in {full[card.name]:,.0f} MB of memory",
            "the others found no room",
        )

    def _beyond_mb(self, node: Node, card: ModelCard) -> float:
        """MiB in which a model found no room, on processors or on every accelerator; 0 where it may have some."""
        if card.needs.accelerator_mb:
            return min(self._full(node, card, one) for one in self._types(node))
        return self._memories.beyond_mb(configuration(card.name, CPU, node, card.knobs))

    def _full(self, node: Node, card: ModelCard, device: DeviceType) -> float:
        """MiB in which a model found no room on an accelerator, where it has no more; else 0."""
        beyond = self._memories.beyond_mb(configuration(card.name, device.name, node, card.knobs))
        return beyond if beyond >= device.memory_mb else 0.0

    def _types(self, node: Node) -> list[DeviceType]:
        """The accelerators that a node may run on."""
        return [one for one in self._accelerators if node.where.device in ("", one.kind, one.name)]
