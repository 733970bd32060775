"""What the journal of a run says was committed."""

from __future__ import annotations

from pathlib import Path

import pytest

from murakkab.engine.journal import Journal
from murakkab.engine.resume import committed
from murakkab_optimizer.scheduler import events as ev
from tests.scheduler.test_kernel_properties import plant

Place = tuple[str, tuple[int, ...], str]


def places(done: tuple[ev.DoneItem, ...]) -> list[Place]:
    return [(item.node, item.path, item.value) for item in done]


@pytest.mark.parametrize("seed", range(40))
def test_a_journal_adds_up_to_what_was_committed_in_the_order_of_the_commits(tmp_path: Path, seed: int) -> None:
    world = plant(seed, 0.02)
    world.tell(ev.RunSubmitted("r", world.graph, world.plan))
    for engine in range(3):
        world.play(25)
        journal = Journal(tmp_path / "journal.jsonl")
        for event in world.journal:
            journal.event(event, 0.0)
        journal.close()
        found, made = committed(tmp_path), world.done.event(world.graph, world.plan)
        assert (found.graph, found.plan, found.decided) == (world.graph, world.plan, made.decided)
        assert places(found.items) == places(made.items)
        assert places(found.finished) == places(made.finished)
        world = world.resumed(engine)
