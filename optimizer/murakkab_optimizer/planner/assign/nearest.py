"""What could be promised where not all that is promised can be kept."""

from __future__ import annotations

import msgspec

from murakkab_optimizer.planner.assign.asking import FIELDS, Aim, Answer, Ask, promises, wait_seconds, without
from murakkab_optimizer.planner.assign.nouns import INFINITE, Infeasible, Limits, Objective, Outcome, Problem
from murakkab_optimizer.planner.assign.programs import Effort
from murakkab_optimizer.planner.assign.search import search


def infeasible(problem: Problem, effort: Effort) -> Infeasible:
    """The error for a problem that has no assignment, with the nearest values that can be had."""
    nearest = _each(problem, effort)
    if nearest:
        return Infeasible(f"no plan keeps all of this: {_names(problem.limits)}", nearest, alone=True)
    together = _together(problem, effort)
    if together:
        return Infeasible(f"no plan keeps all of this: {_names(problem.limits)}", together, alone=False)
    if not effort.may_go_on():
        return Infeasible(f"no plan keeps all of this: {_names(problem.limits)}", {}, alone=False)
    return Infeasible("the cluster has no room for any plan, whatever is promised", {}, alone=False)


def _names(limits: Limits) -> str:
    return ", ".join([*(name for name, _ in promises(limits)), *(["realtime"] if limits.realtime else [])])


def _with(problem: Problem, limits: Limits) -> Problem:
    return msgspec.structs.replace(problem, limits=limits)


def _each(problem: Problem, effort: Effort) -> dict[str, float]:
    """By promise, the value that can be had while the others are kept."""
    nearest: dict[str, float] = {}
    for name, _ in promises(problem.limits):
        if not effort.may_go_on():
            return nearest
        best = _best(_loosened(problem, name), name, effort)
        if best:
            nearest[name] = best.outcome.quality if name == "quality" else best.value
    if problem.limits.realtime:
        wait = _wait(problem, effort)
        nearest |= {} if wait is None else {"realtime": wait}
    return nearest


def _best(problem: Problem, aim: Aim, effort: Effort) -> Answer | None:
    return search(Ask(problem, aim), effort).best


def _loosened(problem: Problem, name: Objective) -> Problem:
    """The problem without a promise; of the time to the first frame, with one that is always kept."""
    limits = without(problem.limits, name)
    if name == "ttff" and limits.realtime:
        limits = msgspec.structs.replace(limits, ttff_s=MOST_S)
    return _with(problem, limits)


MOST_S = 1e12
"""Seconds that every plan keeps."""


def _wait(problem: Problem, effort: Effort) -> float | None:
    """The earliest start without a wait when real time is not promised: with the cores kept free, or else without."""
    limits = problem.limits
    if limits.ttff_s == INFINITE and problem.shown:
        best = _best(_with(problem, msgspec.structs.replace(limits, ttff_s=MOST_S)), "wait", effort)
        if best:
            return best.value
    best = _best(_with(problem, msgspec.structs.replace(limits, realtime=False)), "wait", effort)
    return best.value if best else None


def _together(problem: Problem, effort: Effort) -> dict[str, float]:
    """Values that can be had together, missed by least in sum; real time is given up only where nothing else helps."""
    wanted = without(problem.limits, *(name for name, _ in promises(problem.limits)))
    if wanted.realtime:
        wanted = msgspec.structs.replace(wanted, ttff_s=MOST_S)
    for realtime in (True, False) if wanted.realtime else (False,):
        limits = msgspec.structs.replace(wanted, realtime=realtime)
        best = search(Ask(_with(problem, limits), "shortfall", wanted=problem.limits), effort).best
        if best:
            values = _missed(problem.limits, best.outcome)
            late = problem.limits.realtime and (problem.limits.ttff_s == INFINITE or not realtime)
            return values | ({"realtime": _soonest(problem, limits, best, effort)} if late else {})
    return {}


def _soonest(problem: Problem, limits: Limits, best: Answer, effort: Effort) -> float:
    """The earliest start without a wait of an assignment that keeps what the best one does."""
    had = {FIELDS[name]: getattr(best.outcome, FIELDS[name]) for name, _ in promises(problem.limits)}
    kept = {field: (min if field == "quality" else max)(getattr(problem.limits, field), had[field]) for field in had}
    ask = Ask(_with(problem, msgspec.structs.replace(limits, **kept)), "wait")
    found = search(ask, effort, best.assignment).best
    return found.value if found else wait_seconds(problem, best.assignment)


def _missed(limits: Limits, outcome: Outcome) -> dict[str, float]:
    """The values of the promises that are not kept."""
    values: dict[str, float] = {}
    for name, limit in promises(limits):
        value = outcome.quality if name == "quality" else outcome.value(name)
        short = value < limit if name == "quality" else value > limit
        values |= {name: value} if short else {}
    return values
