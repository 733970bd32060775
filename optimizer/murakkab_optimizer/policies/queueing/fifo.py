"""First ready, first run."""

from __future__ import annotations

from murakkab_optimizer.policies.queueing.base import Key, TaskView


class Fifo:
    """Orders by the time at which a task became ready."""

    def key(self, task: TaskView) -> Key:
        """The time at which the task became ready."""
        return (task.ready_at,)
