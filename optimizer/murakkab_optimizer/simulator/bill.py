"""What the machines of a simulation cost, and what they draw."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

from murakkab_optimizer.hardware import Cluster, Offer
from murakkab_optimizer.simulator.nouns import Holding, Job, Span

SECONDS_PER_HOUR = 3600.0
JOULES_PER_WH = 3600.0


def cost(
    cluster: Cluster, job: Job, holdings: Sequence[Holding], spans: Sequence[Span], makespan_s: float
) -> float | None:
    """US dollars of a run; None where nothing has a price.

    Cores are paid while they work. Accelerators are paid while they work, or (``billing: held``) from the beginning of
    the run to its end, whole servers at a time; an instance that was lost, until then.
    """
    prices = {offer.device.name: offer.price for offer in cluster.offers}
    cores = [offer.price for offer in cluster.offers if offer.device.kind == "cpu"]
    if not any(prices.values()):
        return None
    held = cluster.billing == "held"
    total = _rent(cluster, job, holdings, makespan_s) if held else 0.0
    for span in spans:
        if span.devices and not held:
            total += span.devices * prices.get(span.device, 0.0) * (span.ends - span.begins)
        elif not span.devices:
            total += span.threads * (cores[0] if cores else 0.0) * (span.ends - span.begins)
    return total / SECONDS_PER_HOUR


def energy(cluster: Cluster, spans: Sequence[Span]) -> float | None:
    """Watt-hours of devices at work, at their full power; None where nobody knows it."""
    watts = {offer.device.name: offer.device.peak_w for offer in cluster.offers}
    core = next((offer.device.peak_w for offer in cluster.offers if offer.device.kind == "cpu"), 0.0)
    joules = 0.0
    for span in spans:
        power = span.devices * watts.get(span.device, 0.0) if span.devices else span.threads * core
        joules += power * (span.ends - span.begins)
    return joules / JOULES_PER_WH if joules else None


def _rent(cluster: Cluster, job: Job, holdings: Sequence[Holding], makespan_s: float) -> float:
    """Dollars an hour, times the seconds for which they are paid."""
    begins, ends = job.at_s, job.at_s + makespan_s
    offers = [offer for offer in cluster.offers if offer.device.kind != "cpu"]
    if not holdings:
        groups = [(one.device, one.spot, one.region, one.devices * one.count) for one in job.plan.instances]
        return sum(_hourly(offer, groups) for offer in offers) * makespan_s
    changes = sorted({begins, ends, *(t for one in holdings for t in (one.begins, one.ends) if begins < t < ends)})
    total = 0.0
    for before, after in itertools.pairwise(changes):
        there = [one.instance for one in holdings if one.begins <= before and one.ends >= after]
        groups = [(one.device, one.spot, one.region, one.devices) for one in there]
        total += sum(_hourly(offer, groups) for offer in offers) * (after - before)
    return total


def _hourly(offer: Offer, groups: Sequence[tuple[str, bool, str, int]]) -> float:
    """Dollars an hour of the servers of an offer that groups of devices take."""
    used = Counter[tuple[str, bool, str]]()
    for device, spot, region, devices in groups:
        used[device, spot, region] += devices
    return offer.rented(used[offer.device.name, offer.spot, offer.region]) * offer.price
