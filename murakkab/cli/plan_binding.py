"""What binds a plan: what giving way at a promise, or more machines, would buy."""

from __future__ import annotations

from collections.abc import Sequence

from murakkab.cli.plan_words import NOT_TOLD, TIME_OVER, amount, figure
from murakkab_optimizer.plan import Plan, Relaxation

_SENTENCES = 4
"""Relaxations told at most."""

_SAME = 0.01
"""Share of an objective that makes no difference to people."""


def binding(plan: Plan) -> list[str]:
    """What giving way would buy, the most valuable first."""
    lines = [relaxation(found) for found in _telling(plan.relaxations)[:_SENTENCES]]
    proven = plan.gap is not None and plan.gap < _SAME and not {TIME_OVER, NOT_TOLD} & set(plan.notes)
    if not lines and proven and any(p.limit is not None for p in plan.predictions):
        return ["Nothing: no promise stands in the way of a better plan."]
    return lines


def _telling(found: Sequence[Relaxation]) -> list[Relaxation]:
    """Those that say something new: dropping a limit does not where some more room buys as much."""
    steps = {(one.limit, one.objective): one.after for one in found if one.relaxed is not None}
    return [
        one
        for one in found
        if one.relaxed is not None
        or abs(one.after - steps.get((one.limit, one.objective), one.before)) > _SAME * abs(one.after - one.before)
    ]


def relaxation(found: Relaxation) -> str:
    """A sentence: ``ttff 22 s binds: with 27.5 s the cost would fall from $29.46 to $26.10.``."""
    limit, now = _limit(found.limit, found.value)
    then = "without that limit" if found.relaxed is None else f"with {_bound(found.limit, found.relaxed)}"
    verb = "rise" if found.after > found.before else "fall"
    before, after = figure(found.objective, found.before), figure(found.objective, found.after)
    return f"{limit} {now}: {then} the {found.objective} would {verb} from {before} to {after}."


def _limit(name: str, value: float) -> tuple[str, str]:
    """The limit with its value, and the verb that goes with it."""
    if name.startswith("devices "):
        return f"{_bound(name, value)} {name.removeprefix('devices ')}", _verb(value)
    if name == "cores":
        return f"{_bound(name, value)} core" + ("" if value == 1 else "s"), _verb(value)
    return ("realtime" if name == "realtime" else f"{name} {_bound(name, value)}"), "binds"


def _verb(count: float) -> str:
    return "binds" if count == 1 else "bind"


def _bound(name: str, value: float) -> str:
    return amount(value) if name == "cores" or name.startswith("devices ") else figure(name, value)
