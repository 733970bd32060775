"""The promises of a whole workflow in numbers: a tier is a percentile of what the ways to do its nodes can reach.

``best`` is the best of a sample and of a few assignments that are best node by node; ``good``, ``fair`` and ``basic``
are the 95th, 80th and 50th percentile of the sample (Murakkab, arXiv 2508.18298). The sample is always the same one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from murakkab_optimizer.graph import Bound, Graph
from murakkab_optimizer.planner.assign.evaluate import evaluate, instances_at_most
from murakkab_optimizer.planner.assign.nouns import INFINITE, Assignment, Candidate, Limits, Outcome, Problem, Step, Use
from murakkab_optimizer.planner.regions import settled
from murakkab_optimizer.planner.tiers import ceiling, floor

SAMPLES, TRIES = 300, 3000
"""Assignments that are looked at, and those that are drawn at most to find ones whose parts go together."""

_Figure = Callable[[Outcome], float]


def limits(graph: Graph, problem: Problem) -> Limits:
    """The promises of a workflow.

    Args:
        graph: the workflow.
        problem: whose candidates can be had; its own limits do not count.

    """
    slo = graph.slo
    reach = _Reach(problem)
    return Limits(
        ttff_s=INFINITE if slo.ttff_s is None or not graph.publish else slo.ttff_s,
        realtime=slo.realtime,
        latency_s=ceiling(slo.latency, reach.values(slo.latency, lambda outcome: outcome.latency_s)),
        cost_usd=ceiling(slo.cost, reach.values(slo.cost, lambda outcome: outcome.cost_usd)),
        energy_wh=ceiling(slo.energy, reach.values(slo.energy, lambda outcome: outcome.energy_wh)),
        quality=floor(slo.quality, reach.values(slo.quality, lambda outcome: outcome.quality)),
    )


class _Reach:
    """What can be reached; drawn when a tier is asked for."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.drawn: list[Outcome] = []

    def values(self, bound: Bound | None, figure: _Figure) -> list[float]:
        """The figures that a tier is a percentile of; none for a number."""
        if not isinstance(bound, str):
            return []
        self.drawn = self.drawn or [evaluate(self.problem, drawn) for drawn in sample(self.problem)]
        best = [evaluate(self.problem, extreme) for extreme in _extremes(self.problem)] if bound == "best" else []
        return [figure(outcome) for outcome in (*best, *self.drawn)]


def sample(problem: Problem) -> list[Assignment]:
    """Assignments drawn at random, always the same ones: what must go together does, and there are devices for it.

    Where hardly any are found, those whose parts do not go together count as well.
    """
    rng = random.Random(0)
    drawn = [_drawn(problem, rng) for _ in range(SAMPLES)]
    kept = [assignment for assignment in drawn if _together(problem, assignment)]
    for _ in range(TRIES - SAMPLES):
        if len(kept) >= SAMPLES:
            break
        if _together(problem, assignment := _drawn(problem, rng)):
            kept.append(assignment)
    return kept or drawn


def _drawn(problem: Problem, rng: random.Random) -> Assignment:
    """Step by step, in any order, a candidate for which there are devices left, and a number of instances."""
    left = [offer.count for offer in problem.cluster.offers]
    uses: dict[int, Use] = {}
    for index in rng.sample(range(len(problem.steps)), len(problem.steps)):
        uses[index] = _use(problem, problem.steps[index], left, rng)
    return settled(problem, tuple(uses[index] for index in range(len(problem.steps))))


def _use(problem: Problem, step: Step, left: list[int], rng: random.Random) -> Use:
    candidates = step.candidates
    held = [problem.cluster.offers[candidate.offer].device.kind == "gpu" for candidate in candidates]
    fits = [i for i, c in enumerate(candidates) if not held[i] or c.devices <= left[c.offer]]
    index = rng.choice(fits or range(len(candidates)))
    chosen = candidates[index]
    most = instances_at_most(problem, step, chosen)
    if held[index]:
        most = max(min(most, left[chosen.offer] // chosen.devices), 1)
    count = min(2 ** rng.randint(0, max(most - 1, 0).bit_length()), most)
    left[chosen.offer] -= count * chosen.devices if held[index] else 0
    return Use(index, count)


def _extremes(problem: Problem) -> Iterator[Assignment]:
    """Assignments that are best step by step for one figure, on one instance and on as many as are of use."""
    keys: Sequence[Callable[[Candidate], float]] = (
        lambda candidate: -candidate.quality,
        lambda candidate: candidate.task_s,
        lambda candidate: candidate.task_s * candidate.devices * problem.cluster.offers[candidate.offer].price,
        lambda candidate: candidate.task_s * candidate.power_w,
    )
    for key in keys:
        picked = [min(range(len(s.candidates)), key=lambda i, s=s: key(s.candidates[i])) for s in problem.steps]  # type: ignore[misc]
        for most in (False, True):
            uses = tuple(
                Use(i, instances_at_most(problem, step, step.candidates[i]) if most else 1)
                for step, i in zip(problem.steps, picked, strict=True)
            )
            uses = settled(problem, uses)
            if _together(problem, uses) and _enough(problem, uses):
                yield uses


def _enough(problem: Problem, assignment: Assignment) -> bool:
    used = evaluate(problem, assignment).devices
    return all(count <= offer.count for count, offer in zip(used, problem.cluster.offers, strict=True))


def _together(problem: Problem, assignment: Assignment) -> bool:
    """Whether what must go together does."""
    picks = {step.name: use.candidate for step, use in zip(problem.steps, assignment, strict=True)}
    return all(picks[tie.step] not in tie.when or picks[tie.other] in tie.then for tie in problem.ties)
