"""Which configuration does each step of a run, on how many instances: within its promises, and with a proof."""

from murakkab_optimizer.planner.assign.evaluate import evaluate, violations
from murakkab_optimizer.planner.assign.greedy import greedy
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
from murakkab_optimizer.planner.assign.pareto import front
from murakkab_optimizer.planner.assign.sensitivity import relaxations
from murakkab_optimizer.planner.assign.solving import solve

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
