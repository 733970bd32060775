"""Which slots an engine owns, by what it heard of them."""

from __future__ import annotations

from murakkab.engine.slots import Slots
from murakkab_runtimes.workers.cluster import wire


def heard(slots: Slots, name: str, cores: int, *models: str) -> None:
    """A slot was heard of; ``a-1`` is on the machine ``a``."""
    machine = name.partition("-")[0]
    slot = wire.Slot(name, machine, "cpu", cores, 1, 100, "1", "d", f"q.{name}", f"{name}@{machine}", models)
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
