"""What a queue keeps of tasks that are queued again and again."""

from __future__ import annotations

import sys

import pytest

from murakkab_optimizer.policies.queueing import POLICIES, queue_policy
from murakkab_optimizer.scheduler.queues import ReadyQueues
from murakkab_optimizer.scheduler.runs import RunState
from murakkab_optimizer.scheduler.state import Status
from tests.simulator.shows import plan, show


@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_a_viewer_who_waits_leaves_no_more_behind_than_there_are_tasks(policy: str) -> None:
    state = RunState("r", show(), plan(), 0.0)
    (task,) = state.growth.take_ready()
    task.status, queues = Status.READY, ReadyQueues(queue_policy(policy))
    before = sys.getrefcount(task)
    for second in range(1000):
        state.clock.viewer_at(float(second), 0.0)
        queues.push(state, task)
    assert sys.getrefcount(task) - before < 100
    assert [configuration for configuration, _ in queues.waiting()] == [task.chosen]
