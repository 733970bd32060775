"""The best assignment of a problem, with a proof: one objective after the other."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from murakkab_optimizer.planner.assign.asking import Answer, Ask, answer
from murakkab_optimizer.planner.assign.climb import greedy
from murakkab_optimizer.planner.assign.nearest import infeasible
from murakkab_optimizer.planner.assign.nouns import Assignment, Objective, Problem, Solution, Undecided
from murakkab_optimizer.planner.assign.programs import Effort
from murakkab_optimizer.planner.assign.search import Found, search


def solve(
    problem: Problem,
    *,
    may_go_on: Callable[[], bool] = lambda: True,
    gap: float = 1e-4,
    seconds: float | None = None,
    start: Assignment | None = None,
) -> Solution:
    """Find the best assignment.

    Args:
        problem: what is to be planned.
        may_go_on: asked between programs and now and then in them; False ends the search with what there is.
        gap: relative distance between plan and bound at which to stop.
        seconds: limit for each program with whole numbers, doubled where it is tried again.
        start: an assignment to begin with, for example that of the plan in force.

    Returns:
        The best assignment found. ``bound`` is proven, however early the search ended.

    Raises:
        Infeasible: no assignment keeps all limits.
        Undecided: time was over before there was one.

    """
    effort = Effort(gap, seconds, may_go_on)
    begin = start or _start(problem, may_go_on)
    first = search(Ask(problem, problem.objectives[0]), effort, begin)
    if first.none:
        raise infeasible(problem, effort)
    if first.best is None:
        raise Undecided("time was over before there was a plan")
    solution = _finish(problem, first, first.best, effort)
    proven = first.best.value - first.bound <= gap * first.best.value + 1e-9
    greedy_one = start is None and solution.assignment == begin and not proven
    return msgspec.structs.replace(solution, method="greedy") if greedy_one else solution


def _start(problem: Problem, may_go_on: Callable[[], bool]) -> Assignment | None:
    solution = greedy(problem, may_go_on)
    return solution.assignment if solution else None


def _finish(problem: Problem, first: Found, best: Answer, effort: Effort) -> Solution:
    """Break ties by the next objectives."""
    caps: dict[Objective, float] = {}
    for before, objective in zip(problem.objectives, problem.objectives[1:], strict=False):
        if not effort.may_go_on():
            break
        caps[before] = best.outcome.value(before)
        found = search(Ask(problem, objective, caps), effort, best.assignment)
        best = found.best or best
    outcome = answer(Ask(problem, problem.objectives[0]), best.assignment).outcome
    return Solution(best.assignment, outcome, first.bound, "exact")
