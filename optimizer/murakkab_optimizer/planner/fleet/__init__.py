"""How many instances of which model serve many requests of several workflows over time.

``plan_fleet`` with ``formulation="literal"`` solves appendix A.5 of Murakkab (arXiv 2508.18298) as printed, with
``"repaired"`` the same question with the holes of that formulation closed.
"""

from murakkab_optimizer.planner.fleet.forecast import forecast
from murakkab_optimizer.planner.fleet.nouns import (
    ClassLoad,
    Demand,
    FleetCatalogue,
    FleetObjective,
    FleetPlan,
    FleetSettings,
    Formulation,
    Group,
    NoFleetError,
    RequestClass,
    Share,
    Standby,
    Step,
    WorkflowConfiguration,
)
from murakkab_optimizer.planner.fleet.online import corrected
from murakkab_optimizer.planner.fleet.planning import plan_fleet

__all__ = [
    "ClassLoad",
    "Demand",
    "FleetCatalogue",
    "FleetObjective",
    "FleetPlan",
    "FleetSettings",
    "Formulation",
    "Group",
    "NoFleetError",
    "RequestClass",
    "Share",
    "Standby",
    "Step",
    "WorkflowConfiguration",
    "corrected",
    "forecast",
    "plan_fleet",
]
