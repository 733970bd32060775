"""The door of the planner: a workflow, a catalogue, profiles and a cluster in; a plan with reasons out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import Graph
from murakkab_optimizer.hardware import Cluster
from murakkab_optimizer.plan import Pin, Plan
from murakkab_optimizer.planner.eligible import Here
from murakkab_optimizer.planner.greedy import plan_greedy
from murakkab_optimizer.profiles import Profile


class PlanRequest(msgspec.Struct, frozen=True):
    """What is to be planned.

    Attributes:
        graph: the checked workflow.
        cards: models that may be used.
        profiles: what is known of their speed.
        cluster: the machines.
        absent: names of models that exist but cannot be used, each with what it would take.
        pins: what a person asks of single nodes; it holds whatever it costs.
        here: the place of the machines, where the offers of the cluster do not say.
        in_force: the plan that runs now; its instances need no loading.
        may_go_on: asked now and then; the search ends with what it has once this is False.
        relax: whether to find out what giving way at each promise would buy (it takes a search each).

    """

    graph: Graph
    cards: Sequence[ModelCard]
    profiles: Sequence[Profile]
    cluster: Cluster
    absent: Mapping[str, str] = {}
    pins: Mapping[str, Pin] = {}
    here: Here = Here()
    in_force: Plan | None = None
    may_go_on: Callable[[], bool] = lambda: True
    relax: bool = True


def plan_workflow(request: PlanRequest) -> Plan:
    """Choose model, settings, devices and instances of every node.

    Raises:
        NoPlanError: nothing keeps all that is promised; ``nearest`` has the nearest promises that can be kept.
        PinError: a pin names what does not exist.

    """
    return plan_greedy(request.graph, request.cards, request.cluster.cores, request.absent, request.pins, request.here)


def pareto(
    request: PlanRequest,
    x: Literal["quality", "latency", "ttff", "cost", "energy"],
    y: Literal["quality", "latency", "ttff", "cost", "energy"],
    points: int = 12,
) -> list[Plan]:
    """The plans of which none is better in both ``x`` and ``y``, from the best in ``x`` to the best in ``y``.

    Raises:
        NoPlanError: as ``plan_workflow``.

    """
    return [plan_workflow(request)]
