"""Which slots an engine owns, by what it heard of them."""

from __future__ import annotations

from murakkab.engine.slots import Slots
from murakkab_runtimes.workers.binding import Accelerator
from murakkab_runtimes.workers.cluster import wire


def heard(slots: Slots, name: str, cores: int, *models: str, bound: Accelerator | None = None) -> None:
    """A slot was heard of; ``a-1`` is on the machine ``a``."""
    machine, device = name.partition("-")[0], bound.name if bound else "cpu"
    slot = wire.Slot(name, machine, device, cores, 1, 100, "1", "d", f"q.{name}", f"{name}@{machine}", models, bound)
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


def test_a_slot_starts_until_its_process_is_up() -> None:
    slots = Slots("1", "d")
    slot = wire.Slot("a-1", "a", "cpu", 1, 1, 100, "1", "d", "q.a-1", "a-1@a")
    assert not slots.any_starts(0.0)
    slots.announced(slot, None, 0.0, 0.0)
    assert slots.any_starts(1.0)
    assert not slots.any_starts(60.0), "it was not heard of any more"
    slots.announced(slot, wire.State("child", 1), 0.0, 1.0)
    assert not slots.any_starts(1.0)
