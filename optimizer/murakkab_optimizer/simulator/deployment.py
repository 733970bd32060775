"""The instances of a plan as workers: one for each, bound to its model, beside those on processors."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from murakkab_optimizer.hardware import Cluster
from murakkab_optimizer.plan import Configuration, Instances, Plan

SPARE_WORKERS = 2
"""Workers on processors beyond the tasks that the plan has there at one time, for tasks too short to count."""


class Instance(msgspec.Struct, frozen=True):
    """One instance of a model on accelerators.

    Attributes:
        holds: what it can do, as ``schedulable`` names it.
        model: name of the card.
        device: name of the device type.
        devices: how many of them.
        spot: whether it may be taken away.
        region: where it is.

    """

    holds: str
    model: str
    device: str
    devices: int
    spot: bool = False
    region: str = ""


class Deployment(msgspec.Struct, frozen=True):
    """What a plan holds.

    Attributes:
        instances: on accelerators.
        workers: on processors.
        models: that can be used there.

    """

    instances: tuple[Instance, ...]
    workers: int
    models: tuple[str, ...]

    def named(self) -> Iterator[tuple[str, Instance]]:
        """The instances by the names of their workers, which join behind those on processors."""
        return ((f"w{number}", one) for number, one in enumerate(self.instances, self.workers + 1))


def deployment(plan: Plan, cluster: Cluster) -> Deployment:
    """The workers that stand for the instances of a plan, see ``schedulable``."""
    kinds = {offer.device.name: offer.device.kind for offer in cluster.offers}
    held = [group for group in plan.instances if kinds.get(group.device) == "gpu"]
    others = sum(group.count for group in plan.instances if kinds.get(group.device) != "gpu")
    instances = tuple(_instance(group) for group in held for _ in range(group.count))
    models = dict.fromkeys(one.model for one in _configurations(plan) if not one.devices)
    return Deployment(instances, min(others, cluster.cores) + SPARE_WORKERS, tuple(models))


def schedulable(plan: Plan) -> Plan:
    """The plan with an own name for each kind of instance.

    A model may run on instances of different sizes, and each task is planned for one of them; a worker is bound to
    what it holds by that name.
    """
    nodes = {
        name: msgspec.structs.replace(node, chosen=_bound(node.chosen)) if node.chosen.devices else node
        for name, node in plan.nodes.items()
    }
    rungs = tuple(
        msgspec.structs.replace(rung, nodes={name: _bound(one) for name, one in rung.nodes.items()})
        for rung in plan.rungs
    )
    return msgspec.structs.replace(plan, nodes=nodes, rungs=rungs)


def _configurations(plan: Plan) -> Iterator[Configuration]:
    yield from (node.chosen for node in plan.nodes.values())
    yield from (one for rung in plan.rungs for one in rung.nodes.values())


def _instance(group: Instances) -> Instance:
    holds = _name(group.model, group.devices, group.device)
    return Instance(holds, group.model, group.device, group.devices, group.spot, group.region)


def _bound(one: Configuration) -> Configuration:
    return msgspec.structs.replace(one, model=_name(one.model, one.devices, one.device)) if one.devices else one


def _name(model: str, devices: int, device: str) -> str:
    return f"{model} on {devices} {device}"
