"""Which configuration does each node: the greedy planner."""

from murakkab_optimizer.planner.greedy import NoPlanError, PinError, plan_greedy

__all__ = ["NoPlanError", "PinError", "plan_greedy"]
