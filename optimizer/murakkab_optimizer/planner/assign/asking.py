"""One question to the search: what is to be small, under which limits, and how an assignment answers it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal, cast

import msgspec

from murakkab_optimizer.planner.assign.columns import Matters
from murakkab_optimizer.planner.assign.evaluate import evaluate, violations
from murakkab_optimizer.planner.assign.nouns import INFINITE, SLACK, Assignment, Limits, Objective, Outcome, Problem
from murakkab_optimizer.planner.assign.pace import starts_at_once

Aim = Literal["quality", "latency", "ttff", "cost", "energy", "wait", "shortfall"]
"""An objective; seconds until the show can start and never wait; or how far promises are missed."""


class Ask(msgspec.Struct, frozen=True):
    """What is asked.

    Attributes:
        problem: with the limits that must be kept.
        aim: what is to be small.
        caps: values of objectives (``Outcome.value``) that must be kept, too.
        wanted: promises that may be missed; ``shortfall`` is the sum by which they are.

    """

    problem: Problem
    aim: Aim
    caps: dict[Objective, float] = {}
    wanted: Limits = Limits()

    @property
    def strict(self) -> bool:
        """Whether the show must start with its first item and never wait."""
        return starts_at_once(self.problem)


class Answer(msgspec.Struct, frozen=True):
    """What an assignment gives: its outcome, the value of the aim, and names of what it does not keep."""

    assignment: Assignment
    outcome: Outcome
    value: float
    broken: tuple[str, ...]


def answer(ask: Ask, assignment: Assignment) -> Answer:
    """Measure an assignment."""
    outcome = evaluate(ask.problem, assignment)
    broken = [*violations(ask.problem, assignment, outcome)]
    for name, most in ask.caps.items():
        value = outcome.value(name)
        broken += [name] if value > most + SLACK * max(1.0, abs(most)) else []
    return Answer(assignment, outcome, _value(ask, assignment, outcome), tuple(broken))


def _value(ask: Ask, assignment: Assignment, outcome: Outcome) -> float:
    if ask.aim == "wait":
        return wait_seconds(ask.problem, assignment)
    if ask.aim == "shortfall":
        return sum(missed(limit, name, outcome) for name, limit in promises(ask.wanted))
    return outcome.value(ask.aim)


def wait_seconds(problem: Problem, assignment: Assignment) -> float:
    """Seconds until the show can start and never wait."""
    limits = msgspec.structs.replace(problem.limits, realtime=True)
    return evaluate(msgspec.structs.replace(problem, limits=limits), assignment).ttff_s


def promises(limits: Limits) -> Iterator[tuple[Objective, float]]:
    """What is promised in numbers."""
    for name in FIELDS:
        limit = limit_of(limits, name)
        if (limit > 0) if name == "quality" else (limit < INFINITE):
            yield name, limit


FIELDS: dict[Objective, str] = {
    "ttff": "ttff_s",
    "latency": "latency_s",
    "cost": "cost_usd",
    "energy": "energy_wh",
    "quality": "quality",
}
"""The field of ``Limits`` and ``Outcome`` of each objective."""


def limit_of(limits: Limits, name: Objective) -> float:
    """The limit of one objective."""
    return cast(float, getattr(limits, FIELDS[name]))


def without(limits: Limits, *names: Objective) -> Limits:
    """The limits but for some promises."""
    return msgspec.structs.replace(limits, **{FIELDS[name]: getattr(Limits(), FIELDS[name]) for name in names})


def missed(limit: float, name: Objective, outcome: Outcome) -> float:
    """By how much a promise is missed, relative; of quality, the logarithm."""
    if name == "quality":
        return max(math.log(limit / outcome.quality), 0.0) if outcome.quality else INFINITE
    return max(outcome.value(name) - limit, 0.0) / (limit or 1.0)


def matters(ask: Ask) -> Matters:
    """What the answer depends on."""
    problem = ask.problem
    named = {ask.aim, *ask.caps} | {name for limits in (problem.limits, ask.wanted) for name, _ in promises(limits)}
    gpus = any(offer.device.kind == "gpu" for offer in problem.cluster.offers)
    held = problem.cluster.billing == "held" and gpus and bool(named & {"cost", "energy"})
    return Matters(
        time=held or problem.limits.realtime or bool(named & {"latency", "ttff", "wait"}),
        loss="quality" in named,
        dollars="cost" in named,
        joules="energy" in named,
        memory=problem.cluster.memory_mb > 0,
        pace=ask.strict,
    )
