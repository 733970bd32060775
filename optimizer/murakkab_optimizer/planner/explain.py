"""A solution as a plan that people can follow: every choice with the promise, the person or the wish that decided."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import msgspec

from murakkab_optimizer.hardware import Offer
from murakkab_optimizer.plan import Configuration, Instances, NodePlan, Plan, Relaxation
from murakkab_optimizer.planner import assign
from murakkab_optimizer.planner.alike import uses_otherwise
from murakkab_optimizer.planner.assign.evaluate import evaluate, instances_at_most, violations
from murakkab_optimizer.planner.assign.nouns import Pool, Solution, Use
from murakkab_optimizer.planner.build import Built
from murakkab_optimizer.planner.candidates import Way, Ways
from murakkab_optimizer.planner.forecast import forecast
from murakkab_optimizer.planner.regions import settled
from murakkab_optimizer.planner.settings import because
from murakkab_optimizer.planner.speeds import drawn_height
from murakkab_optimizer.planner.stills import static
from murakkab_optimizer.planner.wording import EPSILON, Other, Wording, is_spot, kind, provenance

CLOSEST = 24
"""Other ways to do a node that are tried in its place, the most promising ones first."""

_BEST = {
    "quality": "the best-rated one here",
    "latency": "the fastest one here, for latency",
    "ttff": "the one with the first item here, for ttff",
    "cost": "the cheapest one here, for cost",
    "energy": "the thriftiest one here, for energy",
}


def explain(built: Built, solution: Solution, relaxations: Iterable[assign.Relaxation] = ()) -> Plan:
    """Put a solution into words."""
    return _Explainer(built, solution).plan(relaxations)


class _Explainer:
    def __init__(self, built: Built, solution: Solution) -> None:
        self.built, self.solution, self.problem = built, solution, built.problem
        self.offers = built.problem.cluster.offers
        self.index = {step.name: i for i, step in enumerate(built.problem.steps)}
        self.objective = built.problem.objectives[0]
        self.say = Wording(built.problem, solution)
        chosen = [self._chosen(name)[0] for name in built.ways]
        self.predictions = tuple(forecast(built, solution, chosen))

    def plan(self, relaxations: Iterable[assign.Relaxation]) -> Plan:
        relaxed = tuple(self._relaxation(found) for found in relaxations)
        return Plan(
            nodes={name: self._node(name, found) for name, found in self.built.ways.items()},
            notes=tuple(self._notes()),
            workflow=self.built.graph.name,
            cluster=self.problem.cluster.name,
            objective=self.problem.objectives,
            predictions=self.predictions,
            relaxations=relaxed,
            instances=tuple(self._groups(self._pools(self.built.ways))),
            defaults=self.built.work.defaults,
            method=self.solution.method,
            gap=self._gap(),
        )

    def _chosen(self, name: str) -> tuple[Way, Use]:
        use = self.solution.assignment[self.index[name]]
        return self.built.ways[name].ways[use.candidate], use

    def _node(self, name: str, found: Ways) -> NodePlan:
        way, _ = self._chosen(name)
        others = [self._instead(name, other) for other in self._closest(found, way)]
        others.sort(key=self._rank)
        runner_up = self._runner_up(way, others)
        return NodePlan(
            chosen=self._configuration(way),
            reason=self._reason(name, found, way, others) + because(way.card, way.candidate.knobs, way.short),
            alternatives=tuple(self._alternatives(way, others, found, runner_up)),
            instances=tuple(self._groups(self._pools([name]))),
            runner_up=self._configuration(runner_up.way) if runner_up else None,
            provenance=provenance(way),
        )

    def _runner_up(self, chosen: Way, others: list[Other]) -> Other | None:
        """The next best of another model or on other devices; where there is none, with other settings."""
        kinds = (other for other in others if kind(other.way) != kind(chosen))
        settings = (other for other in others if other.way.candidate.knobs != chosen.candidate.knobs)
        return next(kinds, None) or next(settings, None)

    def _configuration(self, way: Way) -> Configuration:
        return configuration(way, self.offers[way.candidate.offer])

    def _closest(self, found: Ways, chosen: Way) -> list[Way]:
        """Other ways to do a node: of each kind the best one, those with the highest quality and speed first."""
        kinds: dict[tuple[object, ...], Way] = {}
        for way in sorted(found.ways, key=lambda way: (-way.quality, way.candidate.task_s)):
            if way is not chosen:
                kinds.setdefault((*kind(way), way.quality, drawn_height(way.candidate.knobs), way.from_height), way)
        return list(kinds.values())[:CLOSEST]

    def _instead(self, name: str, way: Way) -> Other:
        """The outcome with another way to do a node, on as many instances as serve best.

        Where nodes share the instances of the one chosen, it is also tried that all of them move.
        """
        alone = [name]
        together = [other for other in self.built.ways if self._moves(other, self._chosen(name)[0], way)]
        groups = [alone, together] if len(together) > 1 else [alone]
        return min((self._moved(group, way, most) for group in groups for most in (1, 0, None)), key=self._rank)

    def _moves(self, name: str, chosen: Way, way: Way) -> bool:
        """Whether a node that is done with the chosen instances could be done with those of another way."""
        shares = kind(self._chosen(name)[0]) == kind(chosen)
        return shares and any(kind(other) == kind(way) for other in self.built.ways[name].ways)

    def _moved(self, names: Iterable[str], way: Way, most: int | None) -> Other:
        """The outcome where nodes are done in another way, on one instance, as many as now (0) or all (None)."""
        uses = list(self.solution.assignment)
        for name in names:
            at = self.index[name]
            ways = self.built.ways[name].ways
            index = ways.index(way) if way in ways else next(i for i, w in enumerate(ways) if kind(w) == kind(way))
            top = instances_at_most(self.problem, self.problem.steps[at], ways[index].candidate)
            uses[at] = Use(index, top if most is None else min(most or uses[at].instances, top))
        moved = settled(self.problem, tuple(uses))
        outcome = evaluate(self.problem, moved)
        return Other(way, outcome, tuple(violations(self.problem, moved, outcome, 1e-6)))

    def _rank(self, other: Other) -> tuple[object, ...]:
        return (len(other.broken), *(other.outcome.value(objective) for objective in self.problem.objectives))

    def _alternatives(
        self, chosen: Way, others: list[Other], found: Ways, runner_up: Other | None
    ) -> Iterator[tuple[str, str]]:
        """Each other model once, and the chosen one on other devices, or with other settings as the next best."""
        told = {chosen.card.name}
        for other in others:
            apart = other.way.card.name == chosen.card.name
            apart = apart and (kind(other.way) != kind(chosen) or other is runner_up)
            named = self.say.told_apart(other.way, chosen) if apart else other.way.card.name
            if named not in told:
                told.add(named)
                where = f"{named.removeprefix(other.way.card.name).strip()}: " if apart and not other.broken else ""
                yield other.way.card.name, where + self.say.against(chosen, other)
        yield from ((name, why) for name, why in found.refused if name not in told)

    def _reason(self, name: str, found: Ways, chosen: Way, others: list[Other]) -> str:
        """What decided, in one sentence."""
        if len(found.ways) == 1:
            return found.reason or "the only one here"
        ideals = [other for other in others if self._better(other.way, chosen, name)]
        blocked = [other for other in ideals if other.broken]
        if blocked:
            wanted = min(blocked, key=lambda other: ("ties" in other.broken, self._worth(other.way, name)))
            return self.say.why_not(wanted, chosen)
        if ideals:
            return f"the best for {self.objective} of the whole"
        best = _BEST[self.built.graph.node(name).slo.objective[0] if self._own(name) else self.objective]
        best += self._but_stills(name, chosen, found) + self._of_equals(name, chosen, others)
        return f"{best}; {found.reason}" if found.reason else best

    def _but_stills(self, name: str, chosen: Way, found: Ways) -> str:
        """That what stands still would serve the objective better, and is a last resort."""
        return " among moving pictures" if any(self._better(still, chosen, name) for still in found.stills) else ""

    def _own(self, name: str) -> bool:
        return bool(self.built.graph.node(name).slo.objective)

    def _worth(self, way: Way, name: str) -> float:
        """The figure of one way alone that the first objective wants small."""
        candidate = way.candidate
        price = self.offers[candidate.offer].price
        return {
            "quality": -way.quality,
            "latency": candidate.task_s,
            "ttff": candidate.first_s or candidate.task_s,
            "cost": candidate.task_s * candidate.devices * price,
            "energy": candidate.task_s * candidate.power_w,
        }[self.objective]

    def _better(self, way: Way, chosen: Way, name: str) -> bool:
        return self._worth(way, name) < self._worth(chosen, name) - EPSILON

    def _of_equals(self, name: str, chosen: Way, others: list[Other]) -> str:
        """Why this one of several that are as good for the first objective."""
        equal = [o for o in others if abs(self._worth(o.way, name) - self._worth(chosen, name)) <= EPSILON]
        equal = [other for other in equal if other.broken != ("ties",)]
        if not equal:
            return ""
        other = min(equal, key=self._rank)
        if other.broken:
            return f"; {self.say.why_not(other, chosen)}"
        for objective in self.problem.objectives[1:]:
            before, after = self.solution.outcome.value(objective), other.outcome.value(objective)
            if after > before + max(1e-6, 1e-4 * abs(before)):
                most = "highest" if objective == "quality" else "least"
                return (
                    f"; of equals the one with the {most} {objective} ({self.say.compared(objective, other, chosen)})"
                )
        return ""

    def _pools(self, names: Iterable[str]) -> dict[Pool, int]:
        pools: dict[Pool, int] = {}
        for name in names:
            way, use = self._chosen(name)
            pools[way.candidate.pool] = max(pools.get(way.candidate.pool, 0), use.instances)
        return pools

    def _groups(self, pools: dict[Pool, int]) -> Iterator[Instances]:
        for (model, index, devices), count in pools.items():
            offer = self.offers[index]
            shared = offer.device.kind == "cpu"
            count = min(count, max(offer.count // devices, 1) if devices else 1) if shared else count
            yield Instances(model, offer.device.name, devices, count, is_spot(offer), offer.region)

    def _notes(self) -> Iterator[str]:
        """Where nothing moves, what nobody measured, and what cannot be told of promises that were made."""
        for name, ways in self.built.ways.items():
            way, _ = self._chosen(name)
            if static(way):
                yield self._still(name, way, ways)
            device = self.offers[way.candidate.offer].device
            if way.profile is None and device.kind == "gpu":
                told = f"nobody measured {way.card.name} on {device.name}, so its time counts as nothing here"
                yield f"{told}; on such a machine, murakkab profile {way.card.name} measures it"
        made = {name: self._chosen(name)[0] for name in self.built.ways}
        yield from uses_otherwise((name, one.card, self._configuration(one)) for name, one in made.items())
        for found in self.predictions:
            if found.value is None and found.limit is not None:
                yield f"{found.name} is not predicted: {found.note}"

    def _still(self, name: str, chosen: Way, found: Ways) -> str:
        """What it means that nothing moves at a node, and why it is so."""
        moving = max((way for way in found.ways if not static(way)), key=lambda way: way.quality, default=None)
        told = f"nothing moves in the pictures of '{name}': quality {chosen.quality:.2f}"
        if moving is None:
            return f"{told}, as was asked for"
        return f"{told} in place of {moving.quality:.2f}, since no plan with moving ones keeps what is promised"

    def _relaxation(self, found: assign.Relaxation) -> Relaxation:
        name = found.limit
        if found.offer >= 0 and name == "devices":
            name = f"devices {self.offers[found.offer].device.name}"
        dropped = math.isinf(found.instead) or (name in ("quality", "realtime") and not found.instead)
        now = self.solution.outcome.value(self.objective)
        before, after = (1 - now, 1 - found.value) if self.objective == "quality" else (now, found.value)
        return Relaxation(name, found.now, None if dropped else found.instead, self.objective, before, after)

    def _gap(self) -> float | None:
        value, bound = self.solution.outcome.value(self.objective), self.solution.bound
        if self.solution.method != "exact" or math.isinf(bound):
            return None
        whole = self.solution.outcome.quality if self.objective == "quality" else abs(value)
        return round(max(value - bound, 0.0) / whole, 9) if whole else 0.0


def configuration(way: Way, offer: Offer) -> Configuration:
    """A way to do a node as it stands in a plan."""
    needs, processor = way.card.needs_with(way.candidate.knobs), offer.device.kind == "cpu"
    needs = msgspec.structs.replace(needs, memory_mb=round(way.candidate.memory_mb))
    if processor:
        needs = msgspec.structs.replace(needs, threads=way.candidate.devices)
    return Configuration(
        model=way.card.name,
        knobs=way.candidate.knobs,
        needs=needs,
        seconds=round(way.task_s, 4),
        device=offer.device.name,
        devices=0 if processor else way.candidate.devices,
        quality=way.quality,
    )
