"""LARS: length-aware relative slack."""

from __future__ import annotations

import math

from murakkab_optimizer.policies.queueing.base import Key, TaskView

STEP = 1.05
SHORTEST_S = 1e-3


class Lars:
    """Orders by slack divided by the total work, so that neither short nor long requests wait behind the other kind.

    Slack is deadline - now - remaining work (Medha, arXiv 2409.17264, section 4). Where all are late, what is short
    goes first. Total work is taken in steps of 5%: among requests of one step the order never changes.
    """

    def key(self, task: TaskView) -> Key:
        """The latest start, which orders requests of equal total work."""
        return (task.latest_start, *task.path)

    def group(self, task: TaskView) -> int:
        """The step of the total work."""
        return round(math.log(_total(task), STEP))

    def urgency(self, task: TaskView, now: float) -> Key:
        """Slack relative to the total work."""
        return ((task.latest_start - now) / _total(task), *task.path)


def _total(task: TaskView) -> float:
    return max(task.total_s, task.expected_s, SHORTEST_S)
