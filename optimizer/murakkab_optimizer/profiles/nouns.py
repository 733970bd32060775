"""The nouns of profiles: how long a configuration takes for its work, what it draws, and how anyone knows."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from murakkab_optimizer.hardware import CPU
from murakkab_optimizer.profiles.conditions import SPREAD, drawn


class Provenance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where figures come from.

    Attributes:
        kind: ``measured`` on the machine that is planned for; ``shipped``: measured by us on another one; ``scaled``: a
            shipped figure corrected by a calibration of this machine; ``cited`` from a publication; ``estimated``.
        source: a sentence for people: the publication, or the command that measured it.
        device: that it was measured on, by its full name.
        date: ISO 8601.
        samples: repeats.

    """

    kind: Literal["measured", "shipped", "scaled", "cited", "estimated"]
    source: str = ""
    device: str = ""
    date: str = ""
    samples: int = 0


class LoadPoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One point of a load curve: at ``rate`` units of work a second, one unit of one task takes ``unit_s`` seconds."""

    rate: float
    unit_s: float


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one instance of a configuration does, as a function of its work.

    A task of ``n`` units takes ``fixed_s + n * unit_s`` seconds with nothing else on its devices.

    Attributes:
        model: name of the card.
        unit: of work, singular: ``audio-second``, ``frame``, ``image``, ``word``, ``token``, ``turn``, ``clip``,
            ``task``.
        unit_s: seconds of one unit.
        device: name of the device type; ``cpu`` for processors.
        devices: accelerators of one instance; on processors its threads.
        knobs: settings that it holds for; what is not named may be anything.
        conditions: values of the node's arguments that it was taken at, for example the height of the picture.
        fixed_s: seconds of a task, however small.
        first_s: seconds until the first item of a task that streams; None: as long as a task of one item.
        spread_s: distance of the quartiles of ``unit_s`` over repeats; 0 where nobody said.
        power_w: watts of all devices of the instance at this work; 0 where nobody said.
        energy: how the power is known: ``measured``, ``cited`` or ``estimated``.
        memory_mb: MiB at the peak, of accelerator memory where it runs on accelerators; 0 where nobody said.
        load_s: seconds until a new instance can take a task; 0 where nobody said.
        load: seconds of a unit against load, by rising rate; empty where nobody said. The first is that of an idle
            instance. Of accelerators the rate is that of one instance, of processor cores that of all together.
        provenance: of the times.

    """

    model: str
    unit: str
    unit_s: float
    device: str = CPU
    devices: int = 1
    knobs: dict[str, Any] = {}
    conditions: dict[str, Any] = {}
    fixed_s: float = 0.0
    first_s: float | None = None
    spread_s: float = 0.0
    power_w: float = 0.0
    energy: Literal["measured", "cited", "estimated", ""] = ""
    memory_mb: float = 0.0
    load_s: float = 0.0
    load: tuple[LoadPoint, ...] = ()
    provenance: Provenance = Provenance("estimated")

    def seconds(self, units: float) -> float:
        """Seconds of a task of so many units on an idle instance."""
        return self.fixed_s + units * self.unit_s

    def slowdown(self, rate: float) -> float:
        """How many times slower an instance is at so many units a second than with nothing else to do."""
        points = self.load
        if not points or rate <= points[0].rate or not points[0].unit_s:
            return 1.0
        for before, after in itertools.pairwise(points):
            if rate <= after.rate:
                part = (rate - before.rate) / (after.rate - before.rate)
                return (before.unit_s + part * (after.unit_s - before.unit_s)) / points[0].unit_s
        return points[-1].unit_s / points[0].unit_s

    def holds_for(self, knobs: Mapping[str, Any]) -> bool:
        """Whether it was taken at these settings, however many devices a task is spread over."""
        return all(knobs.get(name) == value for name, value in self.knobs.items() if name != SPREAD)

    def slower(self, by: float, **provenance: str) -> Profile:
        """A profile whose times are longer by a factor; what is said of its provenance replaces what it says."""
        return msgspec.structs.replace(
            self,
            unit_s=self.unit_s * by,
            fixed_s=self.fixed_s * by,
            first_s=None if self.first_s is None else self.first_s * by,
            spread_s=self.spread_s * by,
            load=tuple(LoadPoint(point.rate / by, point.unit_s * by) for point in self.load),
            provenance=msgspec.structs.replace(self.provenance, **provenance),
        )


def taken(profile: Profile) -> dict[str, Any]:
    """The conditions and settings that a profile was taken at."""
    return drawn(profile.conditions, profile.knobs)


def nearest(profiles: Iterable[Profile], wanted: Mapping[str, Any]) -> Profile | None:
    """The profile that was taken nearest to what is wanted, the first of equals; None where there is none."""
    return next(iter(nearest_first(profiles, wanted)), None)


def nearest_first(profiles: Iterable[Profile], wanted: Mapping[str, Any]) -> list[Profile]:
    """Profiles by how near they were taken to what is wanted; equals stay in order.

    Numbers are compared by their ratio; anything else is equal or not.

    Args:
        profiles: to choose from.
        wanted: conditions and settings, as `conditions.drawn` puts them together.

    """
    return sorted(profiles, key=lambda profile: _distance(taken(profile), wanted))


def _distance(known: Mapping[str, Any], wanted: Mapping[str, Any]) -> float:
    return sum(_apart(value, wanted[name]) for name, value in known.items() if name in wanted)


def _apart(one: object, other: object) -> float:
    if isinstance(one, int | float) and isinstance(other, int | float) and one > 0 and other > 0:
        return max(one, other) / min(one, other) - 1.0
    return 0.0 if one == other else 1.0
