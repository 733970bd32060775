"""Least slack first: what has the least time to spare runs next."""

from __future__ import annotations

from murakkab_optimizer.policies.queueing.base import Key, TaskView


class LeastSlack:
    """Orders by deadline - now - remaining work.

    Waiting takes the slack of all tasks alike, so it is the order of the latest starts and never changes.
    """

    def key(self, task: TaskView) -> Key:
        """The latest start that still meets the playback deadline."""
        return (task.latest_start, *task.path)
