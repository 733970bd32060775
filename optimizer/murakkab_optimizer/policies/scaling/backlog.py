"""As many workers as do what waits within a few seconds, and keep the pace of what is watched."""

from __future__ import annotations

import math
from collections import deque

from murakkab_optimizer.policies.scaling.base import QueueView, Size

WITHIN_S = 15.0
"""What waits is to be done within this time: a new worker takes some seconds to be of use."""

SPARE = 1.25
"""Times the cores that the shows which are watched take: the pace must hold when one of them is slower."""

GRACE_S = 10.0
"""A worker more has this long to help before another one is added for tasks that are late."""

CALM_S = 60.0
"""Workers are let go when so few sufficed for this long."""


class BacklogPolicy:
    """Up at once, down after a calm.

    Work that waits comes from the profiles, corrected as runs go: seconds of it over profiled throughput. Where a task
    is late that no worker has begun, there is one worker more, and after ``GRACE_S`` another one. The number is the
    largest that was right within ``CALM_S``, as in the stabilisation window of Kubernetes' HorizontalPodAutoscaler, so
    that it does not swing.
    """

    def __init__(self) -> None:
        self._right: dict[str, deque[tuple[float, int]]] = {}
        self._raised: dict[str, float] = {}

    def size(self, view: QueueView) -> Size:
        """The largest number that was right lately."""
        size = self._late(view, _right(view))
        lately = self._right.setdefault(view.queue, deque())
        lately.append((view.now, size.workers))
        while lately[0][0] < view.now - CALM_S:
            lately.popleft()
        most = max(workers for _, workers in lately)
        return size if most == size.workers else Size(most, "so many were needed a moment ago")

    def _late(self, view: QueueView, size: Size) -> Size:
        """One worker more than there are when they are too slow, whatever the profiles say."""
        if view.slack_s is None or view.slack_s >= 0 or size.workers > view.workers:
            return size
        if view.now - self._raised.get(view.queue, -math.inf) < GRACE_S:
            return Size(view.workers, "the last one has only begun")
        self._raised[view.queue] = view.now
        return Size(view.workers + 1, f"a task is {-view.slack_s:.1f} s late")


def _right(view: QueueView) -> Size:
    """The number for what waits and what is watched."""
    waiting, pace = view.work_s / WITHIN_S, view.demand * SPARE
    many = math.ceil(max(waiting, pace, view.running) / view.width - 1e-9)
    if not many:
        needed = view.tasks or view.engines
        return Size(1, "an engine has something to do") if needed else Size(0, "nothing waits")
    if view.running > max(waiting, pace):
        return Size(many, f"tasks in hand: {view.running}")
    return Size(many, f"{view.work_s:.0f} s of work wait" if waiting > pace else f"shows take {view.demand:.1f} cores")
