"""Which configuration does each node: the greedy planner."""

from murakkab_optimizer.planner.greedy import NoPlanError, plan_greedy

__all__ = ["NoPlanError", "plan_greedy"]
