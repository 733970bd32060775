"""The planners of fleets that are compared: formulations with some holes closed, and what people would configure."""

from __future__ import annotations

import math
import random
import time

import msgspec

from benchmarks.fleet_scenes import EPOCH_S, Scene
from murakkab_optimizer.planner.fleet import (
    ClassLoad,
    Demand,
    FleetCatalogue,
    FleetObjective,
    FleetPlan,
    FleetSettings,
    Formulation,
    NoFleetError,
    corrected,
    forecast,
    plan_fleet,
)


class Planner(msgspec.Struct, frozen=True):
    """How the plans of all epochs are made."""

    name: str
    formulation: Formulation = "repaired"
    closed: str = ""
    peaks: bool = False
    switching: bool = True
    spike: float = 1.0
    online: bool = True
    static: bool = False
    only: tuple[str, ...] = ()
    objective: FleetObjective = "cost"
    routed: str = "peak"
    provision_s: float = 1200.0


SPIKE = 1.25
LADDER = (
    Planner("literal, routed by x_avg", "literal", routed="average"),
    Planner("literal", "literal"),
    Planner("(literal, only c closed)", "literal", "c"),
    Planner("+b,i critical path, tools", "literal", "bi"),
    Planner("+c model of the configuration", "literal", "bic"),
    Planner("+d,e floor and bound, on all", "literal", "bicde"),
    Planner("+h cores", "literal", "bicdeh"),
    Planner("+f load curve", "literal", "bicdehf"),
    Planner("+mean tokens", "literal", "bicdehft"),
    Planner("shares, sum of peaks", peaks=True, switching=False, online=False),
    Planner("+a peak of the sum", switching=False, online=False),
    Planner("+g price of changes", online=False),
    Planner("+g warm pool", spike=SPIKE, online=False),
    Planner("repaired (+j online)", spike=SPIKE),
)
HAND = (
    Planner("hand: Gemma-3-27B for all, A100", static=True, only=("gemma-3-27b 4x4", "gemma-3-27b 10 frames")),
    Planner(
        "hand: the best a workflow, A100",
        static=True,
        only=("deepseek-r1-distill-qwen-32b 4x4", "gemma-3-27b 10 frames"),
    ),
    Planner("static: repaired in hindsight", static=True),
)
BY_ENERGY = (
    Planner("literal", "literal", objective="energy"),
    Planner("repaired", spike=SPIKE, objective="energy"),
)
SPIKED = (
    Planner("literal", "literal"),
    Planner("literal, instances at once", "literal", provision_s=0.0),
    Planner("literal but for a, g, j", "literal", "bicdehft"),
    Planner("literal but for a, g, j, instances at once", "literal", "bicdehft", provision_s=0.0),
    Planner("repaired without a pool"),
    Planner("repaired, pool for 1.25x", spike=SPIKE),
    Planner("repaired, pool for 2.5x", spike=2.5),
    Planner("repaired without a pool, instances at once", provision_s=0.0),
)


class Planned:
    """Makes the plans of a planner, epoch by epoch, and times them."""

    def __init__(self, how: Planner, what: Scene, seed: int) -> None:
        self.how, self.scene, self.chance = how, what, random.Random(seed)
        self.catalogue, self.belief = what.fleet.catalogue, [1.0] * len(what.factors)
        self.plan: FleetPlan | None = None
        self.seconds: list[float] = []
        self.infeasible = 0
        self.gap = 0.0

    def __call__(self, epoch: int) -> FleetPlan:
        """The plan of an epoch."""
        if self.how.static and self.plan is not None:
            return self.plan
        if self.how.online and epoch:
            self._learn()
        begin = time.perf_counter()
        try:
            self.plan = self._made(epoch)
            self.gap = max(self.gap, self.plan.gap)
        except NoFleetError:
            self.infeasible += 1
            if self.plan is None:
                raise
        self.seconds.append(time.perf_counter() - begin)
        return self.plan

    def _learn(self) -> None:
        """Take in what the last epoch showed of the models that ran, 2 % off."""
        assert self.plan is not None
        ran = {group.profile for group in self.plan.groups}
        ratios = {n: self.scene.factors[n] / self.belief[n] * math.exp(self.chance.gauss(0, 0.02)) for n in sorted(ran)}
        before = self.catalogue
        self.catalogue = corrected(before, ratios)
        for n in ratios:
            self.belief[n] *= self.catalogue.profiles[n].unit_s / before.profiles[n].unit_s

    def _made(self, epoch: int) -> FleetPlan:
        how = self.how
        demand = self._demand(epoch)
        catalogue, cluster, settings = self.catalogue, self.scene.fleet.cluster, self._settings()
        if how.only:
            kept = tuple(c for c in catalogue.configurations if c.name in how.only)
            catalogue = FleetCatalogue(kept, catalogue.profiles)
            offers = tuple(offer for offer in cluster.offers if offer.device.name in ("A100", "cpu"))
            cluster = msgspec.structs.replace(cluster, offers=offers)
            demand = _without_promises(demand)
        in_force = self.plan if how.switching else None
        plan = plan_fleet(
            demand.at_peaks() if how.peaks else demand,
            catalogue,
            cluster,
            formulation=how.formulation,
            in_force=in_force,
            objective=how.objective,
            settings=settings,
        )
        return _numbered_back(plan, catalogue, self.scene.fleet.catalogue) if how.only else plan

    def _demand(self, epoch: int) -> Demand:
        """What is forecast; for static plans all that will come, known in hindsight."""
        if self.how.static:
            seen = self.scene.seen[1:]
            rates = [sum((d.loads[i].rates for d in seen), ()) for i in range(len(seen[0].loads))]
            return Demand(tuple(ClassLoad(load.request, r) for load, r in zip(seen[0].loads, rates, strict=True)))
        return forecast(self.scene.seen[: max(epoch, 1)])

    def _settings(self) -> FleetSettings:
        how = self.how
        return FleetSettings(
            epoch_s=EPOCH_S,
            spike=how.spike,
            closed=frozenset(how.closed),
            routed="average" if how.routed == "average" else "peak",
            levels=(1.0,) if how.only else FleetSettings().levels,
        )


def _numbered_back(plan: FleetPlan, few: FleetCatalogue, every: FleetCatalogue) -> FleetPlan:
    """A plan that was made with some configurations, numbered as in the whole catalogue."""
    place = {(c.workflow, c.name): i for i, c in enumerate(every.configurations)}
    names = [(c.workflow, c.name) for c in few.configurations]
    shares = tuple(msgspec.structs.replace(s, configuration=place[names[s.configuration]]) for s in plan.shares)
    return msgspec.structs.replace(plan, shares=shares)


def _without_promises(demand: Demand) -> Demand:
    return Demand(
        tuple(
            ClassLoad(msgspec.structs.replace(load.request, quality=0.0, latency_s=math.inf), load.rates)
            for load in demand.loads
        )
    )
