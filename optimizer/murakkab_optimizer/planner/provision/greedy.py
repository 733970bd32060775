"""A plan without a program: begin with the least, then add whatever saves most time for its rent.

It needs neither numpy nor HiGHS and has a plan after its first round. It proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from murakkab_optimizer.planner.provision.evaluate import Group, evaluate, model_time, outcome, rent
from murakkab_optimizer.planner.provision.nouns import (
    Entry,
    Goal,
    Instances,
    Job,
    NoProvisioningError,
    Offers,
    Option,
    Provisioning,
)

FIRST_WEIGHT = 10.0
"""Seconds of all the work that a second of the first chunk is worth while it comes too late."""

Groups = dict[tuple[str, int], Group]
"""By device type and devices of an instance."""


class _Move(msgspec.Struct):
    """New groups of one model, what they save and what they take in addition."""

    model: str
    groups: Groups
    seconds: float
    first: float
    price: float
    devices: dict[str, int]


def plan_greedy(job: Job, offers: Offers, goal: Goal, may_go_on: Callable[[], bool] = lambda: True) -> Provisioning:
    """The best plan that is met on the way from the smallest to the largest.

    Args:
        job: to be made.
        offers: devices.
        goal: what to make small.
        may_go_on: asked between steps; when it says no, the best plan so far is given.

    Raises:
        NoProvisioningError: no plan that was met keeps what is asked for.

    """
    best: Provisioning | None = None
    for number, option in enumerate(job.options):
        walk = _Walk(job, option, offers, goal)
        while walk.goes_on and may_go_on():
            found = walk.plan()
            if found.outcome.keeps(goal) and (best is None or found.outcome.value(goal) < best.outcome.value(goal)):
                best = msgspec.structs.replace(found, option=number)
            walk.step()
    if best is None:
        raise NoProvisioningError("the greedy planner met no plan that keeps what is asked for")
    return best


class _Walk:
    """From the smallest plan of an option to the largest.

    Attributes:
        goes_on: False once nothing more helps or fits.

    """

    def __init__(self, job: Job, option: Option, offers: Offers, goal: Goal) -> None:
        self.job, self.option, self.offers, self.goal = job, option, offers, goal
        self.prices = {o.device.name: o.price for o in offers}
        self.left = {o.device.name: o.count for o in offers}
        self.entries = {
            model: [e for e in entries if e.devices <= self.left.get(e.device, 0)]
            for model, entries in option.models().items()
        }
        self.groups: dict[str, Groups] = {}
        self.goes_on = all(self.entries.values())
        self._moves: dict[str, list[_Move]] = {}
        for model in sorted(self.entries, key=lambda m: min((e.devices for e in self.entries[m]), default=0)):
            self._begin(model)

    def _begin(self, model: str) -> None:
        fitting = [e for e in self.entries[model] if e.devices <= self.left[e.device]]
        if not fitting:
            self.goes_on = False
            return
        entry = min(fitting, key=lambda e: self._price(e) * model_time([(e, 1)])[0])
        self.groups[model] = {(entry.device, entry.devices): (entry, 1)}
        self.left[entry.device] -= entry.devices

    def plan(self) -> Provisioning:
        """The plan as it stands."""
        instances = tuple(
            Instances(e.model, e.device, e.devices, n) for groups in self.groups.values() for e, n in groups.values()
        )
        return Provisioning(0, instances, evaluate(self.job, self.option, self.offers, instances))

    def step(self) -> None:
        """Make the move that saves most for its rent."""
        weight = self._first_weight()
        best, rate = None, 0.0
        for model in self.groups:
            for move in self._moves_of(model):
                if all(n <= self.left[d] for d, n in move.devices.items()):
                    saved = move.seconds + weight * move.first
                    gain = saved / max(move.price, 1e-9) if saved > 0 else 0.0
                    if gain > rate:
                        best, rate = move, gain
        if best is None:
            self.goes_on = False
            return
        self.groups[best.model] = best.groups
        for device, number in best.devices.items():
            self.left[device] -= number
        del self._moves[best.model]

    def _first_weight(self) -> float:
        times = [model_time(list(g.values())) for g in self.groups.values()]
        rate = rent(self.offers, [group for g in self.groups.values() for group in g.values()])
        now = outcome(self.job, sum(t for t, _ in times), sum(f for _, f in times), rate)
        late = now.first_chunk_s > self.goal.ttff_s
        early = self.goal.objective == "ttff" and now.first_chunk_s >= now.ttff_s
        return FIRST_WEIGHT if late or early else 0.0

    def _moves_of(self, model: str) -> list[_Move]:
        if model not in self._moves:
            now = self.groups[model]
            self._moves[model] = [self._move(model, now, entry) for entry in self.entries[model]]
        return self._moves[model]

    def _move(self, model: str, now: Groups, entry: Entry) -> _Move:
        """One more instance; for a model with one instance, another one."""
        key = (entry.device, entry.devices)
        then = dict(now) if entry.parallel else {}
        then[key] = (entry, then[key][1] + 1 if key in then else 1)
        (before, first), (after, sooner) = (model_time(list(g.values())) for g in (now, then))
        more: dict[str, int] = {}
        for groups, sign in ((then, 1), (now, -1)):
            for e, n in groups.values():
                more[e.device] = more.get(e.device, 0) + sign * n * e.devices
        price = sum(self.prices[d] * n for d, n in more.items())
        return _Move(model, then, before - after, first - sooner, price, more)

    def _price(self, entry: Entry) -> float:
        return self.prices[entry.device] * entry.devices
