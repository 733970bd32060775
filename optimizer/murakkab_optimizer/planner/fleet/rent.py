"""What instances cost and draw."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from murakkab_optimizer.hardware import Cluster, Offer
from murakkab_optimizer.planner.fleet.curves import curve
from murakkab_optimizer.planner.fleet.nouns import FleetCatalogue, Group


def offer_of(group: Group, cluster: Cluster) -> Offer:
    """The offer that the devices of a group are rented by."""
    return next(o for o in cluster.offers if o.device.name == group.device and o.spot == group.spot)


def merged(cluster: Cluster) -> Cluster:
    """The cluster with one offer for each type of device and way of renting, at the lowest price."""
    offers: dict[tuple[str, bool], Offer] = {}
    for offer in sorted(cluster.offers, key=lambda offer: offer.price):
        first = offers.setdefault((offer.device.name, offer.spot), offer)
        if first is not offer:
            together = msgspec.structs.replace(first, count=first.count + offer.count)
            offers[offer.device.name, offer.spot] = together
    return msgspec.structs.replace(cluster, offers=tuple(offers.values()))


def per_hour(group: Group, cluster: Cluster) -> float:
    """US dollars an hour of one instance."""
    return group.devices * offer_of(group, cluster).price


def idle_w(group: Group, cluster: Cluster) -> float:
    """Watts of one instance that does nothing."""
    return group.devices * offer_of(group, cluster).device.idle_w


def busy_w(group: Group, catalogue: FleetCatalogue, cluster: Cluster) -> float:
    """Watts of one instance at its operating point: the idle ones, and those of the work in proportion to the calls."""
    profile = catalogue.profiles[group.profile]
    full = profile.power_w or group.devices * offer_of(group, cluster).device.peak_w
    idle = idle_w(group, cluster)
    return idle + max(full - idle, 0.0) * group.calls / curve(profile).most


def core_price(cluster: Cluster) -> float:
    """US dollars an hour of a core of a processor: the cheapest offer."""
    return min((offer.price for offer in _processors(cluster)), default=0.0)


def core_w(cluster: Cluster) -> float:
    """Watts that a busy core draws more than an idle one."""
    return max((offer.device.peak_w - offer.device.idle_w for offer in _processors(cluster)), default=0.0)


def _processors(cluster: Cluster) -> list[Offer]:
    return [offer for offer in cluster.offers if offer.device.kind == "cpu"]


def total_per_hour(groups: Sequence[Group], cluster: Cluster) -> float:
    """US dollars an hour of all instances."""
    return sum(group.count * per_hour(group, cluster) for group in groups)
