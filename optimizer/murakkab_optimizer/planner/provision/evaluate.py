"""What a plan gives, as the published cost model of StreamWise has it: stages one after another.

- A model that is not parallel has one instance, and takes ``time_all_s``.
- The groups of instances of a parallel model share its work in proportion to ``capacity`` times count. With share
  ``w`` a group takes ``max(ceil(w * units) / count, 1) * unit_s``, and as much again with the extra units; the slowest
  counts.
- ``total_s`` is the sum over the models, ``first_chunk_s`` the sum of the smallest ``first_s`` of each.
- ``ttff_s`` is the larger of ``first_chunk_s`` and ``total_s`` less the length of the show.
- Whole servers are paid for, for ``total_s``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from murakkab_optimizer.planner.provision.nouns import Entry, Instances, Job, Offers, Option, Outcome

Group = tuple[Entry, int]
"""An entry and how many instances of it."""


def evaluate(job: Job, option: Option, offers: Offers, instances: Iterable[Instances]) -> Outcome:
    """What the instances give.

    Raises:
        ValueError: a model has none, an instance is of no entry, twice there, or on a device that is not offered.

    """
    groups = by_model(option, instances)
    times = [model_time(g) for g in groups.values()]
    total, first = sum(t for t, _ in times), sum(f for _, f in times)
    rate = rent(offers, [group for g in groups.values() for group in g])
    return outcome(job, total, first, rate)


def outcome(job: Job, total: float, first: float, rate: float) -> Outcome:
    """What a total and a first time give at ``rate`` US dollars per hour."""
    return Outcome(total, first, max(first, total - job.video_s), rate * total / 3600)


def by_model(option: Option, instances: Iterable[Instances]) -> dict[str, list[Group]]:
    """The groups of each model."""
    entries = {(e.model, e.device, e.devices): e for e in option.entries}
    groups: dict[str, list[Group]] = {model: [] for model in option.models()}
    for i in instances:
        entry = entries.get((i.model, i.device, i.devices))
        if entry is None:
            raise ValueError(f"nothing is known of '{i.model}' on {i.devices} x '{i.device}' in this option")
        if i.count < 1 or any(entry is other for other, _ in groups[i.model]):
            raise ValueError(
                f"'{i.model}' on {i.devices} x '{i.device}' must be listed once, with a count of 1 or more"
            )
        groups[i.model].append((entry, i.count))
    for model, found in groups.items():
        if not found or (not found[0][0].parallel and (len(found) > 1 or found[0][1] > 1)):
            raise ValueError(
                f"'{model}' needs {'at least' if found and found[0][0].parallel else 'exactly'} one instance"
            )
    return groups


def model_time(groups: Sequence[Group]) -> tuple[float, float]:
    """Seconds of all the work of one model, and of its first chunk."""
    first = min(entry.first_s for entry, _ in groups)
    if not groups[0][0].parallel:
        return groups[0][0].time_all_s, first
    capacity = sum(entry.capacity * count for entry, count in groups)
    return max(group_time(entry, count, entry.capacity * count / capacity) for entry, count in groups), first


def group_time(entry: Entry, count: int, share: float) -> float:
    """Seconds that a group takes for a share of the work."""
    return max(math.ceil(share * entry.units) / count, 1) * entry.unit_s + (
        max(math.ceil(share * entry.extra_units) / count, 1) * entry.extra_unit_s if entry.extra_units else 0.0
    )


def rent(offers: Offers, groups: Iterable[Group]) -> float:
    """US dollars per hour of the servers that hold the groups.

    Raises:
        ValueError: a device is not offered, or not often enough.

    """
    used: dict[str, int] = {}
    for entry, count in groups:
        used[entry.device] = used.get(entry.device, 0) + entry.devices * count
    known = {offer.device.name: offer for offer in offers}
    for device, number in used.items():
        if device not in known or number > known[device].count:
            raise ValueError(f"the plan takes {number} x '{device}', which are not all offered")
    return sum(known[device].rented(number) * known[device].price for device, number in used.items())
