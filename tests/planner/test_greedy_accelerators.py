"""The greedy planner and accelerators: it knows no speed there, so they do what nothing else can."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from murakkab.engine.lenient import as_promised
from murakkab_optimizer.catalog import Lighter, ModelCard, Needs, Quality
from murakkab_optimizer.graph import Graph, Node, Slo, Where
from murakkab_optimizer.hardware import CPU, DeviceType
from murakkab_optimizer.plan import Pin, Plan
from murakkab_optimizer.planner import Here, NoPlanError, plan_greedy
from murakkab_optimizer.profiles.memory import Seen
from tests.planner.planning import GPU, SPEEDS, machines, request, show

SMALL = DeviceType("G24", 1.0, memory_mb=24_000)
WIDE = DeviceType("G48", 1.0, memory_mb=48_000)
HERE = Here(("cpu", "gpu", "G24", "G48", "G100"))


def painter(name: str, quality: float, accelerator_mb: int = 0) -> ModelCard:
    needs = Needs(1, 50, accelerator_mb)
    return ModelCard(name, "text-to-image", "a", "d", "l", "s", quality=Quality(quality, "test"), needs=needs)


LARGE, DRAWN = painter("large", 0.9, 40_000), painter("drawn", 0.4)
ROUGH = Lighter({"bits": 4}, Needs(1, 50, 10_000), "a guess")
FINE = Lighter({"waits": True}, Needs(1, 9000, 20_000), "a guess", slower=3.0)
FITTED = msgspec.structs.replace(
    LARGE, knobs={"bits": 16, "waits": False}, lighter=(ROUGH, FINE), rated=(Quality(0.8, "test", {"bits": 4}),)
)


def planned(*cards: ModelCard, device: str = "", types: tuple[DeviceType, ...] = (), **more: Any) -> Plan:
    graph = Graph("g", (Node("paint", "text-to-image", {"width": 512}, where=Where(device=device)),))
    return plan_greedy(graph, cards, 2, here=HERE if types else Here(), accelerators=types, **more)


@pytest.mark.parametrize("types", [(), (GPU,)])
def test_what_needs_an_accelerator_is_not_taken_where_processors_can_do_it(types: tuple[DeviceType, ...]) -> None:
    paint = planned(LARGE, DRAWN, types=types).nodes["paint"]
    assert (paint.chosen.model, paint.chosen.device) == ("drawn", "")
    assert ("large", "needs an accelerator") in paint.alternatives


def test_what_needs_an_accelerator_is_not_planned_where_there_is_none() -> None:
    with pytest.raises(NoPlanError, match=r"'paint': large can run on accelerators only, and there is none to use"):
        planned(LARGE)
    with pytest.raises(NoPlanError, match=r"large can run on accelerators only"):
        planned(LARGE, DRAWN, pins={"paint": Pin("large")})
    with pytest.raises(NoPlanError, match=r"large can run on accelerators only"):
        planned(LARGE, device=CPU, types=(GPU,))


def test_what_nothing_else_can_do_is_planned_on_the_largest_accelerator() -> None:
    chosen = planned(LARGE, types=(SMALL, GPU)).nodes["paint"].chosen
    assert (chosen.device, chosen.devices) == ("G100", 1)
    pinned = planned(LARGE, DRAWN, types=(GPU,), pins={"paint": Pin("large")}).nodes["paint"]
    assert (pinned.chosen.model, pinned.chosen.device, pinned.reason) == ("large", "G100", "asked for")


def test_what_is_to_be_done_on_an_accelerator_is() -> None:
    chosen = planned(LARGE, DRAWN, device="G48", types=(WIDE, GPU)).nodes["paint"].chosen
    assert (chosen.model, chosen.device) == ("large", "G48")


def test_what_has_no_room_on_an_accelerator_is_not_planned_there() -> None:
    with pytest.raises(NoPlanError, match=r"memory for large \(it needs 40,000 MB and G24 has 24,000\)"):
        planned(LARGE, DRAWN, device="G24", types=(SMALL, GPU))
    fitting = planned(LARGE, painter("small", 0.5, 9_000), device="G24", types=(SMALL,)).nodes["paint"]
    assert (fitting.chosen.model, fitting.reason) == ("small", "the others have no room")
    assert ("large", "it needs 40,000 MB and G24 has 24,000") in fitting.alternatives


@pytest.mark.parametrize(
    ("types", "pinned", "knobs", "need_mb", "reason"),
    [
        ((SMALL, WIDE), {}, {"bits": 16, "waits": False}, 40_000, "the only one here"),
        (
            (SMALL,),
            {},
            {"bits": 16, "waits": True},
            20_000,
            "the only one here; with waits True, since in its usual settings it needs 40,000 MB and G24 has 24,000",
        ),
        ((SMALL,), {"bits": 4}, {"bits": 4, "waits": False}, 10_000, "the only one here"),
    ],
)
def test_without_room_for_the_usual_settings_the_best_lighter_ones_are_taken(
    types: tuple[DeviceType, ...], pinned: dict[str, Any], knobs: dict[str, Any], need_mb: int, reason: str
) -> None:
    made = planned(FITTED, types=types, pins={"paint": Pin(knobs=pinned)}).nodes["paint"]
    assert (made.chosen.knobs, made.chosen.needs.accelerator_mb, made.reason) == (knobs, need_mb, reason)
    assert made.chosen.quality == FITTED.quality_with(knobs).value


def test_an_accelerator_in_which_a_model_found_no_room_is_not_taken_again() -> None:
    full = [Seen("large", "G100", {}, {"width": 512}, beyond_mb=80_000.0)]
    roomy = DeviceType("G70", 1.0, memory_mb=70_000)
    assert planned(LARGE, types=(GPU, roomy), memories=full).nodes["paint"].chosen.device == "G70"
    with pytest.raises(NoPlanError, match="not enough memory for large"):
        planned(LARGE, types=(GPU,), memories=full)


def test_a_show_that_misses_real_time_is_not_given_to_accelerators_that_are_not_there() -> None:
    slow = [msgspec.structs.replace(one, unit_s=one.unit_s * 100) for one in SPEEDS]
    plan = as_promised(request(show(Slo(realtime=True)), machines(2), profiles=slow))
    assert plan.nodes["speech"].chosen.model in ("fine", "plain")
    assert any("real time cannot be kept" in note for note in plan.notes)
