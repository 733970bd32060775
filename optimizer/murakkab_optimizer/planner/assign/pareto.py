"""The Pareto front of two objectives: one of them is capped step by step between its two extremes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from murakkab_optimizer.planner.assign.asking import Answer, Ask
from murakkab_optimizer.planner.assign.nearest import infeasible
from murakkab_optimizer.planner.assign.nouns import Assignment, Objective, Problem, Solution, Undecided
from murakkab_optimizer.planner.assign.programs import Effort
from murakkab_optimizer.planner.assign.search import search

STEP = 1e-6
"""A cap this close to the point found last is not tried, relative."""


def front(
    problem: Problem,
    x: Objective,
    y: Objective,
    points: int,
    may_go_on: Callable[[], bool] = lambda: True,
    *,
    gap: float = 1e-4,
    seconds: float | None = None,
) -> list[Solution]:
    """Assignments of which none is better in both objectives.

    Args:
        problem: what is to be planned, with its limits.
        x: an objective.
        y: another one.
        points: how many caps of ``x`` to try between its extremes; equally far apart.
        may_go_on: asked between programs; False ends with the points so far.
        gap: relative gap at which each program stops.
        seconds: limit for each program.

    Returns:
        By ascending value of ``x``; ``bound`` is that of ``y`` under the cap of ``x`` that the point was found with.

    Raises:
        Infeasible: no assignment keeps the limits.
        Undecided: time was over before there was one.

    """
    effort = Effort(gap, seconds, may_go_on)
    left = _corner(problem, x, y, {}, effort)
    if left is None:
        nothing = search(Ask(problem, x), effort)
        raise infeasible(problem, effort) if nothing.none else Undecided("time was over before there was a plan")
    right = _corner(problem, y, x, {}, effort)
    found = [left, *([right] if right else [])]
    if right:
        found += _between(problem, (x, y), (left, right), points, effort)
    return _undominated(found, x, y)


def _corner(
    problem: Problem,
    main: Objective,
    other: Objective,
    caps: dict[Objective, float],
    effort: Effort,
    start: Assignment | None = None,
) -> Solution | None:
    """The best assignment in one objective under caps, and among those the best in the other."""
    first = search(Ask(problem, main, caps), effort, start)
    if first.best is None:
        return None
    kept = caps | {main: first.best.outcome.value(main)}
    best: Answer = search(Ask(problem, other, kept), effort, first.best.assignment).best or first.best
    return Solution(best.assignment, best.outcome, first.bound, "exact")


def _between(
    problem: Problem, axes: tuple[Objective, Objective], ends: tuple[Solution, Solution], points: int, effort: Effort
) -> list[Solution]:
    """Points between the extremes, the cap of ``x`` falling; caps above a point that was found already are skipped."""
    x, y = axes
    low, high = (end.outcome.value(x) for end in ends)
    found: list[Solution] = []
    below = high
    for cap in np.linspace(high, low, points)[1:-1].tolist() if points > 2 else []:
        if cap >= below * (1 - STEP) or not effort.may_go_on():
            continue
        point = _corner(problem, y, x, {x: cap}, effort, ends[0].assignment)
        if point:
            found.append(point)
            below = point.outcome.value(x)
    return found


def _undominated(found: list[Solution], x: Objective, y: Objective) -> list[Solution]:
    """The points that no other one beats, by ascending ``x``; of points with the same values one."""
    kept: list[Solution] = []
    for solution in sorted(found, key=lambda each: (each.outcome.value(x), each.outcome.value(y))):
        best = kept[-1].outcome.value(y) if kept else None
        if best is None or solution.outcome.value(y) < best - 1e-9 * max(1.0, abs(best)):
            kept.append(solution)
    return kept
