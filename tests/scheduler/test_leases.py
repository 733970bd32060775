"""Which attempt counts, and what follows from a worker that dies."""

from __future__ import annotations

from murakkab_optimizer.catalog import Needs
from murakkab_optimizer.graph import Graph, Node
from murakkab_optimizer.plan import Configuration, NodePlan, Plan
from murakkab_optimizer.scheduler import Command, Scheduler
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev

GRAPH = Graph("one", (Node("work", "work"),))
PLAN = Plan({"work": NodePlan(Configuration("model", {}, Needs(1, 400)), "the only one")})


def started(commands: list[Command]) -> cmd.StartTask:
    (task,) = (command for command in commands if isinstance(command, cmd.StartTask))
    return task


def begun(cores: int = 2, workers: int = 2) -> tuple[Scheduler, cmd.StartTask]:
    scheduler = Scheduler(cores)
    for number in range(workers):
        scheduler.handle(ev.WorkerJoined(f"w{number}"), 0.0)
    return scheduler, started(scheduler.handle(ev.RunSubmitted("r", GRAPH, PLAN), 1.0))


def test_a_run_resumed_while_a_worker_is_still_at_its_cancelled_task_gets_another_lease() -> None:
    scheduler, old = begun()
    scheduler.handle(ev.RunCancelled("r"), 2.0)
    commands = scheduler.handle(ev.RunResumed("r", GRAPH, PLAN), 3.0)
    assert not any(isinstance(command, cmd.StartTask) for command in commands)  # a large model has one worker
    scheduler.handle(ev.WorkerLost(old.worker, "it did not stop", blame=False), 4.0)

    scheduler, old = begun(workers=1)
    scheduler.handle(ev.RunCancelled("r"), 2.0)
    scheduler.handle(ev.RunResumed("r", GRAPH, PLAN), 3.0)
    new = started(scheduler.handle(ev.TaskFailed(old.lease, "cancelled", retry=False), 4.0))
    (end,) = scheduler.handle(ev.TaskFinished(new.lease, "value"), 5.0)
    assert end == cmd.FinishRun("r", "succeeded", outputs={"work": "value"})


def test_the_late_end_of_a_cancelled_attempt_does_not_end_the_resumed_one() -> None:
    small = Plan({"work": NodePlan(Configuration("model", {}, Needs(1, 50)), "the only one")})
    scheduler = Scheduler(2)
    for worker in ("w1", "w2"):
        scheduler.handle(ev.WorkerJoined(worker), 0.0)
    old = started(scheduler.handle(ev.RunSubmitted("r", GRAPH, small), 1.0))
    scheduler.handle(ev.RunCancelled("r"), 2.0)
    new = started(scheduler.handle(ev.RunResumed("r", GRAPH, small), 3.0))
    assert new.lease != old.lease
    scheduler.handle(ev.TaskFailed(old.lease, "cancelled", retry=False), 4.0)
    assert scheduler.holds(new.lease)


def test_a_result_under_a_lease_that_is_no_longer_held_counts_for_nothing() -> None:
    scheduler, old = begun(workers=1)
    (timer,) = scheduler.handle(ev.TaskFailed(old.lease, "it broke"), 2.0)
    assert isinstance(timer, cmd.SetTimer)
    assert scheduler.handle(ev.TaskFinished(old.lease, "late"), 2.1) == []
    new = started(scheduler.handle(ev.TimerFired(timer.name), timer.at))
    assert scheduler.handle(ev.TaskFinished(old.lease, "late"), 3.0) == []
    (end,) = scheduler.handle(ev.TaskFinished(new.lease, "value"), 4.0)
    assert end == cmd.FinishRun("r", "succeeded", outputs={"work": "value"})


def test_a_model_that_kills_its_worker_while_it_loads_is_not_loaded_ahead_again() -> None:
    scheduler = Scheduler(1)
    later = Graph("two", (Node("work", "work"), Node("late", "late")))
    plan = Plan({**PLAN.nodes, "late": NodePlan(Configuration("bad", {}, Needs(0, 50)), "the only one")})
    scheduler.handle(ev.WorkerJoined("w1"), 0.0)
    scheduler.handle(ev.WorkerJoined("w2"), 0.0)
    scheduler.handle(ev.RunSubmitted("r", later, plan), 1.0)
    scheduler.handle(ev.RunCancelled("r"), 2.0)
    for worker in ("w1", "w2"):
        scheduler.handle(ev.WorkerLost(worker, "gone", blame=False), 3.0)

    (load,) = scheduler.handle(ev.WorkerJoined("w3"), 4.0)
    while isinstance(load, cmd.LoadModel) and load.model != "bad":
        (load,) = scheduler.handle(ev.ModelLoaded("w3", load.model), 5.0)
    scheduler.handle(ev.WorkerLost("w3", "killed while it loaded", blame=False), 6.0)
    loads = scheduler.handle(ev.WorkerJoined("w4"), 7.0)
    assert loads == [cmd.LoadModel("w4", "model")]
    assert scheduler.handle(ev.ModelLoaded("w4", "model"), 8.0) == []
