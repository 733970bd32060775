"""The ways in which a request can be served: a configuration, and for each of its steps where it runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import msgspec

from murakkab_optimizer.hardware import CPU, Cluster, Offer
from murakkab_optimizer.planner.fleet.curves import curve
from murakkab_optimizer.planner.fleet.nouns import (
    Demand,
    FleetCatalogue,
    FleetSettings,
    Group,
    RequestClass,
    Step,
    WorkflowConfiguration,
)
from murakkab_optimizer.profiles.nouns import Profile

HOLES = frozenset("abcdefghit")
"""Holes of A.5 by letter; ``t``: that throughput, too, is counted with the tokens of the 90th percentile."""


class Place(msgspec.Struct, frozen=True):
    """Where a step may run: a group of instances, or processors.

    Attributes:
        group: index; None for processors.
        profile: of the model there.
        unit_s: seconds of a unit of one call.

    """

    group: int | None
    profile: Profile
    unit_s: float


class Route(msgspec.Struct, frozen=True):
    """A way to serve the requests of a class.

    Attributes:
        load: index of the class in the demand.
        configuration: index in the catalogue.
        groups: by step; None for processors.
        use: units of one request, by group.
        cores: core-seconds of one request.
        latency_s: at the 90th percentile.
        quality: of the configuration.
        good: whether the quality reaches the floor.
        quick: whether the latency is within the bound.

    """

    load: int
    configuration: int
    groups: tuple[int | None, ...]
    use: dict[int, float]
    cores: float
    latency_s: float
    quality: float
    good: bool
    quick: bool


def candidates(
    catalogue: FleetCatalogue, cluster: Cluster, settings: FleetSettings, closed: frozenset[str]
) -> tuple[Group, ...]:
    """Every model on every type of device at every operating point; as printed only at the last published one."""
    found: list[Group] = []
    for number, profile in enumerate(catalogue.profiles):
        for offer in cluster.offers:
            if offer.device.kind == "gpu" and offer.device.name == profile.device:
                found += _points(number, profile, offer, settings.levels if "f" in closed else ())
    return tuple(found)


def _points(number: int, profile: Profile, offer: Offer, levels: Sequence[float]) -> Iterator[Group]:
    line = curve(profile)
    where = (number, profile.model, profile.device, profile.devices, offer.spot)
    if not levels and profile.load:
        last = max(profile.load, key=lambda point: point.rate)
        yield Group(*where, last.rate * last.unit_s, last.rate, last.unit_s)
        return
    for calls in sorted({max(level * line.most, min(1.0, line.most)) for level in levels or (1.0,)}):
        yield Group(*where, calls, line.rate(calls), line.unit_s(calls))


def routes(
    demand: Demand, catalogue: FleetCatalogue, cluster: Cluster, groups: Sequence[Group], closed: frozenset[str]
) -> Iterator[Route]:
    """All ways to serve each class, with the holes in ``closed`` closed and the others as A.5 prints them."""
    has_cores = cluster.cores > 0
    for load, one in enumerate(demand.loads):
        for number, configuration in enumerate(catalogue.configurations):
            if configuration.workflow == one.request.workflow:
                for places in _places(configuration, catalogue, groups, closed, has_cores=has_cores):
                    yield _route(load, number, one.request, configuration, places, closed)


def _places(
    configuration: WorkflowConfiguration,
    catalogue: FleetCatalogue,
    groups: Sequence[Group],
    closed: frozenset[str],
    *,
    has_cores: bool,
) -> Iterator[tuple[Place, ...]]:
    """By step, where it runs. As printed all calls to language models run on one model, whichever."""
    steps = configuration.steps
    options = [_fitting(step, catalogue, groups, closed, has_cores=has_cores) for step in steps]
    chosen = product(*options)
    if "i" in closed:
        yield from chosen
        return
    for places in chosen:
        models = {place.group for place, step in zip(places, steps, strict=True) if step.unit == "token"}
        if len(models) <= 1:
            yield places


def _fitting(
    step: Step, catalogue: FleetCatalogue, groups: Sequence[Group], closed: frozenset[str], *, has_cores: bool
) -> list[Place]:
    found = [
        Place(number, profile, group.unit_s)
        for number, group in enumerate(groups)
        if _fits(step, profile := catalogue.profiles[group.profile], closed)
    ]
    if step.unit != "token" and "i" not in closed:
        found = []
    if has_cores:
        found += [Place(None, p, p.unit_s) for p in catalogue.profiles if p.device == CPU and _serves(step, p)]
    if not found and step.unit != "token" and "i" not in closed:
        found = [Place(None, Profile(step.model, step.unit, 0.0, devices=0), 0.0)]
    return found


def _serves(step: Step, profile: Profile) -> bool:
    return profile.model == step.model and profile.unit == step.unit


def _fits(step: Step, profile: Profile, closed: frozenset[str]) -> bool:
    """Hole (c): as printed any language model serves the tokens of any configuration."""
    return _serves(step, profile) or ("c" not in closed and step.unit == profile.unit == "token")


def _route(
    load: int,
    number: int,
    request: RequestClass,
    configuration: WorkflowConfiguration,
    places: tuple[Place, ...],
    closed: frozenset[str],
) -> Route:
    use, cores = _use(configuration.steps, places, closed)
    latency = path_s(configuration.steps, places) if "b" in closed else _printed_s(configuration, places)
    both = "e" in closed
    return Route(
        load=load,
        configuration=number,
        groups=tuple(place.group for place in places),
        use=use,
        cores=cores,
        latency_s=latency,
        quality=configuration.quality,
        good=not (both or request.says == "quality") or configuration.quality >= request.quality,
        quick=not (both or request.says == "latency") or latency <= request.latency_s,
    )


def _use(steps: Sequence[Step], places: Sequence[Place], closed: frozenset[str]) -> tuple[dict[int, float], float]:
    """Units of a request by group, and its core-seconds."""
    use: dict[int, float] = {}
    cores = 0.0
    for step, place in zip(steps, places, strict=True):
        units = step.mean_units if "t" in closed else step.units
        calls = step.calls * step.width
        if place.group is None:
            cores += calls * place.profile.devices * place.profile.seconds(units)
        else:
            use[place.group] = use.get(place.group, 0.0) + calls * units
    return use, cores


def path_s(steps: Sequence[Step], places: Sequence[Place]) -> float:
    """Seconds of the critical path: calls side by side take as long as one of them."""
    return sum(
        step.calls * (place.profile.fixed_s + step.units * place.unit_s)
        for step, place in zip(steps, places, strict=True)
    )


def _printed_s(configuration: WorkflowConfiguration, places: Sequence[Place]) -> float:
    """Constraint (5) as printed: one TTFT, all tokens one after another, no tools."""
    models = [place for place, step in zip(places, configuration.steps, strict=True) if step.unit == "token"]
    return models[0].profile.fixed_s + configuration.tokens * models[0].unit_s if models else 0.0
