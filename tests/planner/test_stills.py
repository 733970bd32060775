"""A picture that stands still is a last resort, of the scheduler and of a plan."""

from __future__ import annotations

import pytest

from murakkab_optimizer.graph import Slo
from murakkab_optimizer.plan import Pin, Plan
from murakkab_optimizer.planner import NoPlanError, pareto
from tests.planner.planning import CARDS, SPEEDS, planned, request
from tests.planner.test_rungs import CAMERA, PASS, filmed, made, names, speeds


def detail(plan: Plan) -> str:
    return str(plan.nodes["video"].chosen.knobs["detail"])


@pytest.mark.parametrize("objective", ["latency", "ttff", "cost", "energy"])
def test_a_plan_does_not_begin_with_stills_however_fast_and_cheap_they_are(objective: str) -> None:
    profiles = [*SPEEDS, *(one for one in speeds() if one.knobs.get("draw_height") == 0)]
    kept = [card for card in CARDS if card.name != "pen"]
    graph = filmed(Slo(ttff_s=30.0, realtime=True, objective=(objective,)))
    plan = planned(graph, cards=[*kept, CAMERA, PASS], profiles=profiles)
    assert detail(plan) == "plain"
    assert "among moving pictures" in plan.nodes["video"].reason
    assert plan.rungs[-1].static, "the scheduler may still take them"
    assert plan.notes == ()


def test_stills_are_taken_where_nothing_else_keeps_what_is_promised_and_the_plan_says_so() -> None:
    plan = made(filmed(Slo(latency=4.0)))
    assert detail(plan) == "frozen"
    assert "nothing moves in the pictures of 'video': quality 0.20 in place of 0.80" in plan.notes[0]
    assert "latency 4 s is promised" in plan.nodes["video"].reason


def test_stills_that_a_person_asks_for_are_taken_and_told() -> None:
    plan = made(filmed(), pins={"video": Pin(None, {"detail": "frozen"})})
    assert detail(plan) == "frozen"
    assert plan.notes == ("nothing moves in the pictures of 'video': quality 0.20, as was asked for",)


def test_where_stills_do_not_help_either_the_nearest_promise_counts_them() -> None:
    with pytest.raises(NoPlanError) as none:
        made(filmed(Slo(latency=1.0)))
    (nearest,) = none.value.nearest.values()
    assert detail(made(filmed(Slo(latency=nearest * 1.01)))) == "frozen"


def test_a_front_is_of_moving_pictures() -> None:
    kept = [card for card in CARDS if card.name != "pen"]
    asked = request(filmed(), cards=[*kept, CAMERA, PASS], profiles=[*SPEEDS, *speeds()])
    assert {detail(plan) for plan in pareto(asked, "latency", "quality")} == {"rich", "plain"}


def test_the_ladder_is_the_same_whatever_is_made_best() -> None:
    fast = made(filmed(Slo(ttff_s=30.0, realtime=True, objective=("latency",))))
    assert names(fast) == names(made(filmed())) == ["rich", "plain", "frozen"]
    assert fast.start == 1
