"""What a plan of a file is expected to give of the run that follows it: with these inputs, under these promises."""

from __future__ import annotations

import contextlib

import msgspec

from murakkab.engine.errors import UserError
from murakkab.engine.planning import make_plan
from murakkab_optimizer.graph import Graph, Slo
from murakkab_optimizer.plan import Pin, Plan, Prediction


def predicted_again(plan: Plan, graph: Graph, cores: int) -> Plan:
    """The plan with predictions of a graph that it is followed for; without any where none can be made.

    Args:
        plan: made of the same workflow, maybe with other inputs or promises.
        graph: of the run.
        cores: of this machine.
    """
    pins = {name: Pin(choice.chosen.model, choice.chosen.knobs) for name, choice in plan.nodes.items()}
    free = msgspec.structs.replace(graph, slo=Slo(realtime=graph.slo.realtime, objective=graph.slo.objective))
    for asked in (graph, free):
        with contextlib.suppress(UserError):
            found = make_plan(asked, cores, pins).predictions
            if found:
                told = found if asked is graph else tuple(_promised(one, graph.slo) for one in found)
                return msgspec.structs.replace(plan, predictions=told)
    return msgspec.structs.replace(plan, predictions=())


def _promised(told: Prediction, slo: Slo) -> Prediction:
    """A prediction beside the promise that a plan does not keep; tiers have no figure then."""
    bounds = {
        "ttff": slo.ttff_s,
        "latency": slo.latency,
        "cost": slo.cost,
        "energy": slo.energy,
        "quality": slo.quality,
    }
    bound = bounds.get(told.name)
    return msgspec.structs.replace(told, limit=bound) if isinstance(bound, int | float) else told
