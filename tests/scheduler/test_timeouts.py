"""Attempts that take too long, and how few timers they need."""

from __future__ import annotations

from murakkab_optimizer.graph import Edge, Graph, Node
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev
from tests.scheduler.hand import Hand

SLOW = Graph("slow", (Node("slow", "work", timeout_s=30.0, attempts=2),))


def test_an_attempt_that_takes_too_long_is_stopped_and_tried_again() -> None:
    hand = Hand()
    hand.submit(SLOW)
    first = hand.started["slow", ()]
    (timer,) = hand.timers
    assert timer.at == hand.now + 30.0
    hand.tell(ev.TimerFired(timer.name), timer.at)
    assert hand.cancelled == [cmd.CancelTask(first.lease, first.worker)]
    again = hand.timers[-1]
    assert again.at < timer.at + 1.0
    hand.tell(ev.TimerFired(again.name), again.at)
    second = hand.started["slow", ()]
    assert (second.attempt, second.worker != first.worker) == (2, True)
    assert hand.tell(ev.TaskFinished(first.lease, "too late")) == []
    hand.finish("slow", (), "value")
    assert hand.end == cmd.FinishRun("r", "succeeded", outputs={"slow": "value"})


def test_too_slow_too_often_fails_the_run() -> None:
    hand = Hand()
    hand.submit(SLOW)
    while hand.end is None:
        timer = hand.timers[-1]
        hand.tell(ev.TimerFired(timer.name), timer.at)
    assert (hand.end.status, hand.end.error) == ("failed", "slow: took longer than 30 s (tried 2 times)")


def test_an_attempt_that_ends_in_time_is_left_alone() -> None:
    hand = Hand()
    hand.submit(Graph("two", (*SLOW.nodes, Node("late", "work", {}, (Edge("slow"),), timeout_s=30.0))))
    (timer,) = hand.timers
    hand.now = 20.0
    hand.finish("slow", (), "value")
    hand.tell(ev.TimerFired(timer.name), timer.at)
    assert not hand.cancelled
    assert hand.timers[-1].at > 50.0


def test_a_long_run_has_one_timer_pending() -> None:
    hand = Hand()
    source = Node("source", "write", streams=True)
    hand.submit(Graph("long", (source, Node("each", "work", {}, (Edge("source", 1),), "source", depth=1))))
    for index in range(500):
        hand.emit("source", (), f"item {index}", first=index)
        hand.finish("each", (index,), "value")
    assert len(hand.timers) == 1


def test_a_timer_of_a_run_that_ended_does_nothing() -> None:
    hand = Hand()
    hand.submit(SLOW)
    (timer,) = hand.timers
    hand.tell(ev.RunCancelled("r"))
    assert hand.tell(ev.TimerFired(timer.name), timer.at) == []
