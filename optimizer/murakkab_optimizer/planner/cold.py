"""What an assignment gives on a cold start: no task begins before an instance of its model is loaded.

All models begin to load with the run. Accelerators load side by side. On processor cores loading is work of one thread,
in the order of the steps: a model is there after its own time, and not before all loads so far, shared by the cores.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from murakkab_optimizer.planner.assign.evaluate import evaluate
from murakkab_optimizer.planner.assign.nouns import Assignment, Candidate, Need, Outcome, Pool, Problem, Step, Use

COUNTS_S = 0.01
"""Loading that takes less does not count."""


def cold(problem: Problem, assignment: Assignment) -> Outcome | None:
    """The outcome with loading; None where nothing has to be loaded."""
    ready = {pool: seconds for pool, seconds in _ready(problem, assignment) if seconds > COUNTS_S}
    if not ready:
        return None
    cores = next((i for i, offer in enumerate(problem.cluster.offers) if offer.device.kind == "cpu"), 0)
    loads = {pool: _loading(pool, seconds, cores) for pool, seconds in ready.items()}
    pools = _pools(problem, assignment)
    steps = (_behind(step, loads.get(pool)) for step, pool in zip(problem.steps, pools, strict=True))
    loaded = msgspec.structs.replace(problem, steps=(*loads.values(), *steps))
    return evaluate(loaded, (*(Use(0) for _ in loads), *assignment))


def _behind(step: Step, load: Step | None) -> Step:
    return msgspec.structs.replace(step, needs=(*step.needs, Need(load.name, whole=True))) if load else step


def _pools(problem: Problem, assignment: Assignment) -> list[Pool]:
    return [step.candidates[use.candidate].pool for step, use in zip(problem.steps, assignment, strict=True)]


def _ready(problem: Problem, assignment: Assignment) -> Iterator[tuple[Pool, float]]:
    """By pool, seconds until it can take a task; those that are held can at once."""
    loads: dict[Pool, float] = {}
    for step, use in zip(problem.steps, assignment, strict=True):
        candidate = step.candidates[use.candidate]
        if not problem.held.get(candidate.pool):
            loads[candidate.pool] = max(loads.get(candidate.pool, 0.0), candidate.load_s)
    work = 0.0
    for pool, seconds in loads.items():
        if problem.cluster.offers[pool[1]].device.kind == "cpu":
            work += seconds
            yield pool, max(seconds, work / max(problem.cluster.cores, 1))
        else:
            yield pool, seconds


def _loading(pool: Pool, seconds: float, cores: int) -> Step:
    """A step that stands for it, on no device."""
    name = f"$load {pool}"
    return Step(name, 1, (Candidate(name, seconds, offer=cores, devices=0),))
