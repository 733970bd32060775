"""The nouns of a fleet: many requests of several workflows over time, and the instances that serve them.

Rates are requests a second, prices US dollars, power watts.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from murakkab_optimizer.profiles.nouns import Profile

Formulation = Literal["repaired", "literal"]
FleetObjective = Literal["cost", "energy", "quality"]


class NoFleetError(Exception):
    """No plan meets the demand; the message says which row stands in the way."""


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One node of a workflow in a configuration: the calls that a request makes to one model.

    Attributes:
        node: name of the node.
        model: that this configuration was rated with.
        unit: of its work, as in the profiles: ``token`` for language models.
        units: of one call at the 90th percentile of requests.
        mean: units of one call on average; None: as many as ``units``.
        calls: that wait for each other.
        width: calls at the same time (debaters).

    """

    node: str
    model: str
    unit: str = "token"
    units: float = 1.0
    mean: float | None = None
    calls: int = 1
    width: int = 1

    @property
    def mean_units(self) -> float:
        """Units of one call on average."""
        return self.units if self.mean is None else self.mean


class WorkflowConfiguration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A workflow with its knobs and models set, and how good it was rated so.

    Attributes:
        workflow: name of the workflow.
        name: unique within the workflow.
        quality: figure of merit within the workflow.
        steps: in the order in which a request goes through them.

    """

    workflow: str
    name: str
    quality: float
    steps: tuple[Step, ...]

    @property
    def tokens(self) -> float:
        """Tokens of a request at the 90th percentile, all calls together."""
        return sum(step.units * step.calls * step.width for step in self.steps if step.unit == "token")


class FleetCatalogue(msgspec.Struct, frozen=True):
    """What requests can be served with: configurations of workflows, and profiles of the models in them."""

    configurations: tuple[WorkflowConfiguration, ...]
    profiles: tuple[Profile, ...]


class RequestClass(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Requests of one workflow with one promise.

    Attributes:
        workflow: name of the workflow.
        name: of the promise; unique within the workflow.
        quality: at least.
        latency_s: at most, for nine requests of ten.
        says: the one of the two that A.5 as printed knows of; the other one is lost there.

    """

    workflow: str
    name: str
    quality: float = 0.0
    latency_s: float = float("inf")
    says: Literal["quality", "latency"] = "quality"


class ClassLoad(msgspec.Struct, frozen=True):
    """How many requests of a class come, by slot of the time that is planned for."""

    request: RequestClass
    rates: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Requests a second on average."""
        return sum(self.rates) / len(self.rates)

    @property
    def peak(self) -> float:
        """Requests a second in the fullest slot."""
        return max(self.rates)


class Demand(msgspec.Struct, frozen=True):
    """A load trace, seen or forecast; all classes have equally many slots."""

    loads: tuple[ClassLoad, ...]

    def at_peaks(self) -> Demand:
        """One slot with the peak of every class, as if all came together."""
        return Demand(tuple(ClassLoad(load.request, (load.peak,)) for load in self.loads))

    def scaled(self, factor: float, workflow: str | None = None) -> Demand:
        """So many times the requests, of one workflow or of all."""
        return Demand(
            tuple(
                ClassLoad(load.request, tuple(rate * factor for rate in load.rates))
                if workflow in (None, load.request.workflow)
                else load
                for load in self.loads
            )
        )


class FleetSettings(msgspec.Struct, frozen=True):
    """What a plan goes by beside demand, catalogue and cluster.

    Attributes:
        epoch_s: seconds until the next plan.
        provision_s: until a device that was not there takes requests; it is paid for meanwhile.
        headroom: capacity for the mean load of a slot, as a multiple of it.
        spike: how many times its forecast one workflow may send; the warm pool is sized for it. 1: no pool.
        levels: operating points, as shares of the calls that an instance can have in work at once.
        cost_per_h: at most, US dollars an hour.
        multiplexing: mu of A.5.
        closed: holes of A.5 that a literal plan closes all the same: ``b`` to ``f``, ``h``, ``i``, and ``t``: mean
            tokens for throughput.
        routed: by which of its variables a literal plan routes requests; by ``average`` only to instances that there
            are, and where there are none of a class by the peak.
        whole: instances are whole; False gives the relaxation.

    """

    epoch_s: float = 3600.0
    provision_s: float = 1200.0
    headroom: float = 1.05
    spike: float = 1.0
    levels: tuple[float, ...] = (0.5, 1.0)
    cost_per_h: float = float("inf")
    multiplexing: float = 1.0
    closed: frozenset[str] = frozenset()
    routed: Literal["peak", "average"] = "peak"
    whole: bool = True


class Group(msgspec.Struct, frozen=True):
    """Equal instances of a model that work at one operating point.

    Attributes:
        profile: index in the catalogue.
        model: name of the model.
        device: name of the device type.
        devices: of one instance.
        spot: whether they are spot devices.
        calls: in work at once on one instance at most.
        rate: units a second of one instance at that point.
        unit_s: seconds of a unit of one call at that point.
        count: instances.

    """

    profile: int
    model: str
    device: str
    devices: int
    spot: bool
    calls: float
    rate: float
    unit_s: float
    count: float = 0.0

    @property
    def kind(self) -> tuple[int, str, bool]:
        """What a device has to load to belong to it: the operating point is only a setting."""
        return self.profile, self.device, self.spot


class Share(msgspec.Struct, frozen=True):
    """Which part of the requests of a class goes where.

    Attributes:
        load: index of the class in the demand.
        configuration: index in the catalogue.
        groups: by step, index of the plan's group; None for a step on processors.
        share: of the requests of the class, 0..1.
        latency_s: predicted at the 90th percentile.
        quality: predicted.

    """

    load: int
    configuration: int
    groups: tuple[int | None, ...]
    share: float
    latency_s: float
    quality: float


class Standby(msgspec.Struct, frozen=True):
    """Devices that stand by, paid for, so that a new instance only has to load its model."""

    device: str
    spot: bool
    count: int


class FleetPlan(msgspec.Struct, frozen=True):
    """Instances, and who is served by which.

    Attributes:
        formulation: that it was made with.
        groups: with their counts.
        shares: of every class; what is missing to 1 is turned away.
        warm: devices that stand by.
        cost_per_h: rent of all of it.
        energy_w: predicted on average.
        cores: of processors, busy in the fullest slot.
        turned_away: share of the requests of each class that no instance is planned for.
        gap: proven distance to the optimum, relative.

    """

    formulation: Formulation
    groups: tuple[Group, ...]
    shares: tuple[Share, ...]
    warm: tuple[Standby, ...]
    cost_per_h: float
    energy_w: float
    cores: float
    turned_away: tuple[float, ...]
    gap: float = 0.0

    @property
    def accelerators(self) -> dict[str, int]:
        """Devices in use and standing by, by type."""
        found: dict[str, int] = {}
        for idle in self.warm:
            found[idle.device] = found.get(idle.device, 0) + idle.count
        for group in self.groups:
            found[group.device] = found.get(group.device, 0) + round(group.count * group.devices)
        return {device: count for device, count in sorted(found.items()) if count}
