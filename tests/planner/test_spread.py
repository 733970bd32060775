"""Over how many accelerators of a worker a task is spread."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from murakkab_optimizer.catalog import Lighter, Needs
from murakkab_optimizer.graph import Graph, Node, Slo
from murakkab_optimizer.hardware import Offer
from murakkab_optimizer.plan import Pin, Plan
from murakkab_optimizer.planner import Here, NoPlanError, PinError, PlanRequest, plan_greedy, plan_workflow
from murakkab_optimizer.profiles.nouns import Profile
from tests.planner.planning import GPU, machines, model

PAINTS = model("paints", "text-to-image", 0.9, gpu_mb=60_000, knobs={"steps": 4, "context_parallel": 1})
ALONE = model("alone", "text-to-image", 0.9, gpu_mb=60_000, knobs={"steps": 4})
FAST = msgspec.structs.replace(GPU, memory_mb=80_000, idle_w=100.0)


def speeds(name: str, *, measured: bool = False) -> list[Profile]:
    """Of a task on one, two and four accelerators; what is measured here names the knob, what is published does not."""
    return [
        Profile(
            name,
            "image",
            8.0 / devices,
            device=GPU.name,
            devices=devices,
            knobs={"context_parallel": devices} if measured and devices > 1 else {},
            power_w=300.0 * devices,
        )
        for devices in (1, 2, 4)
    ]


def chosen(together: int, pin: Pin | None = None, known: list[Profile] | None = None, count: int = 4) -> Plan:
    graph = Graph("g", (Node("paint", "text-to-image"),), slo=Slo(objective=("latency",)))
    cluster = machines(2, Offer(FAST, count, spot=False, together=together))
    pins = {"paint": pin} if pin else {}
    return plan_workflow(PlanRequest(graph, [PAINTS, ALONE], known or speeds("paints"), cluster, pins=pins))


@pytest.mark.parametrize("measured", [False, True])
@pytest.mark.parametrize(("together", "seconds"), [(1, 8.0), (2, 4.0), (4, 2.0)])
def test_a_task_is_spread_over_as_many_as_a_worker_has(together: int, seconds: float, measured: bool) -> None:
    paint = chosen(together, known=speeds("paints", measured=measured)).nodes["paint"].chosen
    assert (paint.devices, paint.knobs["context_parallel"], paint.seconds) == (together, together, seconds)


def test_a_model_that_cannot_spread_a_task_has_one_of_them_and_holds_all() -> None:
    alone = chosen(2, known=speeds("alone")).nodes["paint"].chosen
    assert (alone.devices, alone.knobs, alone.seconds) == (2, {"steps": 4}, 8.0)


def test_where_no_worker_is_there_yet_it_has_as_many_as_are_known() -> None:
    assert chosen(0).nodes["paint"].chosen.knobs["context_parallel"] == 4
    assert chosen(0, known=speeds("alone")).nodes["paint"].chosen.devices == 4


@pytest.mark.parametrize("spread", [1, 2])
def test_people_may_say_over_how_many(spread: int) -> None:
    paint = chosen(4, Pin("paints", {"context_parallel": spread})).nodes["paint"].chosen
    assert (paint.devices, paint.knobs["context_parallel"], paint.seconds) == (4, spread, 8.0 / spread)


def test_each_of_them_needs_room_for_all_weights() -> None:
    small = msgspec.structs.replace(FAST, memory_mb=40_000)
    graph = Graph("g", (Node("paint", "text-to-image"),))
    cluster = machines(2, Offer(small, 4, spot=False, together=4))
    with pytest.raises(NoPlanError, match="paints: it needs 60,000 MB and G100 has 40,000"):
        plan_workflow(PlanRequest(graph, [PAINTS], speeds("paints"), cluster))


def test_plain_attention_is_not_spread() -> None:
    card = msgspec.structs.replace(PAINTS, knobs={"attention": "auto", "context_parallel": 1})
    graph = Graph("g", (Node("paint", "text-to-image"),), slo=Slo(objective=("latency",)))
    cluster = machines(2, Offer(FAST, 4, spot=False, together=4))
    pins = {"paint": Pin("paints", {"attention": "eager"})}
    for asked, seconds in (({}, 2.0), (pins, 8.0)):
        plan = plan_workflow(PlanRequest(graph, [card], speeds("paints"), cluster, pins=asked))
        assert plan.nodes["paint"].chosen.seconds == seconds


def test_parts_that_wait_in_memory_are_not_spread() -> None:
    small = msgspec.structs.replace(FAST, memory_mb=40_000)
    light = Lighter({"offload": "model"}, Needs(1, 50, 30_000), "a guess")
    knobs = {"offload": "none", "context_parallel": 1}
    card = model("paints", "text-to-image", 0.9, gpu_mb=60_000, knobs=knobs, lighter=(light,))
    graph = Graph("g", (Node("paint", "text-to-image"),), slo=Slo(objective=("latency",)))
    cluster = machines(2, Offer(small, 4, spot=False, together=4))
    paint = plan_workflow(PlanRequest(graph, [card], speeds("paints"), cluster)).nodes["paint"].chosen
    assert (paint.knobs, paint.seconds) == ({"offload": "model", "context_parallel": 1}, 8.0)


SIZES = ((512, 512), (768, 768), (1024, 1024))


def measured(devices: tuple[int, ...], sizes: tuple[tuple[int, int], ...]) -> list[Profile]:
    """As `murakkab profile` measures: a size takes as long as it has pixels, on one device."""
    return [
        Profile(
            "paints",
            "image",
            width * height / 2**15 / count,
            device=GPU.name,
            devices=count,
            knobs={"context_parallel": count} if count > 1 else {},
            conditions={"width": width, "height": height},
        )
        for count in devices
        for width, height in sizes
    ]


@pytest.mark.parametrize(("devices", "sizes"), [((1, 2, 4), SIZES), ((1, 2, 4), SIZES[1:2])])
def test_what_was_measured_of_each_number_is_what_a_plan_expects(
    devices: tuple[int, ...], sizes: tuple[tuple[int, int], ...]
) -> None:
    arguments = {"width": 768, "height": 768}
    graph = Graph("g", (Node("paint", "text-to-image", arguments=arguments),), slo=Slo(objective=("latency",)))
    for together in devices:
        cluster = machines(2, Offer(FAST, 4, spot=False, together=together))
        plan = plan_workflow(PlanRequest(graph, [PAINTS], measured(devices, sizes), cluster))
        assert plan.nodes["paint"].chosen.seconds == pytest.approx(18.0 / together, rel=0.01)


def test_what_nobody_measured_is_spread_as_people_ask() -> None:
    paint = chosen(4, Pin("paints", {"context_parallel": 2}), known=speeds("paints")[:1]).nodes["paint"].chosen
    assert (paint.knobs["context_parallel"], paint.seconds) == (2, 0.0)


@pytest.mark.parametrize(("spread", "fault"), [(0, PinError), (2.5, PinError), (True, PinError), (8, NoPlanError)])
def test_what_no_worker_can_do_is_refused(spread: object, fault: type[Exception]) -> None:
    why = "context_parallel is 8, and a worker here has 4" if spread == 8 else "must be a number of accelerators"
    with pytest.raises(fault, match=why):
        chosen(4, Pin("paints", {"context_parallel": spread}))


def test_the_machine_needs_memory_for_each_process() -> None:
    def needed(together: int) -> int:
        return chosen(together).nodes["paint"].chosen.needs.memory_mb

    assert needed(4) == 4 * needed(1)


def test_the_greedy_planner_does_not_let_parts_wait_that_are_to_be_spread() -> None:
    small = msgspec.structs.replace(FAST, memory_mb=40_000)
    light = Lighter({"offload": "model"}, Needs(1, 50, 30_000), "a guess")
    card = model(
        "paints",
        "text-to-image",
        0.9,
        gpu_mb=60_000,
        knobs={"offload": "none", "context_parallel": 1},
        lighter=(light,),
    )
    graph = Graph("g", (Node("paint", "text-to-image"),))
    asked: dict[str, Any] = {"accelerators": [small], "profiles": [], "here": Here(("cpu", "gpu", small.name))}
    alone = plan_greedy(graph, [card], 2, **asked).nodes["paint"].chosen
    assert alone.knobs == {"offload": "model", "context_parallel": 1}
    with pytest.raises(NoPlanError, match=r"paints \(it needs 60,000 MB"):
        plan_greedy(graph, [card], 2, pins={"paint": Pin("paints", {"context_parallel": 2})}, **asked)
