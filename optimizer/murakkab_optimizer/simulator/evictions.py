"""Spot instances that are taken away as often as the cluster says."""

from __future__ import annotations

import random
from collections.abc import Iterator

from murakkab_optimizer.hardware import Cluster
from murakkab_optimizer.simulator.deployment import Deployment, Instance
from murakkab_optimizer.simulator.nouns import Fault

SECONDS_PER_HOUR = 3600.0


def evictions(
    held: Deployment, cluster: Cluster, until_s: float, seed: int = 0, back_s: float | None = None
) -> Iterator[Fault]:
    """Losses of the spot instances of a deployment, each at most once.

    An instance is lost with the first of its devices; each of these is taken away at random, ``evictions_per_hour`` on
    average.

    Args:
        held: what there is.
        cluster: whose offers say how often.
        until_s: no later ones.
        seed: source of chance.
        back_s: seconds until another instance joins in place of one that was lost; None: never.

    """
    draw = random.Random(f"evictions {seed}")
    for name, instance in held.named():
        rate = instance.devices * hourly(instance, cluster)
        at = draw.expovariate(rate / SECONDS_PER_HOUR) if rate else until_s
        if instance.spot and at < until_s:
            yield Fault(at, back_s=back_s, spot=True, workers=(name,))


def hourly(instance: Instance, cluster: Cluster) -> float:
    """How often one device of an instance is taken away in an hour; 0 where nobody says."""
    place = (instance.device, instance.spot, instance.region)
    rates = (o.device.evictions_per_hour for o in cluster.offers if (o.device.name, o.spot, o.region) == place)
    return next((rate for rate in rates if rate), 0.0) if instance.spot else 0.0
