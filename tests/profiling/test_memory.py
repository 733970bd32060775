"""Memory that a run's tasks took or did not find: the next plan goes by it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from murakkab.engine.here import There, elsewhere
from murakkab.profiling.memory import LAPSE_DAYS, forget_memory, known_memories, learn_memory
from murakkab.profiling.store import ProfileStore, Record
from murakkab.profiling.versions import versions_of
from murakkab_optimizer.catalog import Lighter, ModelCard, Needs, Quality
from murakkab_optimizer.graph import Graph, Node
from murakkab_optimizer.hardware import Cluster, DeviceType, Offer
from murakkab_optimizer.plan import Configuration, NodePlan, Plan, Rung
from murakkab_optimizer.planner import Here, NoPlanError, PlanRequest, plan_greedy, plan_workflow
from murakkab_optimizer.profiles.memory import Memories, Seen
from murakkab_optimizer.profiles.nouns import Profile, Provenance
from murakkab_runtimes.workers.binding import Accelerator

CORE = DeviceType("cpu", 0.0, kind="cpu", peak_w=4.0)


def card(name: str, quality: float, accelerator_mb: int = 0) -> ModelCard:
    needs = Needs(accelerator_mb=accelerator_mb)
    return ModelCard(name, "text-to-image", "none", "", "MIT", "", needs=needs, quality=Quality(quality, "test"))


def gpu(memory_mb: int) -> Cluster:
    device = DeviceType("G1", 0.0, memory_mb=memory_mb, peak_w=300.0, server_size=1)
    return Cluster("one", (Offer(device, 1, spot=False), Offer(CORE, 4, spot=False)), memory_mb=16_000, billing="used")


def graph(width: int = 1024) -> Graph:
    return Graph("g", (Node("paint", "text-to-image", {"width": width, "height": 512}),))


def request(cluster: Cluster, store: ProfileStore, what: Graph) -> PlanRequest:
    cards = [card("large", 0.9, 20_000), card("small", 0.5)]
    speeds = [Profile("large", "image", 1.0, device="G1"), Profile("small", "image", 2.0)]
    return PlanRequest(what, cards, speeds, cluster, memories=known_memories(store))


def planned(cluster: Cluster, store: ProfileStore, what: Graph | None = None) -> Plan:
    return plan_workflow(request(cluster, store, what or graph()))


def finished(peak_mb: float) -> dict[str, Any]:
    return {"event": "task.finished", "node": "paint", "path": [], "seconds": 1.0, "meta": {"peak_mb": peak_mb}}


NO_ROOM = {"event": "task.failed", "node": "paint", "path": [], "error": "full", "retry": False, "memory": True}


def test_what_found_no_room_is_not_chosen_again(store: ProfileStore) -> None:
    cluster = gpu(24_000)
    first = planned(cluster, store)
    assert first.nodes["paint"].chosen.model == "large"
    learn_memory(graph(), first, [NO_ROOM], store, cluster)
    again = planned(cluster, store).nodes["paint"]
    assert again.chosen.model == "small"
    assert ("large", "it found no room in 24,000 MB of memory") in again.alternatives


def test_smaller_tasks_and_larger_devices_may_have_room(store: ProfileStore) -> None:
    cluster = gpu(24_000)
    learn_memory(graph(), planned(cluster, store), [NO_ROOM], store, cluster)
    for what, room, model in (
        (graph(512), 24_000, "large"),
        (graph(2048), 24_000, "small"),
        (graph(), 48_000, "large"),
    ):
        assert planned(gpu(room), store, what).nodes["paint"].chosen.model == model


def test_what_was_measured_counts_instead_of_what_a_card_says(store: ProfileStore) -> None:
    learn_memory(graph(), planned(gpu(24_000), store), [finished(9_000), finished(11_000)], store)
    assert [one.peak_mb for one in known_memories(store)] == [11_000]
    assert planned(gpu(12_000), store).nodes["paint"].chosen.model == "large"
    assert planned(gpu(10_000), store).nodes["paint"].chosen.model == "small"
    assert planned(gpu(12_000), store, graph(2048)).nodes["paint"].chosen.model == "small"


SMALL = card("small", 0.5)
LIGHT = msgspec.structs.replace(
    card("large", 0.9, 20_000),
    knobs={"bits": 16},
    lighter=(Lighter({"bits": 4}, Needs(accelerator_mb=15_000), "a guess"),),
)


def measured(store: ProfileStore, one: ModelCard, memory_mb: float, device: str = "G1", **knobs: int) -> Sequence[Seen]:
    """What is known of memory after a model was measured on an accelerator with pictures of 1024x512."""
    told = Provenance("measured", "murakkab profile")
    profile = Profile(one.name, "image", 1.0, device, 1, knobs, {"height": 512}, memory_mb=memory_mb, provenance=told)
    with store.changing() as kept:
        kept.records.append(Record(profile, versions_of(one), most={"width": 1024, "height": 512}))
    return known_memories(store, {one.name: one})


@pytest.mark.parametrize(
    ("room", "arguments", "model"),
    [
        (12_000, {"width": 1024, "height": 512}, "large"),
        (12_000, {"width": 512, "height": 256, "seed": 3}, "large"),
        (10_000, {"width": 1024, "height": 512}, "small"),
        (12_000, {"width": 2048, "height": 512}, "small"),
        (12_000, {"width": 1024}, "small"),
    ],
)
def test_what_was_measured_on_an_accelerator_counts_instead_of_what_a_card_says(
    store: ProfileStore, room: int, arguments: dict[str, int], model: str
) -> None:
    what = Graph("g", (Node("paint", "text-to-image", arguments),))
    seen = measured(store, card("large", 0.9, 20_000), 11_000)
    asked = msgspec.structs.replace(request(gpu(room), store, what), memories=seen)
    assert plan_workflow(asked).nodes["paint"].chosen.model == model


def test_settings_that_were_measured_to_have_no_room_are_not_planned(store: ProfileStore) -> None:
    seen = measured(store, card("large", 0.9, 20_000), 25_000)
    asked = msgspec.structs.replace(request(gpu(24_000), store, graph()), memories=seen)
    assert plan_workflow(asked).nodes["paint"].chosen.model == "small"


def test_lighter_settings_that_were_measured_to_have_room_are_planned_by_both_planners(store: ProfileStore) -> None:
    cluster = gpu(12_000)
    speeds = [Profile("large", "image", 1.0, device="G1"), Profile("small", "image", 2.0)]

    def bits(seen: Sequence[Seen]) -> list[object]:
        exact = plan_workflow(PlanRequest(graph(), [LIGHT, SMALL], speeds, cluster, memories=seen))
        types = [offer.device for offer in cluster.offers if offer.device.kind == "gpu"]
        here = Here(("cpu", "gpu", "G1"))
        try:
            greedy = plan_greedy(graph(), [LIGHT], 4, here=here, profiles=[], memories=seen, accelerators=types)
        except NoPlanError:
            return [exact.nodes["paint"].chosen.model]
        return [plan.nodes["paint"].chosen.knobs["bits"] for plan in (exact, greedy)]

    assert bits(measured(store, LIGHT, 9_000, "G2", bits=4)) == ["small"]
    assert bits(measured(store, LIGHT, 11_000, bits=4)) == [4, 4]


def test_what_was_measured_of_another_version_of_a_model_does_not_count(store: ProfileStore) -> None:
    assert len(measured(store, LARGE, 11_000)) == 1
    assert known_memories(store, {"large": msgspec.structs.replace(LARGE, options={"tiling": True})}) == ()


def test_what_is_done_in_the_end_has_room(store: ProfileStore) -> None:
    cluster = gpu(24_000)
    plan = planned(cluster, store)
    learn_memory(graph(), plan, [NO_ROOM], store, cluster)
    learn_memory(graph(2048), plan, [finished(23_000)], store, cluster)
    assert planned(cluster, store).nodes["paint"].chosen.model == "large"


def test_a_model_on_processors_that_found_no_room_is_refused_by_both_planners(store: ProfileStore) -> None:
    cluster = Cluster("this machine", (Offer(CORE, 4, spot=False),), memory_mb=16_000, billing="used")
    cards = [card("slow", 0.9), card("quick", 0.5)]
    speeds = [Profile("slow", "image", 1.0), Profile("quick", "image", 1.0)]
    asked = PlanRequest(graph(), cards, speeds, cluster)
    learn_memory(graph(), plan_workflow(asked), [NO_ROOM], store, cluster)
    seen = known_memories(store)
    exact = plan_workflow(PlanRequest(graph(), cards, speeds, cluster, memories=seen))
    greedy = plan_greedy(graph(), cards, 4, profiles=speeds, memories=seen)
    assert exact.nodes["paint"].chosen.model == greedy.nodes["paint"].chosen.model == "quick"
    with pytest.raises(NoPlanError, match=r"slow: it found no room in 16,000 MB of memory\. Ask for a smaller one"):
        plan_workflow(PlanRequest(graph(), cards[:1], speeds, cluster, memories=seen))
    with pytest.raises(NoPlanError, match="not enough memory for slow"):
        plan_greedy(graph(), cards[:1], 4, profiles=speeds, memories=seen)


def test_the_rung_that_a_shot_was_on_when_it_found_no_room_is_meant(store: ProfileStore) -> None:
    cluster, what = gpu(24_000), Graph("g", (Node("paint", "text-to-image", {}, for_each="lines"),))
    plan = planned(cluster, store)
    chosen = plan.nodes["paint"].chosen
    rungs = tuple(
        Rung(f"{steps} steps", {"paint": msgspec.structs.replace(chosen, knobs={"steps": steps})}, 1.0, 1.0)
        for steps in (20, 10)
    )
    events = [
        {"event": "shot.rung", "path": [0], "rung": "20 steps"},
        {**NO_ROOM, "path": [0]},
        {"event": "shot.rung", "path": [0], "rung": "10 steps"},
        {**finished(20_000), "path": [0]},
    ]
    learn_memory(what, msgspec.structs.replace(plan, rungs=rungs), events, store, cluster)
    found = {one.knobs["steps"]: (one.peak_mb, one.beyond_mb) for one in known_memories(store)}
    assert found == {20: (0.0, 24_000.0), 10: (20_000.0, 0.0)}


@pytest.mark.parametrize(
    "event",
    [
        {**NO_ROOM, "memory": False},
        {**finished(5.0), "seconds": 0.0},
        {**finished(5.0), "meta": {}},
        {**NO_ROOM, "node": "other"},
        {"event": "segment.published", "seconds": 2.0},
    ],
)
def test_what_says_nothing_of_memory_is_not_kept(store: ProfileStore, event: dict[str, Any]) -> None:
    learn_memory(graph(), planned(gpu(24_000), store), [event], store)
    assert not known_memories(store)
    assert not store.runs.path.exists()


LARGE = msgspec.structs.replace(card("large", 0.9, 20_000), options={"tiling": False}, packages=("msgspec",))


def refused(store: ProfileStore) -> ProfileStore:
    """A store that knows of a task that found no room."""
    cluster = gpu(24_000)
    learn_memory(graph(), planned(cluster, store), [NO_ROOM], store, cluster, {"large": LARGE})
    return store


def test_what_was_seen_of_another_version_of_a_model_does_not_count(store: ProfileStore) -> None:
    cluster = gpu(24_000)
    plan = planned(cluster, store)
    (seen,) = known_memories(refused(store), {"large": LARGE})
    assert seen.beyond_mb == 24_000
    tiled = {"large": msgspec.structs.replace(LARGE, options={"tiling": True})}
    assert known_memories(store, tiled) == ()
    learn_memory(graph(), plan, [finished(9_000)], store, cluster, tiled)
    assert [(one.peak_mb, one.beyond_mb) for one in known_memories(store, tiled)] == [(9_000.0, 0.0)]


@pytest.mark.parametrize(("days", "beyond_mb"), [(LAPSE_DAYS, 24_000.0), (LAPSE_DAYS + 1, 0.0)])
def test_that_a_task_found_no_room_lapses(store: ProfileStore, days: int, beyond_mb: float) -> None:
    with refused(store).runs.changing() as kept:
        ((key, basis),) = kept.bases.items()
        assert basis.refused == datetime.date.today()
        before = datetime.date.today() - datetime.timedelta(days)
        kept.bases[key] = msgspec.structs.replace(basis, refused=before)
    assert [one.beyond_mb for one in known_memories(store, {"large": LARGE})] == [beyond_mb]
    model = planned(gpu(24_000), store).nodes["paint"].chosen.model
    assert model == ("small" if beyond_mb else "large")


def test_what_was_seen_of_a_model_can_be_forgotten(store: ProfileStore) -> None:
    forget_memory(["large"], store)
    assert not store.runs.path.exists()
    forget_memory(["small"], refused(store))
    assert len(known_memories(store)) == 1
    forget_memory(["large"], store)
    assert known_memories(store) == ()
    assert store.runs.content().bases == {}


def test_what_workers_found_no_room_in_is_learnt_of_their_accelerators(store: ProfileStore) -> None:
    known = Accelerator("GPU-1", "Wonder 9", 24_000)
    there = elsewhere(There(frozenset({"large"}), (known,)))
    plan = planned(gpu(24_000), store)
    chosen = plan.nodes["paint"]
    on_wonder = msgspec.structs.replace(chosen, chosen=msgspec.structs.replace(chosen.chosen, device="Wonder 9"))
    plan = msgspec.structs.replace(plan, nodes={"paint": on_wonder})
    learn_memory(graph(), plan, [NO_ROOM], store, there)
    assert [(one.device, one.beyond_mb) for one in known_memories(store)] == [("Wonder 9", 24_000.0)]


@pytest.mark.parametrize("event", [NO_ROOM, finished(9_000)])
def test_nothing_is_learnt_of_the_memory_of_other_machines_processors(
    store: ProfileStore, event: dict[str, Any]
) -> None:
    plan = plan_workflow(PlanRequest(graph(), [card("slow", 0.9)], [Profile("slow", "image", 1.0)], gpu(0)))
    learn_memory(graph(), plan, [event], store, elsewhere(There(frozenset({"slow"}))))
    assert not known_memories(store)


def test_nothing_is_learnt_where_nobody_knows_on_which_accelerator_a_task_was_done(store: ProfileStore) -> None:
    small = DeviceType("G0", 0.0, memory_mb=8_000, peak_w=300.0, server_size=1)
    one = gpu(24_000)
    both = msgspec.structs.replace(one, offers=(*one.offers, Offer(small, 1, spot=False)))
    learn_memory(graph(), planned(one, store), [finished(7_000), NO_ROOM], store, both)
    assert not known_memories(store)


def test_a_task_that_was_spread_says_nothing_of_one_that_is_not(store: ProfileStore) -> None:
    spreads = msgspec.structs.replace(card("large", 0.9, 20_000), knobs={"context_parallel": 1})
    cluster = gpu(24_000)
    plan = Plan({"paint": NodePlan(Configuration("large", {"context_parallel": 2}, device="G1", devices=2), "")})
    done = finished(9_000)
    learn_memory(
        graph(), plan, [{**done, "meta": {**done["meta"], "processes": 2}}], store, cluster, {"large": spreads}
    )
    learn_memory(graph(), plan, [finished(11_000)], store, cluster, {"large": spreads})
    told = known_memories(store, {"large": spreads})
    assert {one.knobs["context_parallel"]: one.peak_mb for one in told} == {1: 11_000, 2: 9_000}
    alone, pair = (Seen("large", "G1", {"context_parallel": n}, told[0].conditions) for n in (1, 2))
    seen = Memories(told)
    assert (seen.need_mb(alone, 20_000), seen.need_mb(pair, 20_000)) == (11_000, 9_000)
    refused = Memories([msgspec.structs.replace(alone, beyond_mb=24_000)])
    assert (refused.beyond_mb(alone), refused.beyond_mb(pair)) == (24_000, 0)
