"""Which of the tasks that wait runs next, by policy."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from murakkab_optimizer.catalog import Needs
from murakkab_optimizer.graph import Graph, Node, Slo
from murakkab_optimizer.plan import Configuration, NodePlan, Plan
from murakkab_optimizer.policies.queueing import GROUP, POLICIES, Key, TaskView, queue_policy
from murakkab_optimizer.policies.queueing.lars import Lars
from murakkab_optimizer.scheduler import Scheduler
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev


def view(ready_at: float, deadline: float, remaining_s: float, total_s: float = 10.0) -> TaskView:
    return TaskView((0,), 0.0, ready_at, deadline, 1.0, remaining_s, total_s)


def order(policy: str, views: list[TaskView]) -> list[int]:
    key = queue_policy(policy).key
    return sorted(range(len(views)), key=lambda index: key(views[index]))


def test_a_name_that_is_unknown_is_answered_with_those_that_are_known() -> None:
    with pytest.raises(ValueError, match="deadline-adaptive, earliest-deadline, fifo, lars, least-slack"):
        queue_policy("guess")


def test_fifo_takes_the_order_of_arrival_and_the_others_what_is_needed_first() -> None:
    views = [view(3.0, 5.0, 1.0), view(1.0, 9.0, 1.0), view(2.0, 9.0, 7.0)]
    assert order("fifo", views) == [1, 2, 0]
    for policy in sorted({*POLICIES} - {"fifo"}):
        assert order(policy, views) == [2, 0, 1]


def test_slack_counts_the_task_itself_and_its_deadline_does_not() -> None:
    short = TaskView((0,), 0.0, 0.0, 10.0, 1.0, 1.0)
    long = TaskView((1,), 0.0, 0.0, 11.0, 5.0, 5.0)
    assert order("earliest-deadline", [short, long]) == [0, 1]
    assert order("least-slack", [short, long]) == [1, 0]


def test_lars_lets_the_short_overtake_the_long_when_both_are_late() -> None:
    policy = Lars()
    short, long = view(0.0, 12.0, 1.0, total_s=1.0), view(0.0, 60.0, 50.0, total_s=50.0)
    assert policy.urgency(long, 0.0) < policy.urgency(short, 0.0), "slack of a fifth of its work, against eleven times"
    assert policy.urgency(short, 14.0) < policy.urgency(long, 14.0), "late by thrice its work, against a twelfth"
    assert policy.group(short) != policy.group(long)


def test_a_late_task_is_promised_again_until_it_comes_first() -> None:
    policy = queue_policy("deadline-adaptive")
    task = view(0.0, 20.0, 10.0)
    key = policy.key(task)
    keys = [policy.renewed(task, key, now)[0] for now in (5.0, 10.0, 10.5, 25.0, 100.0)]  # type: ignore[attr-defined]
    assert keys == [10.0, 10.0, 20.0, 40.0, 160.0]


def one(name: str, seconds: float, latency: float) -> tuple[Graph, Plan]:
    graph = Graph(name, (Node("work", "work"),), slo=Slo(latency=latency))
    return graph, Plan({"work": NodePlan(Configuration("pen", {}, Needs(1, 50), seconds), "the only one")})


class Latest:
    """Most urgent by a number that changes as time goes on: the naive reading of a policy."""

    def __init__(self, policy: Lars) -> None:
        self.policy = policy

    def best(self, views: dict[str, TaskView], now: float) -> Key:
        return min(self.policy.urgency(one, now) for one in views.values())


@pytest.mark.parametrize("seed", range(5))
def test_the_queue_gives_out_what_is_most_urgent_at_that_time(seed: int) -> None:
    draw, scheduler, now = random.Random(seed), Scheduler(1, "lars"), 0.0
    waiting: dict[str, TaskView] = {}
    running = ""
    scheduler.handle(ev.WorkerJoined("w"), now)
    for number in range(200):
        now += draw.random()
        if running and draw.random() < 0.5:
            commands = scheduler.handle(ev.TaskFinished(running, "value", {}, 0.0), now)
        else:
            seconds, latency = 1.3 ** draw.randint(1, 20), draw.uniform(1, 200)
            waiting[f"r{number}"] = TaskView((), now, now, now + latency, seconds, seconds, seconds)
            commands = scheduler.handle(ev.RunSubmitted(f"r{number}", *one("one", seconds, latency)), now)
        for command in commands:
            if isinstance(command, cmd.StartTask):
                assert Lars().urgency(waiting[command.run], now) == Latest(Lars()).best(waiting, now)
                del waiting[command.run]
                running = command.lease


def test_a_distribution_adds_a_policy_by_an_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lifo.py").write_text("class Lifo:\n    def key(self, task):\n        return (-task.ready_at,)\n")
    facts = tmp_path / "lifo-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: lifo\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(f"[{GROUP}]\nlifo = lifo:Lifo\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert order("lifo", [view(1.0, 9.0, 1.0), view(3.0, 5.0, 1.0)]) == [1, 0]
    with pytest.raises(ValueError, match="least-slack, lifo"):
        queue_policy("guess")
