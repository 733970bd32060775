"""What giving way at a limit would buy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import msgspec

from murakkab_optimizer.hardware import Offer
from murakkab_optimizer.planner.assign.asking import FIELDS, Ask, limit_of, promises, without
from murakkab_optimizer.planner.assign.nearest import MOST_S
from murakkab_optimizer.planner.assign.nouns import INFINITE, Problem, Relaxation, Solution
from murakkab_optimizer.planner.assign.programs import Effort
from murakkab_optimizer.planner.assign.search import search

ROOM = 1.25
"""How much more of something is tried."""


def relaxations(
    problem: Problem,
    solution: Solution,
    may_go_on: Callable[[], bool] = lambda: True,
    *,
    gap: float = 1e-3,
    seconds: float | None = None,
) -> list[Relaxation]:
    """Limits whose relaxation would improve the first objective.

    Each limit is dropped, and moved by a quarter, alone.

    Args:
        problem: what was planned.
        solution: its plan.
        may_go_on: asked between programs; False ends with what is known so far.
        gap: smallest relative gain that is told, and the gap of each program.
        seconds: limit for each program.

    Returns:
        The largest gain first.

    """
    effort = Effort(gap, seconds, may_go_on)
    aim = problem.objectives[0]
    now = solution.outcome.value(aim)
    told = []
    for change, other in _changes(problem):
        if not may_go_on():
            break
        best = search(Ask(other, aim), effort, solution.assignment).best
        gain = (now - best.value) / (abs(now) or 1.0) if best else 0.0
        if best and gain > gap:
            told.append(msgspec.structs.replace(change, value=best.value, gain=gain))
    return sorted(told, key=lambda each: -each.gain)


def _changes(problem: Problem) -> Iterator[tuple[Relaxation, Problem]]:
    """Every change, and the problem with it."""
    yield from _promised(problem)
    for index, offer in enumerate(problem.cluster.offers):
        name = "cores" if offer.device.kind == "cpu" else "devices"
        for count in (math.ceil(offer.count * ROOM), _plenty(problem, index)):
            if count > offer.count:
                wide = _offer(problem, index, msgspec.structs.replace(offer, count=count))
                instead = float(count) if count < _plenty(problem, index) else INFINITE
                yield Relaxation(name, offer.count, instead, 0.0, 0.0, index), wide
    memory = problem.cluster.memory_mb
    for more in (math.ceil(memory * ROOM), 0) if memory else ():
        cluster = msgspec.structs.replace(problem.cluster, memory_mb=more)
        yield (
            Relaxation("memory", memory, float(more or INFINITE), 0.0, 0.0),
            msgspec.structs.replace(problem, cluster=cluster),
        )


def _promised(problem: Problem) -> Iterator[tuple[Relaxation, Problem]]:
    limits = problem.limits
    for name, limit in promises(limits):
        more = limit / ROOM if name == "quality" else limit * ROOM
        wide = msgspec.structs.replace(limits, **{FIELDS[name]: more})
        yield Relaxation(name, limit, more, 0.0, 0.0), msgspec.structs.replace(problem, limits=wide)
        free = without(limits, name)
        if name == "ttff" and limits.realtime:
            free = msgspec.structs.replace(free, ttff_s=MOST_S)
        change = Relaxation(name, limit, limit_of(without(limits, name), name), 0.0, 0.0)
        yield change, msgspec.structs.replace(problem, limits=free)
    if limits.realtime:
        free = msgspec.structs.replace(limits, realtime=False)
        yield Relaxation("realtime", 1.0, 0.0, 0.0, 0.0), msgspec.structs.replace(problem, limits=free)


def _plenty(problem: Problem, index: int) -> int:
    """Devices of an offer that all steps could make use of together."""
    wanted = 0
    for step in problem.steps:
        uses = [c.devices for c in step.candidates if c.offer == index]
        wanted += max(uses, default=0) * (1 if step.serial else max(step.tasks, 1))
    return wanted


def _offer(problem: Problem, index: int, offer: Offer) -> Problem:
    offers = list(problem.cluster.offers)
    offers[index] = offer
    return msgspec.structs.replace(problem, cluster=msgspec.structs.replace(problem.cluster, offers=tuple(offers)))
