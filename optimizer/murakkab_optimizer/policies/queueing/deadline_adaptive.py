"""Deadline-adaptive: earliest deadline among what can still be in time; what cannot is promised again, later."""

from __future__ import annotations

from murakkab_optimizer.policies.queueing.base import Key, TaskView

SHORTEST_S = 1e-3


class DeadlineAdaptive:
    """Earliest deadline first while deadlines can be met; under overload it does not go down with those it cannot.

    A task that waits past its latest start is late whatever is done now. It makes way for those that can still be in
    time: its allowance (from ready to latest start, at least its total work, as in LARS) is doubled until it lies ahead
    again. What was promised long ago comes first again at last, so nothing waits for ever.
    """

    def key(self, task: TaskView) -> Key:
        """The latest start."""
        return (task.latest_start, *task.path)

    def renewed(self, task: TaskView, key: Key, now: float) -> Key:
        """The latest start, put off by doubled allowances until it is not past."""
        start = key[0]
        allowance = max(start - task.ready_at, task.total_s, SHORTEST_S)
        while start < now:
            start, allowance = start + allowance, 2 * allowance
        return (start, *task.path)
