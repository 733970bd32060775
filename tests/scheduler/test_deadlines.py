"""What is shown first is made first; the player and measured times move the deadlines."""

from __future__ import annotations

from msgspec import structs

from murakkab_optimizer.catalog import Needs
from murakkab_optimizer.graph import Edge, Graph, Node, Slo
from murakkab_optimizer.plan import Configuration, NodePlan, Plan
from murakkab_optimizer.scheduler import Scheduler
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev
from murakkab_optimizer.scheduler.clock import PlaybackClock

GRAPH = Graph(
    "show",
    (
        Node("sections", "write", streams=True),
        Node("turns", "write", {}, (Edge("sections", 1),), "sections", streams=True, join="ordered", depth=1),
        Node("shots", "draw", {}, (Edge("turns", 2),), "turns", depth=2),
    ),
    publish="shots",
    slo=Slo(ttff_s=2.0),
)


def plan(model: str = "pen") -> Plan:
    def chosen(name: str, seconds: float) -> NodePlan:
        return NodePlan(Configuration(name, {}, Needs(1, 50), seconds), "the only one")

    return Plan({"sections": chosen("pad", 1.0), "turns": chosen("pad", 2.0), "shots": chosen(model, 4.0)})


def test_a_shot_is_due_when_the_turns_before_it_were_played() -> None:
    clock = PlaybackClock(GRAPH, plan(), started=10.0)
    clock.scripted("turns", (0, 0), {"seconds": 3.0})
    clock.scripted("turns", (0, 1), {"seconds": 4.0})
    clock.scripted("turns", (1, 0), {"seconds": 5.0})
    assert [clock.deadline("shots", path) for path in ((0, 0), (0, 1), (1, 0))] == [12.0, 15.0, 19.0]
    clock.viewer_at(30.0, 6.0)
    assert clock.deadline("shots", (1, 0)) == 31.0


def test_what_nobody_said_the_length_of_is_due_behind_what_comes_before_it() -> None:
    show = structs.replace(GRAPH, slo=Slo(ttff_s=2.0, realtime=True))
    clock = PlaybackClock(show, plan(), started=10.0)
    assert [clock.deadline("turns", (index,)) for index in range(3)] == [12.0, 15.0, 18.0]
    clock.scripted("turns", (0, 0), {"seconds": 5.0})
    assert [clock.deadline("turns", (index,)) for index in range(3)] == [12.0, 17.0, 18.0]


def remaining(clock: PlaybackClock) -> list[float]:
    return [round(clock.remaining(node), 3) for node in ("sections", "turns", "shots")]


def test_what_is_left_to_do_behind_a_task_is_corrected_by_what_tasks_took() -> None:
    clock = PlaybackClock(GRAPH, plan(), started=0.0)
    assert remaining(clock) == [7.0, 6.0, 4.0]
    for node, seconds in (("sections", 1.0), ("turns", 2.0), ("shots", 14.0)):
        clock.took(node, seconds)
    assert remaining(clock) == [10.0, 9.0, 7.0]


def test_on_a_slow_machine_steps_that_were_not_tried_yet_are_expected_to_be_slow_too() -> None:
    clock = PlaybackClock(GRAPH, plan(), started=0.0)
    clock.took("sections", 4.0)
    assert remaining(clock) == [13.3, 11.4, 7.6], "1 + 0.3 * (4 - 1) times as long"
    clock.took("sections", 4.0)
    assert remaining(clock)[1:] == [11.4, 7.6], "the first task of each node counts"


def test_what_took_next_to_nothing_says_nothing_of_the_next() -> None:
    clock = PlaybackClock(GRAPH, plan(), started=0.0)
    clock.took("turns", 0.001)
    assert remaining(clock) == [7.0, 6.0, 4.0]
    clock.took("turns", 2.0)
    clock.took("turns", 0.001)
    assert remaining(clock) == [7.0, 6.0, 4.0], "what a program writes stands at the beginning and at the end"


def test_a_profile_that_is_many_times_too_slow_is_corrected() -> None:
    clock = PlaybackClock(GRAPH, plan(), started=0.0)
    for _ in range(20):
        clock.took("shots", 0.2)
    assert abs(clock.expected("shots") - 0.2) < 0.01


def test_a_changed_plan_holds_for_what_waits() -> None:
    graph = Graph("two", (Node("first", "work"), Node("second", "work")))

    def using(second: str) -> Plan:
        names = {"first": "pen", "second": second}
        return Plan({n: NodePlan(Configuration(m, {}, Needs(1, 50)), "the only one") for n, m in names.items()})

    scheduler = Scheduler(1)
    scheduler.handle(ev.WorkerJoined("w1"), 0.0)
    first, _ = scheduler.handle(ev.RunSubmitted("r", graph, using("ink")), 1.0)
    assert isinstance(first, cmd.StartTask)
    scheduler.handle(ev.PlanChanged("r", using("chalk")), 2.0)
    (second,) = scheduler.handle(ev.TaskFinished(first.lease, "value"), 3.0)
    assert isinstance(second, cmd.StartTask)
    assert second.configuration.model == "chalk"


def test_a_resumed_run_keeps_its_timeline() -> None:
    scheduler = Scheduler(1)
    scheduler.handle(ev.WorkerJoined("w1"), 0.0)
    items = [ev.DoneItem("sections", (0,), "section")]
    items += [ev.DoneItem("turns", (0, n), f"turn {n}", {"seconds": 3.0}) for n in range(2)]
    done = [ev.DoneItem("sections", (), "all"), ev.DoneItem("turns", (0,), "all"), ev.DoneItem("shots", (0, 0), "shot")]
    commands = scheduler.handle(ev.RunResumed("r", GRAPH, plan(), tuple(items), tuple(done)), 10.0)
    shown, task, _ = commands
    assert shown == cmd.Publish("r", "shots", (0, 0), 0, "shot")
    assert isinstance(task, cmd.StartTask)
    assert (task.path, task.deadline) == ((0, 1), 15.0)
    assert scheduler.handle(ev.TaskFinished(task.lease, "last"), 11.0)[:2] == [
        cmd.Publish("r", "shots", (0, 1), 1, "last"),
        cmd.FinishRun("r", "succeeded", outputs={"shots": ("shot", "last")}),
    ]


def test_a_batch_is_due_after_its_latency_or_in_an_hour_until_somebody_watches_it() -> None:
    def clock(slo: Slo) -> PlaybackClock:
        made = PlaybackClock(structs.replace(GRAPH, slo=slo), plan(), started=10.0)
        made.scripted("turns", (0, 0), {"seconds": 3.0})
        made.scripted("turns", (0, 1), {"seconds": 4.0})
        return made

    assert clock(Slo(latency=60.0)).deadline("shots", (0, 1)) == 70.0
    assert clock(Slo(latency="good")).deadline("shots", (0, 1)) == 3610.0
    watched = clock(Slo())
    assert watched.deadline("shots", (0, 1)) == 3610.0
    watched.viewer_at(20.0, 1.0)
    assert watched.deadline("shots", (0, 1)) == 22.0
    assert clock(Slo(realtime=True)).deadline("shots", (0, 1)) == 13.0


def test_a_viewer_who_plays_faster_needs_things_sooner() -> None:
    clock = PlaybackClock(structs.replace(GRAPH, slo=Slo(realtime=True)), plan(), started=0.0)
    for index in range(4):
        clock.scripted("turns", (0, index), {"seconds": 6.0})
    clock.published(10.0, 12.0)
    clock.viewer_at(16.0, 6.0)
    assert clock.deadline("shots", (0, 3)) == 28.0
    clock.moved()
    clock.viewer_at(13.0, 6.0, rate=2.0)
    assert clock.moved()
    clock.viewer_at(16.0, 6.0, rate=2.0)
    assert [clock.deadline("shots", (0, index)) for index in (1, 2, 3)] == [16.0, 19.0, 22.0]
    assert clock.timing(("turns", (0, 3))) == (22.0, 6.0)
    assert clock.deadline("turns", (9,)) == 16.0 + (27.0 - 6.0) / 2
    assert clock.buffer(18.0) == 2.0
    clock.published(20.0, 6.0)
    assert clock.deadline("shots", (0, 3)) == 23.0, "what came a second too late moves all behind it"


def test_a_batch_that_nobody_watches_any_more_is_due_as_before() -> None:
    clock = PlaybackClock(structs.replace(GRAPH, slo=Slo(latency=60.0)), plan(), started=10.0)
    clock.viewer_at(20.0, 1.0, rate=2.0)
    assert (clock.watched, clock.deadline("shots", (0, 0))) == (True, 19.5)
    clock.moved()
    clock.viewer_left(25.0)
    assert clock.moved()
    assert (clock.watched, clock.deadline("shots", (0, 0))) == (False, 70.0)


def test_a_show_whose_viewer_left_goes_on_from_there_in_real_time() -> None:
    clock = PlaybackClock(GRAPH, plan(), started=10.0)
    clock.viewer_at(20.0, 6.0, rate=2.0)
    clock.viewer_left(25.0)
    for index in range(2):
        clock.scripted("turns", (0, index), {"seconds": 20.0})
    assert (clock.watched, clock.deadline("shots", (0, 1))) == (True, 29.0), "16 s were played; 20 s are in 4"


ONE_STEP = Plan({"draw": NodePlan(Configuration("pen", {}, Needs(1, 50), 1.0), "the only one")})


def show_of(run: str, ttff_s: float) -> ev.RunSubmitted:
    return ev.RunSubmitted(run, Graph(run, (Node("draw", "work"),), publish="draw", slo=Slo(ttff_s=ttff_s)), ONE_STEP)


def test_tasks_that_wait_are_sorted_anew_when_a_viewer_moves_on() -> None:
    """Of two shows that wait behind a third, the one whose viewer is ahead of what was promised goes first."""
    scheduler = Scheduler(1, "earliest-deadline")
    scheduler.handle(ev.WorkerJoined("w"), 0.0)
    for run, ttff_s in (("busy", 1.0), ("soon", 5.0), ("later", 9.0)):
        scheduler.handle(show_of(run, ttff_s), 0.0)
    scheduler.handle(ev.PlaybackMoved("later", 8.0), 1.0)
    found = scheduler.handle(ev.TaskFinished("busy/draw/-#1", "v", {}, 1.0), 2.0)
    assert [command.run for command in found if isinstance(command, cmd.StartTask)] == ["later"]


def test_a_viewer_who_goes_on_as_expected_has_nothing_sorted() -> None:
    clock = PlaybackClock(GRAPH, plan(), started=0.0)
    clock.viewer_at(2.5, 0.0)
    assert not clock.moved()
    clock.viewer_at(8.0, 5.6)
    assert not clock.moved()
    clock.viewer_at(12.0, 5.6)
    assert clock.moved()
    assert not clock.moved()


def test_work_that_takes_much_longer_than_it_was_thought_to_has_tasks_sorted() -> None:
    clock = PlaybackClock(GRAPH, plan(), started=0.0)
    clock.took("shots", 4.5)
    assert not clock.moved()
    clock.took("shots", 14.0)
    assert clock.moved()
