"""What a run that goes on knows of its past."""

from pathlib import Path

from murakkab.engine.journal import Journal
from murakkab.engine.resume import committed
from murakkab_optimizer.graph import Graph, Node
from murakkab_optimizer.plan import Plan
from murakkab_optimizer.scheduler import events as ev
from murakkab_optimizer.scheduler.commands import MakeShot


def test_a_shot_that_was_moved_goes_on_on_the_rung_that_it_was_moved_to(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.event(ev.RunSubmitted("r", Graph("g", (Node("n", "work"),)), Plan({})), 0.0)
    journal.commands([MakeShot("r", (0,), "full", 0, 1.0, "in time"), MakeShot("r", (1,), "full", 0, 1.0, "in time")])
    journal.commands([MakeShot("r", (0,), "still", 3, 0.1, "there is no instance for more")])
    journal.close()
    assert committed(tmp_path).shots == (ev.ShotMade((0,), "still"), ev.ShotMade((1,), "full"))


def test_each_time_that_a_run_goes_on_is_counted(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    graph, plan = Graph("g", (Node("n", "work"),)), Plan({})
    journal.event(ev.RunSubmitted("r", graph, plan), 0.0)
    for times in (1, 2, 3):
        found = committed(tmp_path)
        assert found.times == times
        journal.event(found, 0.0)
    journal.close()
