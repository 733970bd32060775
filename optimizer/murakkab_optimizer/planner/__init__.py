"""Which configuration does each node, on which devices, and why."""

from murakkab_optimizer.planner.eligible import Here, NoPlanError, PinError
from murakkab_optimizer.planner.greedy import plan_greedy
from murakkab_optimizer.planner.planning import PlanRequest, pareto, plan_workflow

__all__ = ["Here", "NoPlanError", "PinError", "PlanRequest", "pareto", "plan_greedy", "plan_workflow"]
