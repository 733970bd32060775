"""The door of the planner: a workflow, a catalogue, profiles and a cluster in; a plan with reasons out."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import Graph
from murakkab_optimizer.hardware import Cluster
from murakkab_optimizer.plan import Pin, Plan
from murakkab_optimizer.planner.alike import ties_of_loads
from murakkab_optimizer.planner.assign.evaluate import evaluate, instances_at_most, violations
from murakkab_optimizer.planner.assign.nouns import (
    Infeasible,
    Objective,
    Problem,
    Relaxation,
    Solution,
    Step,
    Undecided,
    Use,
)
from murakkab_optimizer.planner.build import Built, build, wanted
from murakkab_optimizer.planner.candidates import Finder
from murakkab_optimizer.planner.eligible import Here, NoPlanError
from murakkab_optimizer.planner.explain import explain
from murakkab_optimizer.planner.greedy import plan_greedy
from murakkab_optimizer.planner.rungs import filming, ladder
from murakkab_optimizer.planner.speeds import Speeds
from murakkab_optimizer.planner.stages import staged_ladder
from murakkab_optimizer.planner.stills import with_stills
from murakkab_optimizer.planner.wording import amount, number
from murakkab_optimizer.planner.workload import workload
from murakkab_optimizer.profiles import Profile
from murakkab_optimizer.profiles.memory import Memories, Seen

COMBINED = 64
"""Choices of equal quality that are looked at together before it is left to a search."""

HURRIED = (
    "time was over before there was a plan that keeps all that is promised; this one uses accelerators for nothing "
    "that processors can do, and may not keep it: allow more time"
)
"""What is said where nothing was found in time."""


class PlanRequest(msgspec.Struct, frozen=True):
    """What is to be planned.

    Attributes:
        graph: the checked workflow.
        cards: models that may be used.
        profiles: what is known of their speed.
        cluster: the machines.
        absent: names of models that exist but cannot be used, each with what it would take.
        pins: what a person asks of single nodes; it holds whatever it costs.
        here: the place of the machines, where the offers of the cluster do not say.
        in_force: the plan that runs now; its instances need no loading.
        may_go_on: asked now and then; the search ends with what it has once this is False.
        relax: whether to find out what giving way at each promise would buy (it takes a search each).
        rate: runs that come in each second; it matters where profiles say how speed falls with load.
        memories: memory that configurations were seen to need on these machines.

    """

    graph: Graph
    cards: Sequence[ModelCard]
    profiles: Sequence[Profile]
    cluster: Cluster
    absent: Mapping[str, str] = {}
    pins: Mapping[str, Pin] = {}
    here: Here = Here()
    in_force: Plan | None = None
    may_go_on: Callable[[], bool] = lambda: True
    relax: bool = True
    rate: float = 0.0
    memories: Sequence[Seen] = ()


def plan_workflow(request: PlanRequest) -> Plan:
    """Choose model, settings, devices and instances of every node.

    The plan is the best one, with a proof, where there is time for it; else the best one that was found. Where nothing
    was found in time it is that of the greedy planner (``Plan.method`` says which), which leaves to accelerators only
    what nothing else can do.

    Raises:
        NoPlanError: nothing keeps all that is promised; ``nearest`` has the nearest promises that can be kept.
        PinError: a pin names what does not exist.

    """
    for built in _giving_way(request):
        try:
            return _explained(built, *_solved(built, request))
        except Infeasible as fault:
            told = _no_plan(built, fault)
        except Undecided:
            return _greedy(request)
    raise told


def _giving_way(request: PlanRequest) -> Iterator[Built]:
    """The problem; then without the wishes of single nodes; at last with pictures that stand still."""
    speeds = Speeds(request.profiles)
    built = _build(request, speeds)
    yield from _alike_or_not(built)
    if any(node.slo.objective for node in request.graph.nodes):
        built = _build(request, speeds, strict=False)
        yield from _alike_or_not(built)
    if (whole := with_stills(built)) is not built:
        yield from _alike_or_not(whole)


def _alike_or_not(built: Built) -> Iterator[Built]:
    """A problem; then with models that are loaded anew for nodes which share them, where that may help."""
    yield built
    if alike := set(ties_of_loads(built.ways)):
        loose = tuple(tie for tie in built.problem.ties if tie not in alike)
        yield msgspec.structs.replace(built, problem=msgspec.structs.replace(built.problem, ties=loose))


def _explained(built: Built, solution: Solution, relaxations: list[Relaxation]) -> Plan:
    plan = explain(built, solution, relaxations)
    rungs = ladder(with_stills(built), solution) or staged_ladder(built, solution)
    return msgspec.structs.replace(plan, rungs=rungs)


def pareto(request: PlanRequest, x: Objective, y: Objective, points: int = 12) -> list[Plan]:
    """The plans of which none is better in both ``x`` and ``y``, from the best in ``x`` to the best in ``y``.

    Raises:
        NoPlanError: as ``plan_workflow``, or time was over before there was a plan.

    """
    from murakkab_optimizer.planner.assign.pareto import front

    built = _build(request, Speeds(request.profiles), strict=False)
    built = msgspec.structs.replace(built, problem=msgspec.structs.replace(built.problem, objectives=(x, y)))
    tried = [built, whole] if (whole := with_stills(built)) is not built else [built]
    for one in itertools.chain.from_iterable(map(_alike_or_not, tried)):
        try:
            return [explain(one, found) for found in front(one.problem, x, y, points, request.may_go_on)]
        except Infeasible as fault:
            told = _no_plan(one, fault)
        except Undecided:
            raise NoPlanError("time was over before there was a plan; allow more") from None
    raise told


def _build(request: PlanRequest, speeds: Speeds, *, strict: bool = True) -> Built:
    """The problem; speeds are those of the whole request, so that latency models are fitted once."""
    memories = Memories(request.memories)
    finder = Finder(request.cards, speeds, request.cluster, request.absent, request.here, request.rate, memories)
    return build(request.graph, workload(request.graph), finder, request.pins, request.in_force, strict=strict)


def _solved(built: Built, request: PlanRequest) -> tuple[Solution, list[Relaxation]]:
    """The solution, and what giving way would buy where that is asked."""
    if (solution := plain(built.problem)) is None:
        from murakkab_optimizer.planner.assign.solving import solve

        solution = solve(built.problem, may_go_on=request.may_go_on)
    if not request.relax:
        return solution, []
    from murakkab_optimizer.planner.assign.sensitivity import relaxations

    return solution, relaxations(built.problem, solution, request.may_go_on)


def plain(problem: Problem) -> Solution | None:
    """The best assignment where it can be seen without a search; None where it cannot.

    Where quality comes first, and one choice alone has the highest quality at each step and what must go together does,
    all on shared cores: nothing is as good as that on as many instances as it can use. More instances make nothing
    later, dearer or larger.
    """
    if problem.objectives[0] != "quality":
        return None
    ideal = [_ideal(step) for step in problem.steps]
    if math.prod(map(len, ideal)) > COMBINED:
        return None
    going = [picks for picks in itertools.product(*ideal) if _together(problem, picks)]
    if len(going) != 1:
        return None
    pairs = [(step, index, step.candidates[index]) for step, index in zip(problem.steps, going[0], strict=True)]
    if any(problem.cluster.offers[candidate.offer].device.kind != "cpu" for _, _, candidate in pairs):
        return None
    uses = tuple(Use(index, instances_at_most(problem, step, candidate)) for step, index, candidate in pairs)
    outcome = evaluate(problem, uses)
    return None if any(violations(problem, uses, outcome)) else Solution(uses, outcome, 0.0, "exact")


def _ideal(step: Step) -> list[int]:
    """The candidates of the highest quality."""
    best = max(candidate.quality for candidate in step.candidates)
    return [index for index, candidate in enumerate(step.candidates) if candidate.quality == best]


def _together(problem: Problem, picks: Sequence[int]) -> bool:
    """Whether what must go together does."""
    chosen = dict(zip((step.name for step in problem.steps), picks, strict=True))
    return all(chosen[tie.step] not in tie.when or chosen[tie.other] in tie.then for tie in problem.ties)


def plan_adaptively(request: PlanRequest) -> Plan:
    """The plan of the greedy planner; what it films can be made on the rungs that there are, as time allows.

    For a show of which nobody knows a plan that keeps real time: the scheduler keeps as much of it as can be kept.

    Raises:
        NoPlanError: as ``plan_greedy``.
        PinError: a pin names what does not exist.

    """
    asked = (request.graph, request.cards, request.cluster.cores, request.absent, request.pins, request.here)
    types = [offer.device for offer in request.cluster.offers if offer.device.kind == "gpu"]
    plan = plan_greedy(*asked, profiles=request.profiles, memories=request.memories, accelerators=types)
    return _with_rungs(plan, request) if request.graph.publish else plan


def _with_rungs(plan: Plan, request: PlanRequest) -> Plan:
    """The plan with what is filmed done as well as processors can, and the rungs below; as it is where there are none.

    The rungs are those of a plan that promises no time.
    """
    slo = msgspec.structs.replace(request.graph.slo, ttff_s=None, realtime=False, objective=("quality",))
    graph, speeds = msgspec.structs.replace(request.graph, slo=slo), Speeds(request.profiles)
    processors = tuple(offer for offer in request.cluster.offers if offer.device.kind == "cpu")
    cluster = msgspec.structs.replace(request.cluster, offers=processors)
    free = msgspec.structs.replace(request, graph=graph, cluster=cluster, in_force=None, relax=False)
    try:
        films = set(filming(graph, _build(free, speeds, strict=False).ways))
        pins = {name: Pin(one.chosen.model, one.chosen.knobs) for name, one in plan.nodes.items() if name not in films}
        built = _build(msgspec.structs.replace(free, pins={**request.pins, **pins}), speeds, strict=False)
        solution, _ = _solved(built, free)
    except (NoPlanError, Infeasible, Undecided):
        return plan
    if not (rungs := ladder(with_stills(built), solution)):
        return plan
    filmed = {name: one for name, one in explain(built, solution, []).nodes.items() if name in films}
    return msgspec.structs.replace(plan, nodes={**plan.nodes, **filmed}, rungs=rungs)


def _greedy(request: PlanRequest) -> Plan:
    plan = plan_adaptively(request)
    told = {"cluster": request.cluster.name, "objective": wanted(request.graph), "notes": (*plan.notes, HURRIED)}
    return msgspec.structs.replace(plan, **told)


def _no_plan(built: Built, fault: Infeasible) -> NoPlanError:
    """The nearest promises that can be kept, in words."""
    limits = built.problem.limits
    promised = {
        "ttff": limits.ttff_s,
        "latency": limits.latency_s,
        "cost": limits.cost_usd,
        "energy": limits.energy_wh,
        "quality": limits.quality,
    }
    told = [_told(name, value, promised.get(name)) for name, value in fault.nearest.items()]
    if not told:
        return NoPlanError(f"{fault}{_accelerated(built)}", fault.nearest, alone=fault.alone)
    how = "; or ".join(told) if fault.alone else "together these could be had: " + "; ".join(told)
    return NoPlanError(f"nothing keeps all that is promised: {how}", fault.nearest, alone=fault.alone)


def _accelerated(built: Built) -> str:
    """The nodes that nothing but accelerators can do, in words."""
    offers = built.problem.cluster.offers
    names = [
        name
        for name, found in built.ways.items()
        if all(offers[way.candidate.offer].device.kind == "gpu" for way in found.ways)
    ]
    return f"; only accelerators can do: {', '.join(names)}" if names else ""


def _told(name: str, value: float, promised: float | None) -> str:
    if name == "realtime":
        return f"without real time, with a wait of {number(value)} s"
    had = f"{name} {amount(name, value)} could be had"
    return had if promised is None else f"{had}, promised were {amount(name, promised)}"
