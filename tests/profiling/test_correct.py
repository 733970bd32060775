"""What finished runs say of the profiles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from murakkab.profiling.correct import drifted, learn, units_of
from murakkab.profiling.known import known_profiles
from murakkab.profiling.store import ProfileStore
from murakkab_optimizer.catalog import Lighter, ModelCard, Needs
from murakkab_optimizer.graph import Graph, Node
from murakkab_optimizer.hardware import Cluster, DeviceType, Offer
from murakkab_optimizer.plan import Configuration, NodePlan, Plan
from murakkab_optimizer.planner.speeds import Speeds
from murakkab_optimizer.profiles.nouns import Profile, Provenance
from murakkab_runtimes.catalog import load_catalog
from tests.profiling.conftest import keep, measured

CARDS = load_catalog()
SHIPPED = Profile("lanczos", "frame", 0.01, fixed_s=0.1, provenance=Provenance("shipped"))
GRAPH = Graph("g", (Node("upscale", "video-to-video", {"height": 720, "fps": 24}),))
PLAN = Plan({"upscale": NodePlan(Configuration("lanczos", {"crf": 23}), "")})


def finished(seconds: float, **meta: Any) -> dict[str, Any]:
    return {"event": "task.finished", "node": "upscale", "path": [1], "seconds": seconds, "meta": meta}


def run(store: ProfileStore, *events: dict[str, Any], plan: Plan = PLAN, graph: Graph = GRAPH) -> list[str]:
    return learn(graph, plan, CARDS, [SHIPPED], events, store)


def unit_s(store: ProfileStore) -> float:
    return known_profiles([CARDS["lanczos"]], [SHIPPED], store)[0].unit_s


def test_runs_that_take_longer_make_plans_longer(store: ProfileStore) -> None:
    for _ in range(40):
        run(store, finished(1.0, frames=40), finished(1.2, frames=50))
    assert unit_s(store) == pytest.approx(0.01 * 2.2 / 1.1, rel=0.05)


def test_one_wild_run_moves_little(store: ProfileStore) -> None:
    for _ in range(10):
        run(store, finished(0.5, frames=40))
    run(store, finished(500.0, frames=40))
    assert unit_s(store) == pytest.approx(0.01, rel=0.06)


def test_a_run_counts_once_however_many_tasks_it_has(store: ProfileStore) -> None:
    run(store, *[finished(1.0, frames=40)] * 100)
    (learnt,) = store.runs.read()[0].learnt.values()
    assert learnt.correction.count == 1


@pytest.mark.parametrize(
    "event",
    [
        finished(0.0, frames=40, cached=True),
        finished(0.5),
        finished(0.5, frames=0),
        {"event": "task.failed", "node": "upscale", "path": [1], "error": "x", "attempt": 1, "retry": True},
        {"event": "task.finished", "node": "other", "path": [], "seconds": 1.0, "meta": {}},
        {"event": "segment.published", "seconds": 2.0},
    ],
)
def test_what_says_nothing_does_not_count(store: ProfileStore, event: dict[str, Any]) -> None:
    assert run(store, event) == []
    assert store.runs.read()[0].learnt == {}


def test_settings_that_no_profile_is_of_do_not_count(store: ProfileStore) -> None:
    keep(store, measured(CARDS["lanczos"], knobs={"crf": 18}))
    run(store, finished(9.0, frames=40))
    assert [key for key in store.runs.read()[0].learnt if '"crf"' in key] == []


def test_drift_is_told_when_it_lasts_and_matters(store: ProfileStore) -> None:
    told = [run(store, finished(1.0, frames=40)) for _ in range(25)]
    assert told[5] == []
    assert "lanczos" in told[-1][0]
    assert "murakkab profile lanczos --again" in told[-1][0]
    assert "2.00 times" in drifted(store, CARDS)["lanczos"]
    assert drifted(store, ["calculator"]) == {}


def test_runs_as_expected_tell_of_no_drift(store: ProfileStore) -> None:
    assert not any(run(store, finished(0.5, frames=40)) for _ in range(25))


def test_new_figures_begin_anew(store: ProfileStore) -> None:
    for _ in range(40):
        run(store, finished(1.0, frames=40))
    record = measured(CARDS["lanczos"], 0.03)
    keep(store, record)
    assert unit_s(store) == 0.03
    run(store, finished(1.2, frames=40))
    (learnt,) = store.runs.read()[0].learnt.values()
    assert learnt.correction.count == 1


def test_processes_that_go_on_are_told_of_a_notable_change(store: ProfileStore) -> None:
    keep(store)
    before = store.path.stat().st_mtime_ns
    run(store, finished(0.5, frames=40))
    assert store.path.stat().st_mtime_ns == before
    for _ in range(6):
        run(store, finished(1.0, frames=40))
    assert store.path.stat().st_mtime_ns > before


def test_items_of_a_stream_are_summed_up(store: ProfileStore) -> None:
    graph = Graph("g", (msgspec.structs.replace(GRAPH.nodes[0], streams=True),))
    items = [
        {"event": "item.emitted", "node": "upscale", "path": [1, n], "meta": {"frames": 20, "seconds": 0.8}}
        for n in range(3)
    ]
    for _ in range(30):
        run(store, *items, finished(1.4, frames=9999), graph=graph)
    assert unit_s(store) == pytest.approx(0.02, rel=0.05)


@pytest.mark.parametrize(
    ("unit", "sums", "count"),
    [
        ("audio-second", {"seconds": 2.5}, 2.5),
        ("frame", {"frames": 12.0, "seconds": 99.0}, 12.0),
        ("frame", {"seconds": 2.0}, 48.0),
        ("frame", {}, None),
        ("word", {"words": 7.0}, 7.0),
        ("task", {}, 1.0),
        ("image", {}, 1.0),
        ("turn", {"items": 3.0}, None),
        ("bushel", {"items": 3.0}, None),
    ],
)
def test_work_is_counted_in_the_unit_of_the_profile(unit: str, sums: dict[str, float], count: float | None) -> None:
    assert units_of(Profile("lanczos", unit, 1.0), GRAPH.nodes[0], sums) == count


def test_it_can_be_left_out_for_the_profiles_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MURAKKAB_PROFILES", str(tmp_path))
    for switch, files in (("off", 0), ("on", 2)):
        monkeypatch.setenv("MURAKKAB_CORRECTION", switch)
        learn(GRAPH, PLAN, CARDS, [SHIPPED], [finished(1.0, frames=40)])
        assert len(list(tmp_path.iterdir())) == files


SIZES = [
    Profile("lanczos", "frame", seconds, conditions={"height": height}, provenance=Provenance("shipped"))
    for height, seconds in ((360, 0.01), (720, 0.04))
]


def run_at(store: ProfileStore, height: int, seconds: float, frames: int = 100) -> list[str]:
    graph = Graph("g", (Node("upscale", "video-to-video", {"height": height, "fps": 24}),))
    return learn(graph, PLAN, CARDS, SIZES, [finished(seconds, frames=frames)], store)


def predicted(store: ProfileStore, height: int) -> float:
    node = Node("upscale", "video-to-video", {"height": height, "fps": 24})
    found = Speeds(known_profiles([CARDS["lanczos"]], SIZES, store)).on_processor(CARDS["lanczos"], node, {})
    assert found is not None
    return found.unit_s


def test_a_run_at_a_size_that_nobody_measured_says_nothing_where_it_takes_what_was_inferred(
    store: ProfileStore,
) -> None:
    for _ in range(10):
        run_at(store, 540, 2.25)
    assert [predicted(store, height) for height in (360, 540, 720)] == pytest.approx([0.01, 0.0225, 0.04])


def test_runs_at_a_size_that_nobody_measured_make_what_is_inferred_come_to_what_they_took(store: ProfileStore) -> None:
    told = [run_at(store, 540, 4.5) for _ in range(30)]
    assert len(told[-1]) == 1
    assert predicted(store, 540) == pytest.approx(0.045, rel=0.02)
    assert [predicted(store, height) for height in (360, 720)] == pytest.approx([0.02, 0.08], rel=0.02)


def test_one_wild_run_at_such_a_size_moves_little(store: ProfileStore) -> None:
    for _ in range(10):
        run_at(store, 540, 2.25)
    run_at(store, 540, 900.0)
    assert predicted(store, 540) == pytest.approx(0.0225, rel=0.06)


def test_what_runs_at_a_measured_size_said_is_not_counted_twice_between_sizes(store: ProfileStore) -> None:
    for _ in range(30):
        run_at(store, 720, 8.0)
        run_at(store, 540, 3.375)
    for _ in range(30):
        run_at(store, 540, 3.375)
    assert predicted(store, 540) == pytest.approx(0.03375, rel=0.02)


def gpus(*names: str) -> Cluster:
    types = [DeviceType(name, 1.0, memory_mb=24_000) for name in names]
    return Cluster("here", tuple(Offer(one, 1, spot=False) for one in types))


BITS = Lighter({"bits": 4}, Needs(accelerator_mb=4_000), "a guess", slower=2.0)
PAINTER = ModelCard(
    "painter", "text-to-image", "none", "", "MIT", "", knobs={"bits": 16}, needs=Needs(accelerator_mb=8_000),
    lighter=(BITS,),
)  # fmt: skip
PAINTED = Graph("g", (Node("paint", "text-to-image", {"height": 512}),))


def painted(
    store: ProfileStore, cluster: Cluster, known: list[Profile], bits: int = 16, runs: int = 30
) -> dict[tuple[str, int], float]:
    """Seconds of a picture by device and number of devices, after runs on one G1 that took 3 s for each."""
    chosen = Configuration("painter", {"bits": bits}, device="G1", devices=1)
    plan, took = Plan({"paint": NodePlan(chosen, "")}), {**finished(3.0), "node": "paint"}
    for _ in range(runs):
        learn(PAINTED, plan, {"painter": PAINTER}, known, [took], store, cluster=cluster)
    return {(one.device, one.devices): one.unit_s for one in known_profiles([PAINTER], known, store)}


def cited(device: str, devices: int = 1, **knobs: int) -> Profile:
    return Profile("painter", "image", 2.0, device, devices, knobs, provenance=Provenance("cited", "a paper"))


def test_runs_correct_the_speed_of_the_accelerators_that_did_the_work(store: ProfileStore) -> None:
    found = painted(store, gpus("G1"), [cited("G1"), cited("G2"), cited("G1", 2)])
    assert found["G1", 1] == pytest.approx(3.0, rel=0.05)
    assert (found["G2", 1], found["G1", 2]) == (2.0, 2.0)


def test_nothing_is_learnt_of_speed_where_another_type_may_have_done_the_work(store: ProfileStore) -> None:
    assert painted(store, gpus("G1", "G2"), [cited("G1")], runs=1) == {("G1", 1): 2.0}
    assert store.runs.read()[0].learnt == {}


def test_runs_in_lighter_settings_say_nothing_of_the_usual_ones(store: ProfileStore) -> None:
    assert painted(store, gpus("G1"), [cited("G1")], bits=4, runs=1) == {("G1", 1): 2.0}
    assert store.runs.read()[0].learnt == {}
    light = [cited("G1", bits=16), cited("G1", bits=4)]
    painted(store, gpus("G1"), light, bits=4)
    usual, lighter = known_profiles([PAINTER], light, store)
    assert (usual.unit_s, lighter.unit_s) == (2.0, pytest.approx(3.0, rel=0.05))


def test_what_runs_say_makes_no_file_of_figures(store: ProfileStore) -> None:
    for _ in range(10):
        run(store, finished(1.0, frames=40))
    assert [path.name for path in store.path.parent.glob("*.json")] == [store.runs.path.name]
    assert store.read()[1] == ""


def test_runs_on_slower_machines_say_nothing_of_this_one_and_what_they_say_counts_there(store: ProfileStore) -> None:
    there = {"drawing": 3.0, "encoding": 3.0, "inference": 3.0}
    for _ in range(40):
        learn(GRAPH, PLAN, CARDS, [SHIPPED], [finished(3.0, frames=40)], store, pace=there)
    assert unit_s(store) == 0.01
    (found,) = known_profiles([CARDS["lanczos"]], [SHIPPED], store, pace=there)
    assert found.unit_s == pytest.approx(0.01 * 3.0 * 2.0, rel=0.05)


SPREAD = msgspec.structs.replace(PAINTER, knobs={**PAINTER.knobs, "context_parallel": 1})


@pytest.mark.parametrize(("processes", "learnt"), [(2, 1.5), (1, 1.0)])
def test_a_task_says_something_of_as_many_accelerators_as_it_was_spread_over(
    store: ProfileStore, processes: int, learnt: float
) -> None:
    known = [cited("G1"), msgspec.structs.replace(cited("G1", 2), unit_s=1.0)]
    chosen = Configuration("painter", {"bits": 16, "context_parallel": 2}, device="G1", devices=2)
    meta = {"processes": processes} if processes > 1 else {}
    took = {**finished(1.5, **meta), "node": "paint"}
    for _ in range(30):
        learn(
            PAINTED,
            Plan({"paint": NodePlan(chosen, "")}),
            {"painter": SPREAD},
            known,
            [took],
            store,
            cluster=gpus("G1"),
        )
    found = {one.devices: one.unit_s for one in known_profiles([SPREAD], known, store)}
    assert found == {1: 2.0, 2: pytest.approx(learnt, rel=0.05)}
