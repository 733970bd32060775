"""Where a run goes on although a machine cannot keep all that is promised, with a note in its plan."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from murakkab_optimizer.plan import Plan
from murakkab_optimizer.planner import NoPlanError, PinError

if TYPE_CHECKING:
    from murakkab_optimizer.planner import PlanRequest


def as_promised(request: PlanRequest) -> Plan:
    """The plan that keeps what is promised, or as much of first item and real time as can be kept."""
    try:
        return in_turn(request)
    except PinError:
        raise
    except NoPlanError as fault:
        nearly = _nearly(request) if fault.nearest else None
        if nearly is None:
            raise
        return nearly


def in_turn(request: PlanRequest) -> Plan:
    """The plan that keeps what is promised; where machines have no room for all models at a time, they take turns."""
    from murakkab_optimizer.planner import plan_workflow

    try:
        return plan_workflow(request)
    except PinError:
        raise
    except NoPlanError as fault:
        told = "there is no room for all models at a time: they take turns, and may be loaded again and again"
        turns = None if fault.nearest else _greedy(request, told)
        if turns is None:
            raise
        return turns


def _nearly(request: PlanRequest) -> Plan | None:
    """A plan that gives way where a viewer can bear it."""
    from murakkab_optimizer.planner import plan_workflow

    slo = request.graph.slo
    if slo.ttff_s is not None:
        graph = msgspec.structs.replace(request.graph, slo=msgspec.structs.replace(slo, ttff_s=None))
        with contextlib.suppress(NoPlanError):
            plan = plan_workflow(msgspec.structs.replace(request, graph=graph))
            first = next(
                (f"; about {said.value:.3g} s are expected" for said in plan.predictions if said.name == "ttff"), ""
            )
            return noted(plan, f"ttff {slo.ttff_s:g} s cannot be kept here{first}")
    told = "real time cannot be kept here: the viewer may have to wait"
    return _greedy(request, told) if slo.realtime else None


def _greedy(request: PlanRequest, told: str) -> Plan | None:
    from murakkab_optimizer.planner import plan_adaptively

    with contextlib.suppress(NoPlanError):
        return noted(plan_adaptively(request), told)
    return None


def noted(plan: Plan, told: str) -> Plan:
    """The plan with one note more."""
    return msgspec.structs.replace(plan, notes=(*plan.notes, told))
