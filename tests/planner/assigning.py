"""Small problems, and what is best in them by trying everything."""

import itertools
import math

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from murakkab_optimizer.hardware import Cluster, DeviceType, Offer
from murakkab_optimizer.planner.assign import (
    Candidate,
    Limits,
    Need,
    Problem,
    Step,
    Tie,
    Use,
    evaluate,
    violations,
)
from murakkab_optimizer.planner.assign.evaluate import instances_at_most

OBJECTIVES = ("quality", "latency", "ttff", "cost", "energy")
MOST = 4000
"""Assignments of a problem that is tried out wholly."""

FEW = 400
"""The same, where a quick test tries many problems."""

GPU = DeviceType("A", 2.0, spot=1.0, evictions_per_hour=20.0, idle_w=50, peak_w=300, server_size=2)
OTHER = DeviceType("B", 5.0, idle_w=80, peak_w=700, server_size=4)
CPU = DeviceType("cpu", 0.1, kind="cpu")


def quick(examples):
    """So many examples, however many are passed over for their size or since nothing keeps their limits."""
    return settings(max_examples=examples, suppress_health_check=list(HealthCheck))


def everything(problem):
    """All assignments, with their outcomes, that keep the limits."""
    ways = [
        [
            Use(index, instances)
            for index, candidate in enumerate(step.candidates)
            for instances in range(1, instances_at_most(problem, step, candidate) + 1)
        ]
        for step in problem.steps
    ]
    for assignment in itertools.product(*ways):
        yield assignment, evaluate(problem, assignment)


def kept(problem):
    return [(a, o) for a, o in everything(problem) if not list(violations(problem, a, o))]


def size(problem):
    return math.prod(
        sum(instances_at_most(problem, step, candidate) for candidate in step.candidates) for step in problem.steps
    )


def best(problem, objective):
    """The least value of an objective, or None where no assignment keeps the limits."""
    return min((outcome.value(objective) for _, outcome in kept(problem)), default=None)


def asked(times):
    """A ``may_go_on`` that lets a search go on so many times."""
    left = iter(range(times))
    return lambda: next(left, None) is not None


def relimit(problem, **limits):
    return msgspec.structs.replace(problem, limits=msgspec.structs.replace(problem.limits, **limits))


seconds = st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0, 4.5, 7.0]) | st.floats(0.1, 20.0)
qualities = st.sampled_from([0.0, 0.4, 0.8, 1.0, 1.0]) | st.floats(0.05, 1.0)


@st.composite
def clusters(draw):
    offers = [Offer(GPU, draw(st.integers(0, 4)), spot=draw(st.booleans()))]
    if draw(st.booleans()):
        offers.append(Offer(OTHER, draw(st.integers(1, 4)), spot=False))
    if draw(st.booleans()):
        offers.append(Offer(CPU, draw(st.integers(1, 4)), spot=False))
    memory = draw(st.sampled_from([0, 0, 100, 300]))
    return Cluster("small", tuple(offers), memory_mb=memory, billing=draw(st.sampled_from(["held", "used"])))


@st.composite
def candidates(draw, cluster):
    offer = draw(st.integers(0, len(cluster.offers) - 1))
    devices = draw(st.sampled_from([1, 1, 2])) if draw(st.integers(0, 9)) else 0
    return Candidate(
        model=draw(st.sampled_from(["one", "two", "three", "four"])),
        offer=offer,
        devices=devices,
        task_s=draw(seconds),
        first_s=draw(st.sampled_from([0.0, 0.0, 0.3, 1.0])),
        quality=draw(qualities),
        power_w=draw(st.sampled_from([0.0, 40.0, 300.0])),
        memory_mb=draw(st.sampled_from([0.0, 20.0, 60.0])),
        load_s=draw(st.sampled_from([0.0, 5.0, 30.0])),
    )


@st.composite
def steps(draw, index, cluster):
    needs = [
        Need(f"s{before}", whole=draw(st.booleans())) for before in range(index) if draw(st.integers(0, 2)) or not index
    ]
    made = draw(st.lists(candidates(cluster), min_size=1, max_size=3 if index else 4))
    return Step(f"s{index}", draw(st.integers(1, 5)), tuple(made), tuple(needs), serial=not draw(st.integers(0, 4)))


@st.composite
def ties(draw, made):
    if len(made) < 2 or draw(st.integers(0, 2)):
        return ()
    one, other = draw(st.sampled_from(list(itertools.permutations(made, 2))))
    return (
        Tie(
            one.name,
            frozenset(draw(st.sets(st.integers(0, len(one.candidates) - 1), min_size=1))),
            other.name,
            frozenset(draw(st.sets(st.integers(0, len(other.candidates) - 1), min_size=1))),
        ),
    )


@st.composite
def problems(draw, limited=True, most=4, shows=False):
    """Problems of two to four steps, some or all with a show; their limits lie about what some assignment gives."""
    cluster = draw(clusters())
    made = tuple(draw(steps(index, cluster)) for index in range(draw(st.integers(2, most))))
    shown = draw(st.sampled_from(["", made[-1].name, made[-1].name])) if not shows else made[-1].name
    pools = sorted({candidate.pool for step in made for candidate in step.candidates})
    problem = Problem(
        steps=made,
        cluster=cluster,
        shown=shown,
        video_s=draw(st.sampled_from([0.0, 5.0, 20.0])) if shown else 0.0,
        ties=draw(ties(made)),
        reserve=draw(st.sampled_from([0.0, 0.25])),
        held={draw(st.sampled_from(pools)): draw(st.integers(1, 2))} if draw(st.booleans()) else {},
        objectives=(draw(st.sampled_from(OBJECTIVES)),),
    )
    return msgspec.structs.replace(problem, limits=draw(limits(problem))) if limited else problem


@st.composite
def limits(draw, problem):
    uses = []
    for step in problem.steps:
        index = draw(st.integers(0, len(step.candidates) - 1))
        most = instances_at_most(problem, step, step.candidates[index])
        uses.append(Use(index, draw(st.integers(1, most))))
    given = evaluate(problem, tuple(uses))
    room = st.sampled_from([1.0, 1.0, 1.1, 0.8, 2.0])
    return Limits(
        ttff_s=given.ttff_s * draw(room) if draw(st.integers(0, 3)) == 0 else float("inf"),
        realtime=draw(st.integers(0, 2)) == 0,
        latency_s=given.latency_s * draw(room) if draw(st.integers(0, 2)) == 0 else float("inf"),
        cost_usd=given.cost_usd * draw(room) if draw(st.integers(0, 2)) == 0 else float("inf"),
        energy_wh=given.energy_wh * draw(room) if draw(st.integers(0, 3)) == 0 else float("inf"),
        quality=min(given.quality * draw(room), 1.0) if draw(st.integers(0, 2)) == 0 else 0.0,
    )
