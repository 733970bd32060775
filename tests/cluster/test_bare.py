"""What an engine without slots says of it."""

from __future__ import annotations

import pytest

from murakkab.engine.bare import BARREN_S, Bare
from murakkab.engine.outage import TELL_S, News
from murakkab.engine.slots import Slots
from murakkab_runtimes.workers.cluster import wire

SOON, LATE = TELL_S + 1.0, BARREN_S + 1.0


def announced(slots: Slots, now: float, name: str = "a-1", version: str = "1", full: bool = False) -> None:
    slot = wire.Slot(name, "a", "cpu", 1, 1, 100, version, "d", "q", f"{name}@a", beat=int(now))
    slots.announced(slot, wire.State(f"child of {name}", 1, full=full), 0.0, now)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (None, "no worker was heard of at redis://there"),
        ({"full": True}, "no worker has room left on its disk: a"),
        ({"version": "0"}, "no worker fits this engine:\n  a-1 on a: it has murakkab 0, the engine 1"),
    ],
)
def test_runs_are_told_why_there_is_no_worker_and_fail_after_a_while(facts: dict | None, words: str) -> None:
    slots = Slots("1", "d")
    bare = Bare("redis://there", slots)
    for now in (0.0, SOON, SOON + 1.0, LATE):
        if facts is not None:
            announced(slots, now, **facts)
        told = bare.look(True, (), now)
        assert told.waiting.startswith(words) == (now == SOON), "told once"
        assert told.failing.startswith(f"for {BARREN_S:.0f} s {words}") == (now == LATE)


def test_a_run_waits_for_the_workers_of_other_engines_as_long_as_there_are_any() -> None:
    slots = Slots("1", "d")
    bare = Bare("redis://there", slots)
    told = []
    for now in (0.0, SOON, LATE, 10 * LATE):
        announced(slots, now)
        told.append(bare.look(True, {"a-1"}, now))
    assert told == [News(), News(waiting="all workers at redis://there are at work for other engines"), News(), News()]
    gone = 11 * LATE
    assert bare.look(True, (), gone) == News(), "it has just begun to lack them"
    assert bare.look(True, (), gone + LATE).failing == "for 60 s no worker was heard of at redis://there"


def test_what_was_told_counts_no_more_once_there_was_a_worker() -> None:
    bare = Bare("redis://there", Slots("1", "d"))
    assert bare.look(True, (), 0.0) == News()
    assert bare.look(False, (), LATE) == News()
    assert bare.look(True, (), LATE + 1.0) == News()


def test_a_worker_of_another_version_is_told_of_only_while_it_is_there() -> None:
    slots = Slots("1", "d")
    slot = wire.Slot("a-1", "a", "cpu", 1, 1, 100, "0", "d", "q", "a-1@a")
    slots.announced(slot, None, 0.0, 0.0)
    assert slots.refused
    slots.announced(slot, None, 30.0, 30.0)
    assert not slots.refused
