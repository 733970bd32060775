"""A solution as a plan that people can follow: every choice with the promise, the person or the wish that decided."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import msgspec

from murakkab_optimizer.hardware import Offer
from murakkab_optimizer.plan import Configuration, Instances, NodePlan, Plan, Prediction, Relaxation
from murakkab_optimizer.planner import assign
from murakkab_optimizer.planner.assign.evaluate import evaluate, instances_at_most, violations
from murakkab_optimizer.planner.assign.nouns import INFINITE, Assignment, Outcome, Pool, Solution, Use
from murakkab_optimizer.planner.build import Built
from murakkab_optimizer.planner.candidates import Way, Ways
from murakkab_optimizer.planner.speeds import drawn_height
from murakkab_optimizer.profiles import Profile

CLOSEST = 24
"""Other ways to do a node that are tried in its place, the most promising ones first."""

_EPSILON = 1e-9
_BEST = {
    "quality": "the best-rated one here",
    "latency": "the fastest one here, for latency",
    "ttff": "the one with the first item here, for ttff",
    "cost": "the cheapest one here, for cost",
    "energy": "the thriftiest one here, for energy",
}
_UNITS = {"ttff": "s", "latency": "s", "cost": "US$", "energy": "Wh", "quality": "", "realtime": "s"}


def explain(built: Built, solution: Solution, relaxations: Iterable[assign.Relaxation] = ()) -> Plan:
    """Put a solution into words."""
    return _Explainer(built, solution).plan(relaxations)


class _Other(msgspec.Struct, frozen=True):
    """What comes out when one node is done in another way and all the others as planned."""

    way: Way
    outcome: Outcome
    broken: tuple[str, ...]


class _Explainer:
    def __init__(self, built: Built, solution: Solution) -> None:
        self.built, self.solution, self.problem = built, solution, built.problem
        self.offers = built.problem.cluster.offers
        self.index = {step.name: i for i, step in enumerate(built.problem.steps)}
        self.objective = built.problem.objectives[0]

    def plan(self, relaxations: Iterable[assign.Relaxation]) -> Plan:
        relaxed = tuple(self._relaxation(found) for found in relaxations)
        return Plan(
            nodes={name: self._node(name, found) for name, found in self.built.ways.items()},
            notes=tuple(self._notes()),
            workflow=self.built.graph.name,
            cluster=self.problem.cluster.name,
            objective=self.problem.objectives,
            predictions=tuple(self._predictions()),
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
        runner_up = next((other for other in others if _kind(other.way) != _kind(way)), None)
        return NodePlan(
            chosen=self._configuration(way),
            reason=self._reason(name, found, way, others),
            alternatives=tuple(self._alternatives(way, others, found)),
            instances=tuple(self._groups(self._pools([name]))),
            runner_up=self._configuration(runner_up.way) if runner_up else None,
            provenance=provenance(way.profile),
        )

    def _configuration(self, way: Way) -> Configuration:
        offer, needs = self.offers[way.candidate.offer], way.card.needs
        processor = offer.device.kind == "cpu"
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

    def _closest(self, found: Ways, chosen: Way) -> list[Way]:
        """Other ways to do a node: of each kind the best one, those with the highest quality and speed first."""
        kinds: dict[tuple[object, ...], Way] = {}
        for way in sorted(found.ways, key=lambda way: (-way.quality, way.candidate.task_s)):
            if way is not chosen:
                kinds.setdefault((*_kind(way), way.quality, drawn_height(way.candidate.knobs)), way)
        return list(kinds.values())[:CLOSEST]

    def _instead(self, name: str, way: Way) -> _Other:
        """The outcome with another way to do a node, on as many instances as serve best."""
        at, step = self.index[name], self.problem.steps[self.index[name]]
        candidate = self.built.ways[name].ways.index(way)
        most = instances_at_most(self.problem, step, way.candidate)
        now = self.solution.assignment[at].instances
        tried = [self._with(at, Use(candidate, count), way) for count in sorted({1, min(now, most), most})]
        return min(tried, key=self._rank)

    def _with(self, at: int, use: Use, way: Way) -> _Other:
        assignment: Assignment = (*self.solution.assignment[:at], use, *self.solution.assignment[at + 1 :])
        outcome = evaluate(self.problem, assignment)
        return _Other(way, outcome, tuple(violations(self.problem, assignment, outcome, 1e-6)))

    def _rank(self, other: _Other) -> tuple[object, ...]:
        return (len(other.broken), *(other.outcome.value(objective) for objective in self.problem.objectives))

    def _alternatives(self, chosen: Way, others: list[_Other], found: Ways) -> Iterator[tuple[str, str]]:
        """Each other model once, and the best other device of the chosen one."""
        told = {chosen.card.name}
        for other in others:
            moved = other.way.card.name == chosen.card.name and _kind(other.way) != _kind(chosen)
            named = self._named(other.way) if moved else other.way.card.name
            if named not in told:
                told.add(named)
                where = f"{named.removeprefix(other.way.card.name).strip()}: " if moved else ""
                yield other.way.card.name, where + self._against(chosen, other)
        yield from ((name, why) for name, why in found.refused if name not in told)

    def _named(self, way: Way) -> str:
        """A model with the device that it is on."""
        offer, devices = self.offers[way.candidate.offer], way.candidate.devices
        many = f"{devices} " if offer.device.kind == "gpu" and devices > 1 else ""
        return f"{way.card.name} on {many}{offer.device.name}{' (spot)' if _is_spot(offer) else ''}"

    def _reason(self, name: str, found: Ways, chosen: Way, others: list[_Other]) -> str:
        """What decided, in one sentence."""
        if len(found.ways) == 1:
            return found.reason or "the only one here"
        ideals = [other for other in others if self._better(other.way, chosen, name)]
        blocked = [other for other in ideals if other.broken]
        if blocked:
            wanted = min(blocked, key=lambda other: ("ties" in other.broken, self._worth(other.way, name)))
            return self._why_not(wanted, chosen)
        if ideals:
            return f"the best for {self.objective} of the whole"
        best = _BEST[self.built.graph.node(name).slo.objective[0] if self._own(name) else self.objective]
        best += self._of_equals(name, chosen, others)
        return f"{best}; {found.reason}" if found.reason else best

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
        return self._worth(way, name) < self._worth(chosen, name) - _EPSILON

    def _of_equals(self, name: str, chosen: Way, others: list[_Other]) -> str:
        """Why this one of several that are as good for the first objective."""
        equal = [o for o in others if abs(self._worth(o.way, name) - self._worth(chosen, name)) <= _EPSILON]
        equal = [other for other in equal if other.broken != ("ties",)]
        if not equal:
            return ""
        other = min(equal, key=self._rank)
        if other.broken:
            return f"; {self._why_not(other, chosen)}"
        for objective in self.problem.objectives[1:]:
            before, after = self.solution.outcome.value(objective), other.outcome.value(objective)
            if after > before + max(1e-6, 1e-4 * abs(before)):
                most = "highest" if objective == "quality" else "least"
                return f"; of equals the one with the {most} {objective} ({self._compared(objective, other)})"
        return ""

    def _compared(self, objective: str, other: _Other) -> str:
        """Figures of the whole with the chosen way and with another one."""
        named = self._named(other.way)
        return f"{_figure(objective, self.solution.outcome)} against {_figure(objective, other.outcome)} with {named}"

    def _why_not(self, other: _Other, chosen: Way) -> str:
        """Which promise would be broken."""
        limits, outcome = self.problem.limits, other.outcome
        named = other.way.card.name if other.way.card.name != chosen.card.name else self._told_apart(other.way, chosen)
        broken = other.broken[0]
        if broken == "ttff" and outcome.first_s <= limits.ttff_s:
            late = outcome.ttff_s - limits.ttff_s
            return f"with {named} the viewer would have to wait {number(late)} s later on, and real time is promised"
        match broken:
            case "ttff":
                first, most = number(outcome.first_s), number(limits.ttff_s)
                return f"{named} would show the first item after {first} s; ttff {most} s is promised"
            case "latency":
                took, most = number(outcome.latency_s), number(limits.latency_s)
                return f"{named} would take {took} s in all; latency {most} s is promised"
            case "cost":
                return (
                    f"{named} would cost {number(outcome.cost_usd)} US$; cost {number(limits.cost_usd)} US$ is promised"
                )
            case "energy":
                drawn, most = number(outcome.energy_wh), number(limits.energy_wh)
                return f"{named} would take {drawn} Wh; energy {most} Wh is promised"
            case "quality":
                return f"{named} would give quality {outcome.quality:.3g}; quality {limits.quality:.3g} is promised"
            case "realtime":
                wait = outcome.ttff_s - outcome.first_s
                return f"with {named} the viewer would have to wait {number(wait)} s, and real time is promised"
            case "cores":
                free = self.problem.cluster.cores * (1 - self.problem.reserve)
                return f"{named} would need {outcome.load - free:.2f} more cores than are free to keep real time"
            case "devices":
                return f"there are not enough {self.offers[other.way.candidate.offer].device.name} for {named}"
            case "memory":
                return f"there is not enough memory for {named}"
        return _apart(named, other.way, chosen)

    def _told_apart(self, way: Way, chosen: Way) -> str:
        """Another configuration of the same model: by its device or by its settings."""
        if _kind(way) != _kind(chosen):
            return self._named(way)
        mine, its = chosen.candidate.knobs, way.candidate.knobs
        return f"{way.card.name} with " + ", ".join(f"{k} {v}" for k, v in its.items() if mine.get(k) != v)

    def _against(self, chosen: Way, other: _Other) -> str:
        """Why another one was not taken."""
        if other.broken:
            return self._why_not(other, chosen)
        before, after = self.solution.outcome, other.outcome
        if self.objective == "quality" and other.way.quality < chosen.quality - _EPSILON:
            return f"rated {other.way.quality:.3g} against {chosen.quality:.3g}"
        for objective in self.problem.objectives:
            if after.value(objective) > before.value(objective) + 1e-9:
                return f"{_WORDS[objective]}: {_figure(objective, after)} against {_figure(objective, before)}"
        return "as good"

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
            yield Instances(model, offer.device.name, devices, count, _is_spot(offer), offer.region)

    def _predictions(self) -> Iterator[Prediction]:
        outcome, limits, graph = self.solution.outcome, self.problem.limits, self.built.graph
        unknown = self._unknown()
        note = f"never measured, counted as nothing: {', '.join(unknown)}" if unknown else ""
        if graph.publish:
            yield self._prediction(
                "ttff", outcome.first_s if not limits.realtime else outcome.ttff_s, limits.ttff_s, note
            )
        if limits.realtime and graph.publish:
            yield Prediction("realtime", "s", outcome.ttff_s - outcome.first_s, 0.0, note)
        yield self._prediction("latency", outcome.latency_s, limits.latency_s, note)
        yield self._money(limits.cost_usd)
        yield self._power(limits.energy_wh)
        quality = limits.quality or INFINITE
        yield self._prediction("quality", outcome.quality, quality, "share of the best that can be had here")

    def _prediction(self, name: str, value: float, limit: float, note: str) -> Prediction:
        return Prediction(name, _UNITS[name], value, None if math.isinf(limit) else limit, note)

    def _money(self, limit: float) -> Prediction:
        if not any(offer.price for offer in self.offers):
            return Prediction("cost", "US$", None, None if math.isinf(limit) else limit, "this machine has no price")
        return self._prediction("cost", self.solution.outcome.cost_usd, limit, "")

    def _power(self, limit: float) -> Prediction:
        if not self.solution.outcome.energy_wh:
            told = "nothing here measures it"
            return Prediction("energy", "Wh", None, None if math.isinf(limit) else limit, told)
        ways = [self._chosen(name)[0] for name in self.built.ways]
        metered = all(way.profile is not None and way.profile.energy in ("measured", "cited") for way in ways)
        return self._prediction("energy", self.solution.outcome.energy_wh, limit, "" if metered else "estimated")

    def _unknown(self) -> list[str]:
        """Models that nobody measured, but for those whose work is too short to count."""
        chosen = [self._chosen(name)[0] for name in self.built.ways]
        return list(dict.fromkeys(way.card.name for way in chosen if way.profile is None and way.candidate.devices))

    def _notes(self) -> Iterator[str]:
        """What cannot be told of promises that were made."""
        for found in self._predictions():
            if found.value is None and found.limit is not None:
                yield f"{found.name} is not predicted: {found.note}"

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


_WORDS = {
    "quality": "worse",
    "latency": "slower",
    "ttff": "later first item",
    "cost": "dearer",
    "energy": "more energy",
}


def _figure(objective: str, outcome: Outcome) -> str:
    if objective == "quality":
        return f"{outcome.quality:.3g}"
    return f"{number(outcome.value(objective))} {_UNITS[objective]}"  # type: ignore[arg-type]


def number(value: float) -> str:
    """A figure for people: three digits, and all of those before the point."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _apart(named: str, way: Way, chosen: Way) -> str:
    """Why a way does not go with what is done before or after it."""
    drawn, now = drawn_height(way.candidate.knobs), drawn_height(chosen.candidate.knobs)
    if way.card.passes:
        return f"{named} hands pictures on as they are, and those before it are smaller than the canvas"
    if drawn and not now:
        return f"{named} would make pictures smaller than the canvas, and nothing enlarges them"
    if now and not drawn:
        return f"{named} would leave nothing to enlarge"
    return f"nothing is left for {named} to do: the pictures before it are as large as the canvas"


def _kind(way: Way) -> tuple[str, int, int]:
    return way.candidate.pool


def _is_spot(offer: Offer) -> bool:
    return offer.spot and offer.device.kind == "gpu"


def provenance(profile: Profile | None) -> str:
    """Where an expected time comes from, in words."""
    if profile is None:
        return "never measured"
    found = profile.provenance
    words = {
        "measured": "measured here",
        "shipped": "measured on another machine",
        "scaled": "measured on another machine, scaled to this one",
        "cited": "published",
        "estimated": "estimated",
    }[found.kind]
    return ", ".join(filter(None, [words, found.source, found.device, found.date]))
