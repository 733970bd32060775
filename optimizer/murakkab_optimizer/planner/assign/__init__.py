"""Which configuration does each step of a run, on how many instances: within its promises, and with a proof.

What searches is loaded when it is first asked for: a plan that can be seen without a search needs no arrays.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from murakkab_optimizer.planner.assign.evaluate import evaluate, violations
from murakkab_optimizer.planner.assign.nouns import (
    Assignment,
    Candidate,
    Infeasible,
    Limits,
    Need,
    Objective,
    Outcome,
    Problem,
    Relaxation,
    Solution,
    Step,
    Tie,
    Undecided,
    Use,
)

if TYPE_CHECKING:
    from murakkab_optimizer.planner.assign.climb import greedy
    from murakkab_optimizer.planner.assign.pareto import front
    from murakkab_optimizer.planner.assign.sensitivity import relaxations
    from murakkab_optimizer.planner.assign.solving import solve

_SEARCHES = {"front": "pareto", "greedy": "climb", "relaxations": "sensitivity", "solve": "solving"}

__all__ = [
    "Assignment",
    "Candidate",
    "Infeasible",
    "Limits",
    "Need",
    "Objective",
    "Outcome",
    "Problem",
    "Relaxation",
    "Solution",
    "Step",
    "Tie",
    "Undecided",
    "Use",
    "evaluate",
    "front",
    "greedy",
    "relaxations",
    "solve",
    "violations",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever it is
    if name not in _SEARCHES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_SEARCHES[name]}"), name)
    globals()[name] = found
    return found
