"""Replays requests against fleet plans, event by event.

What is modelled: instances whose tokens slow down with the calls in work (times a hidden factor of the model that the
profile does not know); calls that wait in order of arrival where an instance has no more room; devices that take 20
minutes to come and are paid for meanwhile, or one minute where they stand by; an autoscaler that looks once a minute
and orders where calls wait, the same for every plan; cores that are the same for every plan. A request keeps its place
for all calls of a step. What is not: prefill that slows decoding down, routing between the instances of a group,
failures.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks.fleet_ledger import Ledger
from benchmarks.fleet_pools import Key, Pool, Request, Way, World
from murakkab_optimizer.hardware import CPU
from murakkab_optimizer.planner.fleet import FleetPlan, Group

Table = list[list[Way]]


class Replay:
    """One run of a trace against the plans of its epochs."""

    def __init__(self, world: World, requests: Sequence[Request]) -> None:
        self.world, self.requests = world, requests
        self.configurations = world.catalogue.configurations
        self.tools = {p.model: p for p in world.catalogue.profiles if p.device == CPU}
        self.rated = _rated(world)
        self.pools: dict[Key, Pool] = {}
        self.wanted: dict[Key, float] = {}
        self.newest = self.wanted
        self.ways: Table = []
        self.standby: dict[tuple[str, bool], float] = {}
        self.standby_coming: dict[tuple[str, bool], float] = {}
        self.free = float(world.cluster.cores)
        self.busy = 0.0
        self.cpu_queue: deque[tuple[Request, float, float]] = deque()
        self.events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self.count, self.last = 0, 0.0
        self.ledger = Ledger(world)

    def run(self, plans: Callable[[int], FleetPlan], epoch_s: float) -> dict[str, Any]:
        """Replay all requests; ``plans`` gives the plan of an epoch at its beginning."""
        for epoch in range(math.ceil(self.world.end_s / epoch_s)):
            self._at(epoch * epoch_s, self._adopt, plans, epoch)
        self._at(self.world.scale_every_s, self._scale)
        position = 0
        while self.events or position < len(self.requests):
            if position < len(self.requests) and (not self.events or self.requests[position].at_s < self.events[0][0]):
                request, position = self.requests[position], position + 1
                self._count(request.at_s)
                self._arrive(request, request.at_s)
            else:
                now, _, act, subject = heapq.heappop(self.events)
                if act == self._end and subject[1] != subject[0].version:
                    continue
                self._count(now)
                act(*subject, now)
        return self.ledger.figures()

    def _at(self, when: float, act: Callable[..., None], *subject: Any) -> None:  # noqa: ANN401 - by kind of event
        self.count += 1
        heapq.heappush(self.events, (when, self.count, act, subject))

    def _count(self, now: float) -> None:
        """Count devices, rent and energy until now."""
        if self.ledger.counts(self.last, now):
            self.ledger.add(self.last, now, self.pools.values(), (self.standby, self.standby_coming), self.busy)
        self.last = now

    # instances

    def _adopt(self, plans: Callable[[int], FleetPlan], epoch: int, now: float) -> None:
        """Order what is missing; the plan before holds until it is there."""
        plan = plans(epoch)
        wanted: dict[Key, float] = {}
        for group in plan.groups:
            wanted[_key(group)] = wanted.get(_key(group), 0.0) + group.count
            self.pools.setdefault(_key(group), Pool(group, self.world))
        first, latest = not self.ways, now
        self._stand_by(plan, now, first=first)
        for key, missing in self._missing(wanted):
            if first:
                self._resize(self.pools[key], missing, now)
            else:
                latest = max(latest, self._order(self.pools[key], missing, now))
        self.newest = wanted
        if first or latest == now:
            self._switch(wanted, self._table(plan), now)
        else:
            self._at(latest, self._switch, wanted, self._table(plan))

    def _missing(self, wanted: dict[Key, float]) -> Iterator[tuple[Key, float]]:
        """Instances that other operating points of the same model and device cannot give."""
        for kind in {key[:2] for key in wanted}:
            kin = [key for key in {*wanted, *self.pools} if key[:2] == kind]
            have = {key: self.pools[key].ready + self.pools[key].coming for key in kin}
            short = sum(wanted.get(key, 0.0) for key in kin) - sum(have.values())
            for key in sorted(kin):
                part = min(wanted.get(key, 0.0) - have[key], short)
                if part > 1e-9:
                    short -= part
                    yield key, part

    def _table(self, plan: FleetPlan) -> Table:
        ways: Table = [[] for _ in self.world.classes]
        for one in plan.shares:
            pools = tuple(None if g is None else self.pools[_key(plan.groups[g])] for g in one.groups)
            ways[one.load].append(Way(one.share, one.configuration, pools))
        return ways

    def _stand_by(self, plan: FleetPlan, now: float, *, first: bool) -> None:
        wanted = {(one.device, one.spot): float(one.count) for one in plan.warm}
        for kind in {*wanted, *self.standby}:
            missing = wanted.get(kind, 0.0) - self.standby.get(kind, 0.0) - self.standby_coming.get(kind, 0.0)
            if missing > 0 and not first:
                self.standby_coming[kind] = self.standby_coming.get(kind, 0.0) + missing
                self._at(now + self.world.provision_s, self._stands, kind, missing)
            else:
                self.standby[kind] = max(self.standby.get(kind, 0.0) + missing, 0.0)

    def _stands(self, kind: tuple[str, bool], count: float, _now: float) -> None:
        self.standby_coming[kind] -= count
        self.standby[kind] = self.standby.get(kind, 0.0) + count

    def _order(self, pool: Pool, count: float, now: float) -> float:
        """Order instances, from what stands by where there is something, and return when all are there."""
        kind = pool.group.device, pool.group.spot
        quick = min(count, float(self.standby.get(kind, 0.0) // pool.group.devices))
        pool.coming += count
        latest = now
        for part, seconds in ((quick, self.world.warm_s), (count - quick, self.world.provision_s)):
            if part > 1e-9:
                latest = now + seconds
                self._at(latest, self._come, pool, part)
        if quick:
            self.standby[kind] -= quick * pool.group.devices
        return latest

    def _come(self, pool: Pool, count: float, now: float) -> None:
        pool.coming -= count
        self._resize(pool, count, now)

    def _switch(self, wanted: dict[Key, float], ways: Table, now: float) -> None:
        """The plan takes hold: instances change their operating point or go, and what waits goes where it says."""
        if wanted is not self.newest:
            return
        self.ways, self.wanted = ways, wanted
        for key, count in wanted.items():
            for other in [k for k in self.pools if k[:2] == key[:2] and k != key]:
                missing = count - self.pools[key].ready
                moved = min(missing, self.pools[other].ready - wanted.get(other, 0.0))
                if moved > 1e-9:
                    self._resize(self.pools[other], -moved, now)
                    self._resize(self.pools[key], moved, now)
        for key, pool in self.pools.items():
            surplus = pool.ready - wanted.get(key, 0.0)
            if surplus > 1e-9:
                self._resize(pool, -surplus, now)
        for pool in [p for p in self.pools.values() if self._gone(p)]:
            for request in pool.emptied():
                self._arrive(request, now)

    def _resize(self, pool: Pool, change: float, now: float) -> None:
        pool.advance(now)
        pool.ready = max(pool.ready + change, 0.0)
        pool.admit()
        self._foresee(pool, now)

    def _scale(self, now: float) -> None:
        """Order more where calls wait, as far as the cluster has devices."""
        if now >= self.world.end_s:
            return
        for pool in self.pools.values():
            need = pool.wanted - pool.ready - pool.coming
            kin = (p for p in self.pools.values() if p.offer is pool.offer)
            left = pool.offer.count - sum(p.paid * p.group.devices for p in kin)
            more = min(need, left // pool.group.devices)
            if pool.queue and more >= 1:
                self._order(pool, more, now)
        self._at(now + self.world.scale_every_s, self._scale)

    # requests

    def _arrive(self, request: Request, now: float) -> None:
        request.way = self._choose(request)
        self._step(request, now)

    def _choose(self, request: Request) -> Way | None:
        """The way of a request, by the shares of the plan that holds."""
        table = self.ways[request.load]
        total = sum(way.share for way in table)
        if not table or request.draw > total + 1e-6:
            return None
        kept = [way for way in table if way.there] or table
        mark = request.draw / total * sum(way.share for way in kept)
        for way in kept:
            mark -= way.share
            if mark <= 0:
                return way
        return kept[-1]

    def _step(self, request: Request, now: float) -> None:
        """Start the step that a request has come to, or count it where it is over."""
        way = request.way
        if way is None:
            self.ledger.refused += self._counts(request)
            return
        steps = self.configurations[way.configuration].steps
        if request.step == len(steps):
            self._finish(request, way, now)
            return
        if self._gone(way.pools[request.step]):
            self._arrive(request, now)
            return
        step, pool = steps[request.step], way.pools[request.step]
        if pool is None:
            tool = self.tools[step.model]
            self._on_cores(request, step.calls * tool.seconds(step.units), float(tool.devices * step.width), now)
            return
        tokens = max(self._real(way, pool)[0] * step.calls * request.size, 1.0)
        pool.advance(now)
        pool.put(request, tokens, step.width)
        pool.admit()
        self._foresee(pool, now)

    def _gone(self, pool: Pool | None) -> bool:
        """Whether its instances were given back while the request was at an earlier step."""
        return pool is not None and pool.ready + pool.coming <= 0 and _key(pool.group) not in self.wanted

    def _foresee(self, pool: Pool, now: float) -> None:
        pool.version += 1
        end = pool.next_end(now)
        if end < math.inf:
            self._at(end, self._end, pool, pool.version)

    def _end(self, pool: Pool, _version: int, now: float) -> None:
        pool.advance(now)
        for request in pool.ended():
            assert request.way is not None
            calls = self.configurations[request.way.configuration].steps[request.step].calls
            request.step += 1
            self._at(now + calls * pool.delay, self._step, request)
        pool.admit()
        self._foresee(pool, now)

    def _on_cores(self, request: Request, seconds: float, cores: float, now: float) -> None:
        if self.free < cores:
            self.cpu_queue.append((request, seconds, cores))
            return
        self.free, self.busy = self.free - cores, self.busy + cores
        self._at(now + seconds, self._off_cores, request, cores)

    def _off_cores(self, request: Request, cores: float, now: float) -> None:
        self.free, self.busy = self.free + cores, self.busy - cores
        request.step += 1
        self._step(request, now)
        if self.cpu_queue and self.free >= self.cpu_queue[0][2]:
            self._on_cores(*self.cpu_queue.popleft(), now)

    def _real(self, way: Way, pool: Pool) -> tuple[float, float]:
        """Tokens of a call, and quality, with the model that really serves; quality 0 where nobody rated it so."""
        return self.rated[way.configuration].get(pool.group.model, self.rated[way.configuration][""])

    def _finish(self, request: Request, way: Way, now: float) -> None:
        if self._counts(request):
            pool = next(pool for pool in way.pools if pool is not None)
            self.ledger.served.append((request.load, now - request.at_s, self._real(way, pool)[1]))

    def _counts(self, request: Request) -> bool:
        return self.world.begin_s <= request.at_s < self.world.end_s


def _key(group: Group) -> Key:
    return group.profile, group.spot, round(group.calls, 6)


def _rated(world: World) -> list[dict[str, tuple[float, float]]]:
    """By configuration and model: tokens of a call and quality, the knobs being those of the configuration."""
    known = {(c.workflow, *c.name.split(" ", 1)): c for c in world.catalogue.configurations}
    found = []
    for configuration in world.catalogue.configurations:
        knobs = configuration.name.split(" ", 1)[1]
        own = next(step for step in configuration.steps if step.unit == "token")
        table = {"": (own.units, 0.0)}
        for (workflow, model, same), twin in known.items():
            if (workflow, same) == (configuration.workflow, knobs):
                table[model] = next(s.units for s in twin.steps if s.unit == "token"), twin.quality
        found.append(table)
    return found
