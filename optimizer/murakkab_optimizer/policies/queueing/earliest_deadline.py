"""Earliest deadline first: what is shown first is made first."""

from __future__ import annotations

from murakkab_optimizer.policies.queueing.base import TaskView


class EarliestDeadline:
    """Orders by the latest start that still meets the playback deadline (StreamWise, section on scheduling)."""

    def key(self, task: TaskView) -> tuple[float, ...]:
        """The deadline less the expected time of the task and of all that waits for it."""
        return (task.deadline - task.remaining_s, *task.path)
