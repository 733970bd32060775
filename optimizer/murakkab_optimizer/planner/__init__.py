"""Which configuration does each node, on which devices, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from murakkab_optimizer.planner.eligible import Here, NoPlanError, PinError
from murakkab_optimizer.planner.greedy import plan_greedy

if TYPE_CHECKING:
    from murakkab_optimizer.planner.planning import PlanRequest, pareto, plan_adaptively, plan_workflow

__all__ = [
    "Here",
    "NoPlanError",
    "PinError",
    "PlanRequest",
    "pareto",
    "plan_adaptively",
    "plan_greedy",
    "plan_workflow",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever it is
    """Import the exact planner, and with it what it computes with, only where it is used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from murakkab_optimizer.planner import planning

    return getattr(planning, name)
