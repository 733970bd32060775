"""Which configuration does each node: the greedy planner."""

from murakkab_optimizer.planner.eligible import Here, NoPlanError, PinError
from murakkab_optimizer.planner.greedy import plan_greedy

__all__ = ["Here", "NoPlanError", "PinError", "plan_greedy"]
