"""Instances of a model in the replay of a fleet: calls share them evenly, tokens slow down with load."""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Sequence

import msgspec

from murakkab_optimizer.hardware import Cluster
from murakkab_optimizer.planner.fleet import FleetCatalogue, Group, RequestClass
from murakkab_optimizer.planner.fleet.curves import curve
from murakkab_optimizer.planner.fleet.rent import busy_w, idle_w, offer_of

Key = tuple[int, bool, float]
"""Profile, spot, calls in work at once on one instance."""
CLEAR_S = 600.0
"""Within how many seconds the autoscaler wants what waits to be done."""


class World(msgspec.Struct, frozen=True):
    """What is true, and what of it is counted.

    Attributes:
        catalogue: published profiles.
        cluster: devices and their prices.
        classes: the promises.
        factors: by profile, how much slower it is in truth.
        begin_s: requests, rent and energy before are not counted.
        end_s: of rent and energy; requests run to their end.
        provision_s: of a device that was not there.
        warm_s: to load a model onto one that stands by.
        scale_every_s: seconds between looks of the autoscaler.

    """

    catalogue: FleetCatalogue
    cluster: Cluster
    classes: Sequence[RequestClass]
    factors: Sequence[float]
    begin_s: float
    end_s: float
    provision_s: float = 1200.0
    warm_s: float = 60.0
    scale_every_s: float = 60.0


class Request(msgspec.Struct):
    """One request: when, of which class, how large (1: the 90th percentile), and a number that decides its way."""

    at_s: float
    load: int
    size: float
    draw: float
    step: int = 0
    way: Way | None = None


class Way(msgspec.Struct, frozen=True, eq=False):
    """A share of a plan with the pools of its steps; None for processors."""

    share: float
    configuration: int
    pools: tuple[Pool | None, ...]

    @property
    def there(self) -> bool:
        """Whether all its instances are."""
        return all(pool is None or pool.ready > 0 for pool in self.pools)


class Pool:
    """Instances of a group, the calls on them and those that wait.

    The operating point of the group is what it was sized for, and no limit: an instance takes as many calls as it can
    have.

    Attributes:
        ready: instances that take calls.
        coming: instances that are ordered and paid for.
        waiting: tokens of the calls that wait.
        version: counts changes; an end that was foreseen before the last one does not hold.

    """

    def __init__(self, group: Group, world: World) -> None:
        self.group, self.offer = group, offer_of(group, world.cluster)
        profile = world.catalogue.profiles[group.profile]
        self.line, self.factor, self.delay = curve(profile), world.factors[group.profile], profile.fixed_s
        self.idle_w = idle_w(group, world.cluster)
        self.call_w = (busy_w(group, world.catalogue, world.cluster) - self.idle_w) / group.calls
        self.ready = self.coming = self.active = self.waiting = 0.0
        self._done = self._last = 0.0
        self._work: list[tuple[float, int, Request, int]] = []
        self.queue: deque[tuple[Request, float, int]] = deque()
        self.version = 0

    @property
    def held(self) -> float:
        """Instances that run: those ready, or those that calls still need."""
        return max(self.ready, math.ceil(self.active / self.line.most - 1e-9))

    @property
    def paid(self) -> float:
        """Instances that are paid for."""
        return self.held + self.coming

    @property
    def watts(self) -> float:
        """Watts of all of it."""
        return self.paid * self.idle_w + self.active * self.call_w

    def speed(self) -> float:
        """Tokens a second of one call."""
        return 1.0 / (self.factor * self.line.unit_s(max(self.active / self.held, 1.0)))

    def advance(self, now: float) -> None:
        """Let the calls in work go on until now."""
        if self.active:
            self._done += self.speed() * (now - self._last)
        self._last = now

    def put(self, request: Request, tokens: float, width: int) -> None:
        """Let a step of a request wait for its place."""
        self.queue.append((request, tokens, width))
        self.waiting += tokens * width

    @property
    def wanted(self) -> int:
        """Instances for the calls in work, and for clearing what waits in ``CLEAR_S``."""
        line = self.line
        backlog = self.waiting * self.factor / line.rate(line.most) / CLEAR_S
        return math.ceil(self.active / line.most + backlog - 1e-9)

    def admit(self) -> None:
        """Start what waits where there is room; a step wider than all of it starts alone."""
        room = self.ready * self.line.most + 1e-9
        while self.queue and self.ready > 0 and (self.active + self.queue[0][2] <= room or not self.active):
            request, tokens, width = self.queue.popleft()
            self.waiting -= tokens * width
            self.active += width
            self.version += 1
            heapq.heappush(self._work, (self._done + tokens, self.version, request, width))

    def next_end(self, now: float) -> float:
        """When the first step in work ends."""
        return now + max(self._work[0][0] - self._done, 0.0) / self.speed() if self._work else math.inf

    def ended(self) -> list[Request]:
        """Take out the requests whose step ends now."""
        found = []
        while self._work and self._work[0][0] <= self._done + 1e-6:
            _, _, request, width = heapq.heappop(self._work)
            self.active -= width
            found.append(request)
        return found

    def emptied(self) -> list[Request]:
        """Take out the requests that wait."""
        found = [request for request, _, _ in self.queue]
        self.queue.clear()
        self.waiting = 0.0
        return found
