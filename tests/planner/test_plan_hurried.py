"""Plans that are made in a hurry say so, and are never worse than promised without a word."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from murakkab.engine.lenient import as_promised
from murakkab_optimizer.graph import Slo
from murakkab_optimizer.hardware import Offer
from murakkab_optimizer.plan import Pin, Plan
from murakkab_optimizer.planner import NoPlanError, PlanRequest, plan_workflow
from murakkab_optimizer.profiles import Profile
from tests.planner.planning import CARDS, GPU, SPEEDS, machines, planned, request, show, speed, told
from tests.planner.test_rungs import CAMERA, PASS, filmed, speeds

CLUSTER = machines(2, Offer(GPU, 2, spot=False))


def hurried(slo: Slo) -> Plan:
    return planned(show(slo), CLUSTER, may_go_on=lambda: False)


def value(plan: Plan, name: str) -> float:
    predicted = told(plan, name).value
    assert predicted is not None
    return predicted


def test_what_a_descent_finds_keeps_the_promises_and_is_called_greedy() -> None:
    slo = Slo(ttff_s=0.6, quality=0.9, objective=("cost",))
    plan, best = hurried(slo), planned(show(slo), CLUSTER)
    assert (plan.method, best.method) == ("greedy", "exact")
    assert value(plan, "ttff") <= 0.6
    assert value(plan, "quality") >= 0.9
    assert value(plan, "cost") >= value(best, "cost") * (1 - 1e-4)


def test_where_nothing_was_found_in_time_the_plan_is_greedy_and_says_that_it_may_not_keep_the_promises() -> None:
    plan = hurried(Slo(cost=1e-9))
    assert plan.method == "greedy"
    assert set(plan.nodes) == {"script", "speech", "video", "package"}
    assert any("time was over before there was a plan that keeps all that is promised" in note for note in plan.notes)
    assert plan.instances == ()


def test_with_time_the_same_promise_is_proven_to_be_hopeless() -> None:
    with pytest.raises(NoPlanError, match=r"cost .* could be had"):
        planned(show(Slo(cost=1e-9)), CLUSTER)


def test_a_plan_that_was_found_in_time_says_nothing_of_a_hurry() -> None:
    plan = planned(show(Slo(cost=1.0)), CLUSTER)
    assert plan.method == "exact"
    assert not any("time was over" in note for note in plan.notes)


def slow_show(**more: Any) -> PlanRequest:
    """A show of which the voice alone takes all that a machine of one core has to give."""
    cards = [*(card for card in CARDS if card.name != "pen"), CAMERA, PASS]
    pins, profiles = {"speech": Pin("fine")}, [*SPEEDS, *speeds()]
    return request(filmed(Slo(realtime=True)), machines(1), cards=cards, profiles=profiles, pins=pins, **more)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (lambda: as_promised(slow_show()), "real time cannot be kept here"),
        (lambda: plan_workflow(slow_show(may_go_on=lambda: False)), "time was over"),
    ],
)
def test_where_real_time_is_not_kept_the_scheduler_is_left_a_choice(found: Callable[[], Plan], told: str) -> None:
    plan = found()
    assert plan.method == "greedy"
    assert any(told in note for note in plan.notes)
    assert [rung.name for rung in plan.rungs] == ["rich", "plain", "frozen"]
    assert {name: plan.nodes[name].chosen for name in ("video", "canvas")} == plan.rungs[plan.start].nodes
    assert plan.nodes["speech"].chosen.model == "fine"


def test_what_is_filmed_without_time_to_plan_is_filmed_on_processors() -> None:
    asked = slow_show(may_go_on=lambda: False)
    graph = msgspec.structs.replace(asked.graph, slo=Slo(ttff_s=1e-9, realtime=True))
    on_gpu = speed("camera", 0.0001, "frame", knobs={"detail": "rich", "draw_height": 0}, device=GPU.name)
    profiles = [*asked.profiles, on_gpu]
    plan = plan_workflow(msgspec.structs.replace(asked, graph=graph, cluster=CLUSTER, profiles=profiles))
    assert plan.method == "greedy"
    assert not any(node.chosen.devices for node in plan.nodes.values())
    assert [rung.name for rung in plan.rungs] == ["rich", "plain", "frozen"]


class Counted(list[Profile]):
    """Profiles that count how often they are gone through."""

    times = 0

    def __iter__(self) -> Iterator[Profile]:
        self.times += 1
        return super().__iter__()


def test_what_is_known_of_speeds_is_made_ready_once_for_all_that_is_tried() -> None:
    known, wishes = Counted(SPEEDS), {"slo": Slo(objective=("quality",))}
    with pytest.raises(NoPlanError):
        planned(show(Slo(cost=1e-9), speech=wishes), CLUSTER, profiles=known)
    assert known.times == 1
