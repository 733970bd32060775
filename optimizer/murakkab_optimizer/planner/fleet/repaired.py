r"""The fleet with the holes of A.5 closed.

Variables: whole ``n_g`` instances of a model on a type of device at an operating point; ``y_r`` the share of the
requests of a class on a way ``r`` to serve them (configuration, and for each step where it runs); ``away_k`` the share
turned away.

- ``sum of y + away = 1`` for each class. Only ways that keep the quality floor and, on the critical path, the latency.
- For each slot ``t`` of the load trace and each group: ``headroom * sum of rate_k(t) * y_r * units_r <= n_g * rate_g``:
  the peak of the sum, where A.5 has the sum of peaks. Slots that another one exceeds in every class are left out.
- For each slot: busy cores of processors within the cluster.
- ``n - n_in_force = up - down`` for each model and type of device; both cost the rent of the time of provisioning.
- Warm pool: for each workflow that may send ``spike`` times its load, ``extra`` instances that carry it fit into the
  devices that stand by; the pool is as large as the worst one workflow needs, not as all together.
- Devices of each type, running and standing by, within the cluster; rent within the cap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from murakkab_optimizer.hardware import Cluster, Offer
from murakkab_optimizer.planner.fleet.literal import COST_OF_QUALITY
from murakkab_optimizer.planner.fleet.nouns import (
    Demand,
    FleetCatalogue,
    FleetObjective,
    FleetPlan,
    FleetSettings,
    Group,
)
from murakkab_optimizer.planner.fleet.program import Answer, Program
from murakkab_optimizer.planner.fleet.rent import busy_w, core_price, core_w, idle_w, offer_of, per_hour
from murakkab_optimizer.planner.fleet.routes import Route

TIE = 1e-5
"""Weight of the rent beside the watts, and of the watts beside the rent."""
SOON = 0.01
"""What it is worth (US dollars an hour, watts) that a class does not need its whole bound: decides among equals."""


class Repaired:
    """The program, built part by part."""

    def __init__(
        self,
        demand: Demand,
        catalogue: FleetCatalogue,
        cluster: Cluster,
        groups: Sequence[Group],
        ways: Sequence[Route],
        objective: FleetObjective,
        settings: FleetSettings,
    ) -> None:
        self.demand, self.catalogue, self.cluster, self.settings = demand, catalogue, cluster, settings
        self.groups, self.ways, self.objective = groups, [way for way in ways if way.good and way.quick], objective
        self.program = Program()
        self.rent_weight = {"cost": 1.0, "energy": TIE, "quality": COST_OF_QUALITY}[objective]
        self.watt_weight = {"cost": TIE, "energy": 1.0, "quality": 0.0}[objective]
        self.instances = [self._instance(group) for group in groups]
        self.share = [self.program.column(self._value(way), 1.0) for way in self.ways]
        self.away = [self.program.column(self._penalty(number), 1.0) for number in range(len(demand.loads))]
        self.offers = [offer for offer in cluster.offers if offer.device.kind == "gpu"]
        self.warm = [self._warm(offer) for offer in self.offers]

    def solve(self, in_force: FleetPlan | None) -> Answer | None:
        """Write the rows and solve."""
        self._serve()
        self._carry(self.demand, self.settings.headroom, {})
        self._switch(in_force)
        self._spikes()
        self._limits()
        return self.program.solve()

    def _instance(self, group: Group) -> int:
        cost = self.rent_weight * per_hour(group, self.cluster) + self.watt_weight * idle_w(group, self.cluster)
        return self.program.column(cost, whole=self.settings.whole)

    def _warm(self, offer: Offer) -> int:
        cost = self.rent_weight * offer.price + self.watt_weight * offer.device.idle_w
        return self.program.column(cost, float(offer.count) if self.settings.spike > 1 else 0.0)

    def _value(self, way: Route) -> float:
        """What it costs to send a class this way: cores and the power of the work, less its quality."""
        rate = self.demand.loads[way.load].mean
        watts = rate * (way.cores * core_w(self.cluster) + sum(u * self._joules(g) for g, u in way.use.items()))
        value = self.rent_weight * rate * way.cores * core_price(self.cluster) + self.watt_weight * watts
        bound = self.demand.loads[way.load].request.latency_s
        value += SOON * (self.rent_weight + self.watt_weight) * way.latency_s / bound
        if self.objective == "quality":
            value -= way.quality * rate / max(sum(load.mean for load in self.demand.loads), 1e-12)
        return value

    def _joules(self, number: int) -> float:
        """Of a unit of work, beside what the idle instance draws."""
        group = self.groups[number]
        return (busy_w(group, self.catalogue, self.cluster) - idle_w(group, self.cluster)) / group.rate

    def _penalty(self, number: int) -> float:
        """Dearer than to rent the whole cluster for it."""
        whole = sum(
            offer.count * (self.rent_weight * offer.price + self.watt_weight * offer.device.peak_w)
            for offer in self.cluster.offers
        )
        total = sum(load.mean for load in self.demand.loads)
        return 1.0 + 10 * (whole + 100 * (self.objective == "quality")) * self.demand.loads[number].mean / max(
            total, 1e-12
        )

    def _serve(self) -> None:
        for number, away in enumerate(self.away):
            mine = {self.share[i]: 1.0 for i, way in enumerate(self.ways) if way.load == number}
            self.program.row({**mine, away: 1.0}, 1.0, 1.0)

    def _carry(self, demand: Demand, headroom: float, extra: dict[int, int]) -> None:
        """Capacity of every group, and cores, in every slot that counts."""
        for slot in fullest(demand):
            rates = [headroom * load.rates[slot] for load in demand.loads]
            for number, group in enumerate(self.groups):
                users = {
                    self.share[i]: rates[way.load] * way.use[number]
                    for i, way in enumerate(self.ways)
                    if number in way.use
                }
                held = {self.instances[number]: -group.rate}
                if number in extra:
                    held[extra[number]] = -group.rate
                if users:
                    self.program.row({**users, **held}, high=0.0)
            busy = {self.share[i]: rates[way.load] * way.cores for i, way in enumerate(self.ways)}
            self.program.row(busy, high=float(self.cluster.cores))

    def _switch(self, in_force: FleetPlan | None) -> None:
        """Pay for every instance that comes or goes; without a plan in force for none."""
        if in_force is None:
            return
        before: dict[tuple[int, str, bool], float] = {}
        for group in in_force.groups:
            before[group.kind] = before.get(group.kind, 0.0) + group.count
        for kind in {group.kind for group in self.groups}:
            mine = [i for i, group in enumerate(self.groups) if group.kind == kind]
            group = self.groups[mine[0]]
            price = self.rent_weight * per_hour(group, self.cluster) + self.watt_weight * idle_w(group, self.cluster)
            price *= self.settings.provision_s / self.settings.epoch_s
            up, down = self.program.column(price), self.program.column(price)
            counts = {self.instances[i]: 1.0 for i in mine}
            self.program.row({**counts, up: -1.0, down: 1.0}, before.get(kind, 0.0), before.get(kind, 0.0))

    def _spikes(self) -> None:
        if self.settings.spike <= 1:
            return
        used = {number for way in self.ways for number in way.use}
        for workflow in sorted({load.request.workflow for load in self.demand.loads}):
            extra = {number: self.program.column(whole=self.settings.whole) for number in sorted(used)}
            self._carry(self.demand.scaled(self.settings.spike, workflow), 1.0, extra)
            for offer, warm in zip(self.offers, self.warm, strict=True):
                mine = {
                    column: float(self.groups[g].devices)
                    for g, column in extra.items()
                    if offer_of(self.groups[g], self.cluster) is offer
                }
                self.program.row({**mine, warm: -1.0}, high=0.0)

    def _limits(self) -> None:
        rent: dict[int, float] = {}
        for offer, warm in zip(self.offers, self.warm, strict=True):
            devices = {
                self.instances[i]: float(group.devices)
                for i, group in enumerate(self.groups)
                if offer_of(group, self.cluster) is offer
            }
            devices[warm] = 1.0
            self.program.row(devices, high=float(offer.count))
            rent.update({column: count * offer.price for column, count in devices.items()})
        for i, way in enumerate(self.ways):
            rent[self.share[i]] = self.demand.loads[way.load].mean * way.cores * core_price(self.cluster)
        self.program.row(rent, high=self.settings.cost_per_h)


def fullest(demand: Demand) -> Iterator[int]:
    """Slots that no other one equals or exceeds in every class; of equal ones the first."""
    columns = list(zip(*(load.rates for load in demand.loads), strict=True))
    distinct = list(dict.fromkeys(columns))
    for rates in distinct:
        others = (other for other in distinct if other is not rates)
        if not any(all(more >= rate for more, rate in zip(other, rates, strict=True)) for other in others):
            yield columns.index(rates)
