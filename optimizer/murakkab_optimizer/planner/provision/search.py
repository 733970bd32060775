"""The plan: tighten bounds where they are smallest, make plans there, until none of the rest can be better."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from murakkab_optimizer.planner.provision.bounds import Bounds, Node
from murakkab_optimizer.planner.provision.choose import GAP, Choice, choose
from murakkab_optimizer.planner.provision.evaluate import evaluate
from murakkab_optimizer.planner.provision.every import every
from murakkab_optimizer.planner.provision.nouns import (
    Goal,
    Instances,
    Job,
    Offers,
    Provisioning,
)
from murakkab_optimizer.planner.provision.pricing import Columns, Floats
from murakkab_optimizer.planner.provision.space import Model, Space, front, total

GAPS = (0.02, 0.05, 0.1, 0.2, 0.5, 2.0)
"""How far above its bound the first plan of a node is sought: so far first, and so on until there is one."""
QUICK = 0.004
"""A plan whose gap may be larger is bettered before it is given out."""
ROUGH = 0.01
"""Relative gap at which the program for the first plan of a node is left."""
PROGRAMS = 4
"""Programs solved for a quick plan; the first one that betters a plan is the last."""
PROOFS = (0.004, 0.002, 0.001, 0.0002)
"""Gaps that a proof aims at, one after the other."""


def always() -> bool:
    """May go on."""
    return True


class Search:
    """Plans of a job, better and better, and the bound of all plans.

    Attributes:
        bounds: of all nodes.
        best: the best plan found; None at first.

    """

    def __init__(self, job: Job, offers: Offers, goal: Goal) -> None:
        self.space = Space(job, offers, goal)
        self.bounds = Bounds(self.space)
        self.best: Provisioning | None = None
        self._made: set[Node] = set()
        self._settled: dict[Node, float] = {}
        self._programs = 0

    @property
    def value(self) -> float:
        """Of the best plan; infinite while there is none."""
        return self.best.outcome.value(self.space.goal) if self.best else float("inf")

    def plan(self, may_go_on: Callable[[], bool] = always) -> Provisioning | None:
        """Make a good plan soon.

        Args:
            may_go_on: asked between steps; the search ends when it says no.

        Raises:
            NoProvisioningError: no plan keeps what is asked for.

        """
        first = self.value
        while may_go_on() and (self.best is None or self._programs < PROGRAMS) and self._step(QUICK):
            if self.value < first < float("inf"):
                break
            first = self.value
        return self.found()

    def prove(self, may_go_on: Callable[[], bool] = always, gaps: Sequence[float] = PROOFS) -> Provisioning | None:
        """Raise the bound of all plans until the best one's gap is small, and make better plans on the way.

        Args:
            may_go_on: asked between steps; the search ends when it says no.
            gaps: to aim at, one after the other.

        Raises:
            NoProvisioningError: no plan keeps what is asked for.

        """
        for gap in gaps:
            while may_go_on() and self._step(gap):
                pass
        return self.found()

    def _step(self, gap: float) -> bool:
        """Do something about the node with the smallest bound; False where all are good enough, or nothing helps."""
        node = self.bounds.best()
        if self.bounds.values[node] >= self.value * (1 - gap):
            return False
        if not self.bounds.tight(node):
            self.bounds.tighten(node)
        elif self.best is None and node not in self._made:
            self.make(node)
        elif self._settled.get(node, 1.0) > gap:
            self._settle(node, gap)
        else:
            return False
        return True

    def _settle(self, node: Node, gap: float) -> None:
        """Find the best plan of a node among all that are better than the best one by more than a gap."""
        self._settled[node] = gap
        space, target = self.space, self.value * (1 - gap)
        rent, room = float(space.rent[node[1]]), space.room[node[1]]
        columns: list[Columns] = []
        bound = target
        for model, prices, limit in self._limits(node, target):
            found = every(model, prices, limit, room)
            if found is None:
                return
            columns.append(found)
        if columns and all(len(c) for c in columns):
            frame = space.goal.objective == "ttff"
            choice = self._choose(node, columns, target, frame=frame)
            if choice is not None:
                bound = min(target, choice.bound * (1.0 if frame else rent / 3600))
        self.bounds.values[node] = max(bound, float(self.bounds.values[node]))

    def found(self) -> Provisioning | None:
        """The best plan, with the bound as it stands."""
        if self.best is None:
            return None
        return msgspec.structs.replace(self.best, bound=min(float(self.bounds.values.min()), self.value))

    def make(self, node: Node) -> None:
        """Make the best plan of a node out of configurations near its bound."""
        self._made.add(node)
        bound = float(self.bounds.values[node])
        for gap in GAPS:
            target = bound * (1 + gap)
            columns = self._columns(node, target)
            if (
                columns
                and all(len(c) for c in columns)
                and self._choose(node, columns, target, frame=False, gap=ROUGH) is not None
            ):
                return

    def _columns(self, node: Node, target: float) -> list[Columns]:
        """Configurations of each model that a plan of the node with a value up to ``target`` may have."""
        room = self.space.room[node[1]]
        return [model.near(prices, limit).undominated(room) for model, prices, limit in self._limits(node, target)]

    def _limits(self, node: Node, target: float) -> Iterator[tuple[Model, Floats, Floats]]:
        """Each model, prices, and by leader what it may cost so that a plan up to ``target`` is left.

        There is nothing to iterate over where no such plan is left.
        """
        option, place = node
        space = self.space
        limits = space.limits(float(space.rent[place]), target)
        prices, least = self.bounds.aim(node, limits)
        models = space.options[option]
        if least > limits.total or models is None:
            return
        fronts = [front(m.first, m.bounds(prices[None])[0]) for m in models]
        most = limits.total + float(prices @ space.room[place])
        before = [total(fronts[:number], limits.first) for number in range(len(models))]
        behind = [total(fronts[number + 1 :], limits.first) for number in range(len(models))]
        for model, some, others in zip(models, before, behind, strict=True):
            left = limits.first - model.first
            rest = (some.cost + others.at(left[:, None] - some.first)).min(axis=1)
            yield model, prices, most - rest

    def _choose(
        self, node: Node, columns: list[Columns], target: float, *, frame: bool, gap: float = GAP
    ) -> Choice | None:
        """Solve a node's program and take the plan that it gives."""
        self._programs += 1
        space = self.space
        limits = space.limits(float(space.rent[node[1]]), target)
        choice = choose(columns, space.room[node[1]], limits, space.job.video_s, frame=frame, gap=gap)
        if choice is not None and choice.picks:
            found = (i for c, pick in zip(columns, choice.picks, strict=True) for i in c.instances[pick])
            self.offer(node[0], tuple(found))
        return choice

    def offer(self, option: int, instances: tuple[Instances, ...]) -> None:
        """Take a plan if it is better than the best one."""
        space = self.space
        outcome = evaluate(space.job, space.job.options[option], space.offers, instances)
        if outcome.keeps(space.goal) and outcome.value(space.goal) < self.value:
            self.best = Provisioning(option, instances, outcome)
