"""Steps that share instances of a model are given it in the same settings: in others it would be loaded anew."""

from __future__ import annotations

from typing import Any

import pytest

from murakkab_optimizer.catalog import Lighter, ModelCard, Needs, Quality
from murakkab_optimizer.graph import Edge, Graph, Node, Slo
from murakkab_optimizer.hardware import Cluster, DeviceType, Offer
from murakkab_optimizer.plan import Pin, Plan
from murakkab_optimizer.planner import Here, PlanRequest, plan_greedy, plan_workflow
from murakkab_optimizer.planner.planning import pareto
from murakkab_optimizer.planner.room import configuration
from murakkab_optimizer.profiles import Profile
from murakkab_optimizer.profiles.memory import Seen
from tests.planner.planning import machines

DEVICE = DeviceType("G48", 1.0, memory_mb=48_000, peak_w=300.0, server_size=1)
LARGE = ModelCard(
    "large", "text-to-image", "a", "d", "l", "s",
    needs=Needs(1, 50, 40_000),
    knobs={"bits": 16, "waits": False},
    quality=Quality(0.9, "test"),
    rated=(Quality(0.8, "test", {"bits": 4}),),
    lighter=(
        Lighter({"bits": 4}, Needs(1, 50, 10_000), "a guess"),
        Lighter({"waits": True}, Needs(1, 9000, 20_000), "a guess", slower=3.0),
    ),
)  # fmt: skip
OTHER = ModelCard(
    "other", "text-to-image", "a", "d", "l", "s", needs=Needs(1, 50, 9_000), quality=Quality(0.85, "test")
)
SPEEDS = [Profile(name, "image", 1.0, device="G48", power_w=300.0) for name in ("large", "other")]


def graph(slo: Slo | None = None) -> Graph:
    paint = Node("paint", "text-to-image", {"width": 512})
    again = Node("again", "text-to-image", {"width": 2048}, (Edge("paint"),))
    return Graph("g", (paint, again), slo=slo or Slo())


def planned(*cards: ModelCard, slo: Slo | None = None, **more: Any) -> Plan:
    return plan_workflow(request(*cards, slo=slo, **more))


def request(*cards: ModelCard, slo: Slo | None = None, **more: Any) -> PlanRequest:
    cluster: Cluster = machines(2, Offer(DEVICE, 2, spot=False))
    return PlanRequest(graph(slo), cards, SPEEDS, cluster, relax=False, **more)


def knobs(plan: Plan) -> list[tuple[object, object]]:
    return [(plan.nodes[name].chosen.knobs["bits"], plan.nodes[name].chosen.knobs["waits"]) for name in plan.nodes]


def no_room(width_mb: float) -> Seen:
    """A run saw that the wide picture has no room in the usual settings."""
    wanted = configuration("large", "G48", graph().node("again"), LARGE.knobs)
    return Seen(wanted.model, wanted.device, wanted.knobs, wanted.conditions, beyond_mb=width_mb)


def anew(plan: Plan) -> list[str]:
    return [note for note in plan.notes if "loaded anew" in note]


def test_without_a_need_all_have_the_usual_settings() -> None:
    plan = planned(LARGE)
    assert knobs(plan) == [(16, False)] * 2
    assert not anew(plan)


@pytest.mark.parametrize("objective", ["quality", "latency", "cost"])
def test_what_one_step_asks_for_the_other_is_given_too(objective: str) -> None:
    plan = planned(LARGE, slo=Slo(objective=(objective,)), pins={"paint": Pin(knobs={"bits": 4})})
    assert knobs(plan) == [(4, False)] * 2
    assert plan.nodes["again"].reason.endswith("with bits 4, since other steps are given it so")
    assert not anew(plan)


@pytest.mark.parametrize(("objective", "held"), [("quality", (16, True)), ("latency", (4, False))])
def test_where_one_step_has_no_room_both_have_lighter_settings(objective: str, held: tuple[int, bool]) -> None:
    plan = planned(LARGE, slo=Slo(objective=(objective,)), memories=[no_room(48_000)])
    assert knobs(plan) == [held] * 2
    assert "found no room in 48,000 MB" in plan.nodes["again"].reason
    assert "other steps are given it so" in plan.nodes["paint"].reason
    assert not anew(plan)


def test_another_model_is_taken_where_that_is_better_than_the_same_settings() -> None:
    plan = planned(LARGE, OTHER, pins={"paint": Pin("large", {"bits": 4})})
    assert [plan.nodes[name].chosen.model for name in ("paint", "again")] == ["large", "other"]


PINS = {"paint": Pin(knobs={"bits": 4}), "again": Pin(knobs={"bits": 16})}


def test_what_people_ask_for_holds_and_the_plan_says_what_comes_of_it() -> None:
    plan = planned(LARGE, pins=PINS)
    assert knobs(plan) == [(4, False), (16, False)]
    assert anew(plan) == [
        "large is loaded anew whenever these take turns on one G48: 'paint' with bits 4; 'again' with bits 16"
    ]


def greedy(**more: Any) -> Plan:
    return plan_greedy(graph(), [LARGE], 2, here=Here(("cpu", "gpu", "G48")), accelerators=[DEVICE], **more)


def test_the_greedy_planner_says_it_too() -> None:
    plan = greedy(pins=PINS)
    assert knobs(plan) == [(4, False), (16, False)]
    assert len(anew(plan)) == 1


def test_the_greedy_planner_gives_all_steps_the_same() -> None:
    plan = greedy(memories=[no_room(48_000)])
    assert knobs(plan) == [(16, True)] * 2
    assert plan.nodes["paint"].reason.endswith("with waits True, since other steps are given it so")
    assert "found no room in 48,000 MB" in plan.nodes["again"].reason
    assert knobs(greedy(pins={"again": Pin(knobs={"bits": 4})})) == [(4, False)] * 2


def test_where_nothing_else_keeps_what_is_promised_the_model_is_loaded_anew() -> None:
    plan = planned(LARGE, slo=Slo(quality=0.95), pins={"paint": PINS["paint"]})
    assert knobs(plan) == [(4, False), (16, False)]
    assert len(anew(plan)) == 1


def test_so_it_is_on_the_front_of_two_objectives() -> None:
    asked = request(LARGE, slo=Slo(quality=0.95), pins={"paint": PINS["paint"]})
    front = pareto(asked, "quality", "latency", 3)
    assert knobs(front[0]) == knobs(plan_workflow(asked))
