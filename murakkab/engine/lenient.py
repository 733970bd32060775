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
    from murakkab_optimizer.planner import plan_workflow

    try:
        return plan_workflow(request)
    except PinError:
        raise
    except NoPlanError as fault:
        nearly = _nearly(request) if fault.nearest else _in_turn(request)
        if nearly is None:
            raise
        return nearly


def _nearly(request: PlanRequest) -> Plan | None:
    """A plan that gives way where a viewer can bear it."""
    from murakkab_optimizer.planner import plan_workflow

    slo = request.graph.slo
    if slo.ttff_s is not None:
        graph = msgspec.structs.replace(request.graph, slo=msgspec.structs.replace(slo, ttff_s=None))
        with contextlib.suppress(NoPlanError):
            plan = plan_workflow(msgspec.structs.replace(request, graph=graph))
            first = next((said.value for said in plan.predictions if said.name == "ttff"), None)
            return noted(plan, f"ttff {slo.ttff_s:g} s cannot be kept here; about {first or 0:.3g} s are expected")
    told = "real time cannot be kept here: the viewer may have to wait"
    return _greedy(request, told) if slo.realtime else None


def _in_turn(request: PlanRequest) -> Plan | None:
    """A plan for a machine that cannot hold all models at a time."""
    return _greedy(request, "there is too little memory for all models at a time: they may be loaded again and again")


def _greedy(request: PlanRequest, told: str) -> Plan | None:
    from murakkab_optimizer.planner import plan_greedy

    asked = (request.graph, request.cards, request.cluster.cores, request.absent, request.pins, request.here)
    with contextlib.suppress(NoPlanError):
        return noted(plan_greedy(*asked, profiles=request.profiles, memories=request.memories), told)
    return None


def noted(plan: Plan, told: str) -> Plan:
    """The plan with one note more."""
    return msgspec.structs.replace(plan, notes=(*plan.notes, told))
