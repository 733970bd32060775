"""The ladder of a plan: what may change while a show runs, and what may not."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest

from murakkab_optimizer.catalog import Lighter, ModelCard, Needs, Quality, Range
from murakkab_optimizer.graph import Edge, Graph, Node, Slo
from murakkab_optimizer.hardware import Offer
from murakkab_optimizer.plan import Pin, Plan, Rung
from murakkab_optimizer.planner import planning, room
from murakkab_optimizer.planner.assign.nouns import Solution, Use
from murakkab_optimizer.planner.build import Built
from murakkab_optimizer.planner.rungs import ladder
from murakkab_optimizer.profiles import Profile
from tests.planner.planning import CARDS, GPU, SPEEDS, machines, model, planned, show, speed

DETAILS = {"rich": (0.010, 0.8), "plain": (0.006, 0.7), "poor": (0.007, 0.6), "frozen": (0.001, 0.2)}
MORE = {"dim": (0.0065, 0.55), "coarse": (0.004, 0.5)}


def camera(details: dict[str, tuple[float, float]]) -> ModelCard:
    return model(
        "camera",
        "image-to-video",
        0.8,
        knobs={"detail": "rich", "draw_height": 0},
        ranges={"detail": Range(tuple(details)), "draw_height": Range((0, 360))},
        rated=tuple(Quality(quality, "test", {"detail": name}) for name, (_, quality) in details.items()),
        still={"detail": "frozen"},
    )


CAMERA = camera(DETAILS)
OTHER = model("other camera", "image-to-video", 0.75)
PASS = model("as it is", "enlarging", 1.0, passes=True)
LENS = model("lens", "enlarging", 0.9)


def speeds() -> list[Profile]:
    whole = [
        speed("camera", unit_s, "frame", knobs={"detail": name, "draw_height": 0})
        for name, (unit_s, _) in (DETAILS | MORE).items()
    ]
    half = speed("camera", 0.001, "frame", knobs={"detail": "rich", "draw_height": 360})
    return [*whole, half, speed("other camera", 0.008, "frame"), speed("lens", 0.002, "frame")]


def filmed(slo: Slo | None = None, height: int = 720) -> Graph:
    graph = show(slo or Slo(ttff_s=30.0, realtime=True))
    picture = {"fps": 20, "height": height}
    script = msgspec.structs.replace(graph.node("script"), join="ordered")
    video = msgspec.structs.replace(graph.node("video"), arguments=picture, edges=(Edge("speech", 1),))
    enlarged = Node("canvas", "enlarging", {"height": height}, (Edge("video", 2),), "video", depth=2)
    package = msgspec.structs.replace(graph.node("package"), edges=(Edge("canvas", 2),), for_each="canvas")
    return msgspec.structs.replace(graph, nodes=(script, graph.node("speech"), video, enlarged, package))


def made(graph: Graph, *cards: ModelCard, camera: ModelCard = CAMERA, **more: Any) -> Plan:
    kept = [card for card in CARDS if card.name != "pen"]
    return planned(graph, cards=[*kept, camera, PASS, *cards], profiles=[*SPEEDS, *speeds()], **more)


def names(plan: Plan) -> list[str]:
    return [rung.name for rung in plan.rungs]


def test_the_rungs_are_those_of_which_none_is_cheaper_and_better() -> None:
    plan = made(filmed())
    assert names(plan) == ["rich", "plain", "frozen"]
    assert [rung.static for rung in plan.rungs] == [False, False, True]
    assert all(a.quality > b.quality and a.load > b.load for a, b in itertools.pairwise(plan.rungs))
    assert plan.rungs[1].quality == pytest.approx(0.7 / 0.8)
    assert plan.rungs[0].paces["video"] == pytest.approx(0.010 * 20)
    assert plan.rungs[0].load - plan.rungs[1].load == pytest.approx(0.004 * 20, rel=0.01)


def test_the_rungs_of_a_shot_hold_their_model_in_the_same_settings() -> None:
    usual, graph, gpu = camera(DETAILS), filmed(), msgspec.structs.replace(GPU, memory_mb=9000)
    heavy = msgspec.structs.replace(
        usual,
        needs=Needs(1, 50, 8000),
        knobs={**usual.knobs, "waits": False},
        ranges={"detail": Range(("rich", "plain"))},
        lighter=(Lighter({"waits": True}, Needs(1, 9000, 4000), "a guess"),),
    )
    rich = room.configuration("camera", gpu.name, graph.node("video"), heavy.knobs)
    known = [
        speed("camera", unit_s, "frame", device=gpu.name, knobs={"detail": d}) for d, (unit_s, _) in DETAILS.items()
    ]
    plan = planned(
        graph,
        machines(2, Offer(gpu, 1, spot=False)),
        cards=[*(card for card in CARDS if card.name != "pen"), heavy, PASS],
        profiles=[*SPEEDS, *known],
        memories=[msgspec.structs.replace(rich, beyond_mb=9000.0)],
    )
    assert names(plan) == ["rich", "plain"]
    assert [rung.nodes["video"].knobs["waits"] for rung in plan.rungs] == [True, True]


def test_what_was_chosen_is_one_of_them() -> None:
    for slo in (Slo(ttff_s=30.0, realtime=True), Slo(ttff_s=30.0, realtime=True, objective=("cost",))):
        plan = made(filmed(slo))
        for node, configuration in plan.rungs[plan.start].nodes.items():
            assert plan.nodes[node].chosen == configuration


def test_a_choice_that_is_not_the_best_one_brings_no_worse_ones_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def chosen_poor(built: Built, solution: Solution) -> tuple[Rung, ...]:
        video = next(i for i, step in enumerate(built.problem.steps) if step.name == "video")
        knobs = [way.candidate.knobs for way in built.ways["video"].ways]
        uses = list(solution.assignment)
        uses[video] = Use(knobs.index({"detail": "poor", "draw_height": 0}), uses[video].instances)
        return ladder(built, msgspec.structs.replace(solution, assignment=tuple(uses)))

    monkeypatch.setattr(planning, "ladder", chosen_poor)
    plan = made(filmed(), camera=camera(DETAILS | MORE))
    assert names(plan) == ["rich", "plain", "poor", "coarse", "frozen"], "dim is worse than plain and dearer"


def test_the_model_that_is_seen_stays_and_what_enlarges_may_change() -> None:
    plan = made(filmed(), OTHER, LENS)
    assert {rung.nodes["video"].model for rung in plan.rungs} == {"camera"}
    assert "rich, draw height 360, lens" in names(plan)
    lens = next(rung for rung in plan.rungs if "lens" in rung.name)
    assert lens.nodes["canvas"].model == "lens"
    assert lens.quality == pytest.approx(0.9)
    small = made(filmed(height=1080), LENS)
    assert not any("lens" in name for name in names(small)), "a third of the canvas is too small to enlarge"


def test_what_a_person_asked_for_stays() -> None:
    assert names(made(filmed(), LENS, pins={"canvas": Pin("as it is")})) == ["rich", "plain", "frozen"]
    assert names(made(filmed(), pins={"video": Pin(None, {"detail": "plain"})})) == []


def test_a_promised_quality_holds_on_every_rung_but_the_last_resort() -> None:
    plan = made(filmed(Slo(ttff_s=30.0, realtime=True, quality=0.95)))
    assert names(plan) == ["rich", "frozen"]


def test_nothing_is_left_to_choose_where_nothing_is_shown() -> None:
    graph = msgspec.structs.replace(filmed(Slo()), publish=None)
    assert made(graph).rungs == ()
