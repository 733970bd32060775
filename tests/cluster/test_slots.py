"""Which slots an engine owns, by what it heard of them."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest

from murakkab.engine import hearing
from murakkab.engine.hearing import Deaths, Recent
from murakkab.engine.here import There, offered
from murakkab.engine.slots import Slots
from murakkab_optimizer.catalog import Lighter, Needs
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.workers.binding import Accelerator
from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.cluster.machine import slots as machine_slots


def heard(slots: Slots, name: str, cores: int, *models: str, bound: Accelerator | None = None, **pace: float) -> None:
    """A slot was heard of; ``a-1`` is on the machine ``a``."""
    machine, device = name.partition("-")[0], bound.name if bound else "cpu"
    place = f"q.{name}", f"{name}@{machine}", models, bound
    slot = wire.Slot(name, machine, device, cores, 1, 100, "1", "d", *place, pace=pace)
    slots.announced(slot, wire.State(f"child of {name}", 1), 0.0, 0.0)


def test_an_engine_with_a_part_of_the_slots_can_use_as_many_models_as_that_allows() -> None:
    slots = Slots("1", "d")
    for name in ("a-1", "a-2", "b-1"):
        heard(slots, name, 1, "voice")
    heard(slots, "c-1", 1, "voice", "pen")
    usable = slots.usable(0.0)
    assert slots.claims(usable, [], [], 0.5) == ["a-1", "c-1"]
    assert slots.claims(usable, ["a-2"], [], 0.5) == ["a-2", "c-1"]
    assert slots.claims(usable, [], ["c-1"], 0.5) == ["a-1", "a-2"]


def test_models_of_slots_that_others_took_are_not_counted_on() -> None:
    slots = Slots("1", "d")
    heard(slots, "a-1", 1, "voice")
    heard(slots, "b-1", 1, "pen")
    assert slots.models(0.0) == {"voice", "pen"}
    assert slots.models(0.0, taken={"b-1"}) == {"voice"}
    assert slots.models(60.0) == frozenset(), "nobody was heard of lately"


def test_accelerators_are_shared_apart_from_what_stands_beside_them() -> None:
    slots = Slots("1", "d")
    for name, cores in (("a-1", 1), ("a-2", 1), ("a-3", 0), ("a-4", 0)):
        heard(slots, name, cores, "voice")
    for name in ("a-5", "a-6"):
        heard(slots, name, 0, "film", bound=Accelerator(f"GPU-{name}", "H100", 80_000))
    usable = slots.usable(0.0)
    assert slots.claims(usable, [], [], 0.5) == ["a-1", "a-3", "a-5"]
    assert slots.claims(usable, [], ["a-1", "a-3", "a-5"], 0.5) == ["a-2", "a-4", "a-6"]
    assert slots.give_back(usable, usable, 0.5, lambda name: name == "a-5") == ["a-1", "a-3", "a-6"]
    assert [one.uuid for one in slots.accelerators(0.0, taken={"a-5"})] == ["GPU-a-6"]


def told(slots: Slots, now: float, engine: str = "", lease: str = "", child: str = "child") -> None:
    """The slot ``a-1`` announced itself, and its process told what it is at."""
    slot = wire.Slot("a-1", "a", "cpu", 1, 1, 100, "1", "d", "q.a-1", "a-1@a", ("voice",), beat=int(now))
    slots.announced(slot, wire.State(child, 1, engine, lease), 0.0, now)


def test_a_process_whose_end_was_asked_for_in_vain_is_asked_again_and_used_again() -> None:
    slots = Slots("1", "d")
    told(slots, 0.0, "e", "r/n/-#1")
    slots.ended("a-1", "child", "r/n/-#1", 1.0)
    told(slots, 2.0, "e", "r/n/-#1")
    assert not slots.usable(2.0)
    assert not slots.take_deaf(), "Celery has some time to end it"
    told(slots, 12.0, "e", "r/n/-#1")
    assert [slot.name for slot in slots.take_deaf()] == ["a-1"]
    told(slots, 13.0, "e", "r/n/-#1")
    assert not slots.take_deaf()
    assert not slots.usable(13.0)
    told(slots, 20.0)
    assert not slots.usable(20.0), "what it told last may be older than its end"
    told(slots, 32.0)
    assert slots.usable(32.0) == ["a-1"]


def test_a_slot_whose_process_ended_is_used_again_as_soon_as_it_has_another_one() -> None:
    slots = Slots("1", "d")
    told(slots, 0.0, "e", "r/n/-#1")
    slots.ended("a-1", "child", "r/n/-#1", 1.0)
    told(slots, 2.0, child="another")
    assert slots.usable(2.0) == ["a-1"]


def test_a_process_that_does_not_leave_what_was_given_up_is_ended() -> None:
    slots = Slots("1", "d")
    told(slots, 0.0, "e", "r/n/-#1")
    slots.given_up("a-1", "child", "r/n/-#1", 1.0)
    told(slots, 5.0, "e", "r/n/-#1")
    assert not slots.usable(5.0)
    assert not slots.take_deaf(), "it has some time to leave it"
    told(slots, 12.0, "e", "r/n/-#1")
    assert [slot.name for slot in slots.take_deaf()] == ["a-1"]
    told(slots, 13.0)
    assert slots.usable(13.0) == ["a-1"]


def test_a_process_that_ended_at_what_was_given_up_is_not_taken_for_alive() -> None:
    slots = Slots("1", "d")
    told(slots, 0.0, "e", "r/n/-#1")
    slots.ended("a-1", "child", "r/n/-#1", 1.0)
    slots.given_up("a-1", "child", "r/n/-#1", 1.0)
    told(slots, 2.0)
    assert not slots.usable(2.0)


def test_the_pace_of_a_fleet_is_that_of_all_its_cores_at_work() -> None:
    slots = Slots("1", "d")
    assert slots.pace(0.0) == {}
    heard(slots, "a-1", 1, "voice", drawing=1.0, inference=2.0)
    heard(slots, "b-1", 1, "voice", drawing=3.0, inference=2.0)
    heard(slots, "b-2", 0, "voice", drawing=3.0, inference=2.0)
    heard(slots, "c-1", 1, "voice")
    assert slots.pace(0.0) == {"drawing": 1.5, "inference": 2.0}, "in three seconds four drawings of one second"
    assert slots.pace(0.0, taken={"a-1"}) == {"drawing": 3.0, "inference": 2.0}
    assert slots.pace(60.0) == {}, "nobody was heard of lately"


def test_slots_on_processors_announce_the_pace_of_their_machine() -> None:
    bound = Accelerator("GPU-a", "H100", 80_000)
    found = machine_slots("m", 1, [bound], {"drawing": 1.2})
    assert [slot.pace for slot in found] == [{"drawing": 1.2}] * 3 + [{}]


def test_packages_of_lighter_settings_count_where_all_that_have_an_accelerator_have_them() -> None:
    slots = Slots("1", "d")
    assert slots.packages(0.0) == frozenset()
    for name, bound, packages in (
        ("a-1", None, ()),
        ("a-2", Accelerator("GPU-a", "H100", 80_000), ("bitsandbytes", "torchao")),
        ("b-1", Accelerator("GPU-b", "H100", 80_000), ("torchao",)),
    ):
        slot = wire.Slot(name, name[0], "cpu", 1, 1, 100, "1", "d", "q", name, accelerator=bound, packages=packages)
        slots.announced(slot, wire.State(f"child of {name}", 1), 0.0, 0.0)
    assert slots.packages(0.0) == {"torchao"}
    assert slots.packages(0.0, taken={"b-1"}) == {"bitsandbytes", "torchao"}
    assert slots.packages(60.0) == frozenset()


def test_slots_announce_the_packages_of_lighter_settings_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    light = [Lighter({"bits": n}, Needs(), "a guess", packages=(name,)) for n, name in ((8, "json"), (4, "no_such"))]
    card = msgspec.structs.replace(load_catalog()["calculator"], lighter=tuple(light))
    monkeypatch.setattr("murakkab_runtimes.workers.cluster.machine.load_catalog", lambda: {card.name: card})
    assert {slot.packages for slot in machine_slots("m", 1, [], {})} == {("json",)}


def test_an_engine_plans_lighter_settings_whose_packages_its_workers_have() -> None:
    cards = load_catalog()
    usual, with_torchao = (
        [one.knobs for one in offered(cards, There(frozenset({"flux-1-dev"}), packages=packages))[0][0].lighter]
        for packages in (frozenset[str](), frozenset({"torchao"}))
    )
    assert usual == [{"offload": "model"}]
    assert with_torchao == [{"offload": "model"}, {"quantization": "int8"}]


def test_a_slot_starts_until_its_process_is_up() -> None:
    slots = Slots("1", "d")
    slot = wire.Slot("a-1", "a", "cpu", 1, 1, 100, "1", "d", "q.a-1", "a-1@a")
    assert not slots.any_starts(0.0)
    slots.announced(slot, None, 0.0, 0.0)
    assert slots.any_starts(1.0)
    assert not slots.any_starts(60.0), "it was not heard of any more"
    slots.announced(slot, wire.State("child", 1), 0.0, 1.0)
    assert not slots.any_starts(1.0)


def test_what_nobody_tells_of_any_more_is_forgotten() -> None:
    slots = Slots("1", "d")
    for name in ("a-1", "b-1", "c-1"):
        heard(slots, name, 1, "voice")
    other = wire.Slot("e-1", "e", "cpu", 1, 1, 100, "2", "d", "q.e-1", "e-1@e")
    slots.announced(other, None, 0.0, 0.0)
    assert set(slots.refused) == {"e-1"}
    slots.known["b-1"].joined = "child of b-1"
    here = (slots.known["a-1"].slot, slots.known["a-1"].state, 0.0)
    slots.read([here, (slots.known["c-1"].slot, wire.State("child of c-1", 1), 50.0)], 0.0)
    assert set(slots.known) == {"a-1", "b-1", "c-1"}, "one that the scheduler knows is lost first"
    assert not slots.refused
    slots.read([here], 0.0)
    assert set(slots.known) == {"a-1", "b-1"}


def test_what_was_cancelled_long_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    recent, now = Recent(), [0.0]
    monkeypatch.setattr(hearing, "time", SimpleNamespace(monotonic=lambda: now[0]))
    for lease in ("a", "b", "a"):
        now[0] += 1.0
        recent.add(lease)
    now[0] = hearing.RECENT_S + 2.5
    recent.add("c")
    assert [lease in recent for lease in "abc"] == [True, False, True]
    recent.discard("a")
    assert "a" not in recent


def test_deaths_at_a_task_are_forgotten_with_its_run() -> None:
    deaths = Deaths()
    assert not deaths.count("r/double/-#1", "a-1: it ended")
    assert not deaths.count("r-2/double/-#1", "a-1: it ended")
    deaths.forget_run("r")
    assert not deaths.count("r/double/-#1~1", "a-1: it ended")
    assert "2 workers ended at it" in deaths.count("r-2/double/-#2", "a-1: it ended")


def test_an_accelerator_that_two_workers_announce_counts_once() -> None:
    slots = Slots("1", "d")
    pair = Accelerator("GPU-a", "H100", 80_000, beside=("GPU-b",))
    for name, bound in (("a-1", pair), ("a-2", Accelerator("GPU-b", "H100", 80_000)), ("b-1", pair)):
        heard(slots, name, 0, "film", bound=bound)
    assert slots.accelerators(0.0) == (pair,)
