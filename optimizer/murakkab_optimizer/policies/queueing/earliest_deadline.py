"""Earliest deadline first: what is needed first is made first."""

from __future__ import annotations

from murakkab_optimizer.policies.queueing.base import Key, TaskView


class EarliestDeadline:
    """Orders by the deadline of the task: that of the picture less the expected time of all that waits for the task.

    Source: StreamWise (arXiv 2603.05800), section on scheduling.
    """

    def key(self, task: TaskView) -> Key:
        """The deadline of the task."""
        return (task.latest_start + task.expected_s, *task.path)
