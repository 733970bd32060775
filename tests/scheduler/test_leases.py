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


def test_what_was_begun_before_a_run_was_resumed_has_leases_of_its_own() -> None:
    """Also where its worker is free again: what comes late from it, or is known of it, is not of the new attempt."""
    scheduler, old = begun(workers=1)
    leases = {old.lease}
    for times in (1, 2):
        scheduler.handle(ev.RunCancelled("r"), 2.0)
        scheduler.handle(ev.WorkerLost("w0", "it was ended", blame=False), 3.0)
        scheduler.handle(ev.RunResumed("r", GRAPH, PLAN, times=times), 4.0)
        new = started(scheduler.handle(ev.WorkerJoined("w0"), 5.0))
        assert ev.parse_lease(new.lease) == ("r", "work", (), 1)
        assert new.lease not in leases
        assert scheduler.handle(ev.TaskFinished(old.lease, "late"), 6.0) == []
        leases.add(new.lease)
    assert len(leases) == 3


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
    scheduler.handle(ev.WorkerLost("w3", "killed while it loaded"), 6.0)
    loads = scheduler.handle(ev.WorkerJoined("w4"), 7.0)
    assert loads == [cmd.LoadModel("w4", "model")]
    assert scheduler.handle(ev.ModelLoaded("w4", "model"), 8.0) == []


def test_a_model_that_had_no_part_in_the_loss_of_its_worker_is_loaded_ahead_again() -> None:
    scheduler = Scheduler(1)
    scheduler.handle(ev.WorkerJoined("w1"), 0.0)
    scheduler.handle(ev.ModelsExpected(GRAPH, PLAN), 1.0)
    scheduler.handle(ev.WorkerLost("w1", "it leaves", blame=False), 2.0)
    assert scheduler.handle(ev.WorkerJoined("w2"), 3.0) == [cmd.LoadModel("w2", "model")]


def test_attempts_end_the_run_after_the_last_and_wait_longer_each_time() -> None:
    scheduler, task = begun(workers=1)
    waits = []
    for now in (2.0, 4.0):
        (timer,) = scheduler.handle(ev.TaskFailed(task.lease, "it broke"), now)
        assert isinstance(timer, cmd.SetTimer)
        waits.append(timer.at - now)
        task = started(scheduler.handle(ev.TimerFired(timer.name), timer.at))
    assert waits[1] == 2 * waits[0]
    (end,) = scheduler.handle(ev.TaskFailed(task.lease, "it broke"), 6.0)
    assert end == cmd.FinishRun("r", "failed", "work: it broke (tried 3 times)")


def test_a_failure_that_would_repeat_is_not_tried_again() -> None:
    scheduler, task = begun(workers=1)
    (end,) = scheduler.handle(ev.TaskFailed(task.lease, "mend it", retry=False, input_fault=True), 2.0)
    assert end == cmd.FinishRun("r", "failed", "work: mend it", input_fault=True)


def test_a_worker_lost_without_blame_costs_no_attempt() -> None:
    scheduler, task = begun(workers=1)
    for number in range(5):
        assert scheduler.handle(ev.WorkerLost(task.worker, "stopped", blame=False), 2.0) == []
        task = started(scheduler.handle(ev.WorkerJoined(f"again{number}"), 3.0))
    assert scheduler.holds(task.lease)


def test_small_tasks_do_not_starve_one_that_waits_for_many_threads() -> None:
    wide = Graph("wide", (Node("first", "work"), Node("wide", "work"), Node("last", "work")))
    needs = {"first": 1, "wide": 2, "last": 1}
    plan = Plan({n: NodePlan(Configuration(n, {}, Needs(t, 50)), "the only one") for n, t in needs.items()})
    scheduler = Scheduler(2, "fifo")
    for worker in ("w1", "w2", "w3"):
        scheduler.handle(ev.WorkerJoined(worker), 0.0)
    first = started(scheduler.handle(ev.RunSubmitted("r", wide, plan), 1.0))
    assert first.node == "first"
    loads = [cmd.LoadModel(worker, model) for worker in ("w1", "w2", "w3") for model in plan.nodes]
    commands = scheduler.handle(ev.TaskFinished(first.lease, "value"), 2.0)
    for load in loads * 3:
        commands += scheduler.handle(ev.ModelLoaded(load.worker, load.model), 3.0)
    assert [c.node for c in commands if isinstance(c, cmd.StartTask)] == ["wide"]


def test_an_item_that_comes_twice_or_too_early_counts_once() -> None:
    graph = Graph("items", (Node("work", "work", streams=True),), publish="work")
    scheduler = Scheduler(1)
    scheduler.handle(ev.WorkerJoined("w1"), 0.0)
    task = started(scheduler.handle(ev.RunSubmitted("r", graph, PLAN), 1.0))
    assert scheduler.handle(ev.ItemEmitted(task.lease, 1, "second"), 2.0) == []
    assert scheduler.handle(ev.ItemEmitted(task.lease, 0, "first"), 3.0) == [cmd.Publish("r", "work", (0,), 0, "first")]
    assert scheduler.handle(ev.ItemEmitted(task.lease, 0, "twin"), 4.0) == []
