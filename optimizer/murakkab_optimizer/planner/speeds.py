"""The profile that tells best how fast a model with some settings does a node on a device."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import Node
from murakkab_optimizer.hardware import CPU
from murakkab_optimizer.profiles import Profile
from murakkab_optimizer.profiles.between import Family
from murakkab_optimizer.profiles.conditions import HEIGHT, drawn, drawn_height
from murakkab_optimizer.profiles.nouns import nearest

__all__ = ["HEIGHT", "Speeds", "conditions", "drawn_height"]

FORM = "form"
WRITES = "text-generation"
"""The capability whose nodes write plain answers where they do not name a form."""


class Speeds:
    """Profiles by model and device.

    Args:
        profiles: what is known.
        exact: only what was measured, the nearest to what is asked for; else what is inferred for just that.

    """

    def __init__(self, profiles: Iterable[Profile], *, exact: bool = False) -> None:
        self.exact = exact
        self._known: dict[tuple[str, str], list[Profile]] = defaultdict(list)
        models: dict[str, list[Profile]] = defaultdict(list)
        for profile in profiles:
            self._known[profile.model, profile.device].append(profile)
            models[profile.model].append(profile)
        self._families = {model: Family(of_it) for model, of_it in models.items()}

    def measured(self, model: str, device: str) -> bool:
        """Whether anything is known of the model on a device."""
        return bool(self._known.get((model, device)))

    def reads(self, model: str, condition: str) -> bool:
        """Whether the speed of a model is known to depend on a condition."""
        family = self._families.get(model)
        return family is not None and any(condition in profile.conditions for profile in family.profiles)

    def find(
        self,
        model: str,
        device: str,
        node: Node,
        knobs: Mapping[str, Any],
        *,
        other: bool,
        more: Mapping[str, float] | None = None,
        named: Collection[str] = (),
    ) -> list[Profile]:
        """For each number of devices an instance may have, the speed at what the node asks for.

        It is inferred from what is known of the device (see ``profiles.between``). Of profiles equally near, one that
        was taken for just what is asked for; then one in the unit that is known for most numbers of devices: figures in
        different units, of different publications, do not compare.

        Args:
            model: name of the card.
            device: name of a type; of processors without profiles of their own, those of any processor hold.
            node: its arguments are the conditions.
            knobs: settings of the model.
            other: whether profiles of other settings may stand in where there is none of these.
            more: conditions that its arguments do not tell, such as ``from_height``.
            named: settings; of profiles for equally many devices those that name all of them come before those that do
                not.

        """
        wanted = {**(more or {}), **conditions(node, knobs)}
        groups = self._groups(model, device, wanted, knobs, other=other)
        found = (self._at(_naming(group, named), model, wanted) for group in groups.values())
        return [profile for profile in found if profile is not None]

    def basis(
        self,
        found: Profile,
        node: Node,
        knobs: Mapping[str, Any],
        more: Mapping[str, float] | None = None,
        named: Collection[str] = (),
    ) -> list[Profile]:
        """The profiles that a speed rests on which was found for these arguments; see ``profiles.between``."""
        wanted = {**(more or {}), **conditions(node, knobs)}
        groups = self._groups(found.model, found.device, wanted, knobs, other=True)
        return self._families[found.model].basis(_naming(groups[found.devices], named), wanted)

    def _groups(
        self, model: str, device: str, wanted: Mapping[str, Any], knobs: Mapping[str, Any], *, other: bool
    ) -> dict[int, list[Profile]]:
        """By the number of devices, the profiles that may stand for what is wanted."""
        held = self._known.get((model, device), [])
        fitting = [profile for profile in held if profile.holds_for(knobs)] or (held if other else [])
        groups: dict[int, list[Profile]] = defaultdict(list)
        for profile in _closest_first(fitting, wanted):
            groups[profile.devices].append(profile)
        return groups

    def _at(self, group: list[Profile], model: str, wanted: Mapping[str, Any]) -> Profile | None:
        return nearest(group, wanted) if self.exact else self._families[model].at(group, wanted)

    def on_processor(
        self,
        card: ModelCard,
        node: Node,
        knobs: Mapping[str, Any],
        device: str = CPU,
        more: Mapping[str, float] | None = None,
    ) -> Profile | None:
        """The profile on processor cores whose threads are nearest to those that the card asks for."""
        found = self.find(card.name, device, node, knobs, other=True, more=more)
        if not found and device != CPU:
            return self.on_processor(card, node, knobs, more=more)
        return min(found, key=lambda profile: abs(profile.devices - card.needs.threads), default=None)


def _naming(group: list[Profile], named: Collection[str]) -> list[Profile]:
    """Those that name all of these settings, or all where none does."""
    return [one for one in group if one.knobs.keys() >= set(named)] or group


def _closest_first(profiles: Iterable[Profile], wanted: Mapping[str, Any]) -> list[Profile]:
    """By the conditions that are asked for, then by the numbers of devices of their units; equals stay in order."""
    found = list(profiles)
    known = {unit: {p.devices for p in found if p.unit == unit} for unit in {p.unit for p in found}}
    return sorted(found, key=lambda profile: (-len(profile.conditions.keys() & wanted), -len(known[profile.unit])))


def conditions(node: Node, knobs: Mapping[str, Any]) -> dict[str, Any]:
    """What the work of a node looks like before a run: its form and its numbers, and no words that people put in."""
    plain = {name: value for name, value in node.arguments.items() if name == FORM or isinstance(value, int | float)}
    if node.capability == WRITES:
        plain.setdefault(FORM, "plain")
    return drawn(plain, knobs)
