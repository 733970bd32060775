"""A task whose worker is taken away waits at its own place again, not behind all that came after it."""

from __future__ import annotations

import pytest

from murakkab_optimizer.catalog import Needs
from murakkab_optimizer.graph import Graph, Node, Slo
from murakkab_optimizer.plan import Configuration, NodePlan, Plan
from murakkab_optimizer.policies.queueing import POLICIES
from murakkab_optimizer.scheduler import Scheduler
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev

PLAN = Plan({"draw": NodePlan(Configuration("pen", {}, Needs(1, 50), 1.0), "the only one")})


def submitted(run: str, latency: float) -> ev.RunSubmitted:
    return ev.RunSubmitted(run, Graph(run, (Node("draw", "work"),), slo=Slo(latency=latency)), PLAN)


def begun(commands: list[cmd.Command]) -> list[str]:
    return [command.run for command in commands if isinstance(command, cmd.StartTask)]


def order(policy: str, lost_at: float, *, equal: bool) -> list[str]:
    """Runs in the order in which they are begun after the first one lost its worker; the next came later."""
    scheduler = Scheduler(1, policy)
    scheduler.handle(ev.WorkerJoined("w1"), 0.0)
    assert begun(scheduler.handle(submitted("first", 100.0), 1.0)) == ["first"]
    for number, run in enumerate(("second", "third")):
        later = 0.0 if equal else 1.0 + number
        scheduler.handle(submitted(run, 100.0), 1.0 + later)
    scheduler.handle(ev.WorkerLost("w1", "taken away", blame=False), lost_at)
    found = begun(scheduler.handle(ev.WorkerJoined("w2"), lost_at + 1.0))
    while len(found) < 3:
        found += begun(scheduler.handle(ev.TaskFinished(f"{found[-1]}/draw/-#{1 + (found[-1] == 'first')}", "v"), 60.0))
    return found


@pytest.mark.parametrize("policy", sorted(POLICIES))
@pytest.mark.parametrize("equal", [True, False])
def test_a_preempted_task_keeps_its_place(policy: str, equal: bool) -> None:
    assert order(policy, 50.0, equal=equal) == ["first", "second", "third"]


def test_a_task_that_failed_has_had_its_turn() -> None:
    scheduler = Scheduler(1, "fifo")
    scheduler.handle(ev.WorkerJoined("w1"), 0.0)
    for at, run in ((1.0, "first"), (2.0, "second")):
        scheduler.handle(submitted(run, 100.0), at)
    scheduler.handle(ev.WorkerLost("w1", "it died", blame=True), 50.0)
    assert begun(scheduler.handle(ev.WorkerJoined("w2"), 60.0)) == ["second"]
