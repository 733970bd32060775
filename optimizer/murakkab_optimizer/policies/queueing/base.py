"""The protocols of queue policies.

All are pure: they see views of tasks and the time, never the engine. Most need only ``key``. A policy whose order
changes while tasks wait says how, so that the queue need not look at every task each time: ``RenewingPolicy`` where a
task can only fall back, ``MovingPolicy`` where tasks overtake each other.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import msgspec

from murakkab_optimizer.graph import Path

Key = tuple[float, ...]


class TaskView(msgspec.Struct, frozen=True):
    """What a policy may know of a ready task. Times are seconds in the clock of ``now``.

    Attributes:
        run_started: when its run was submitted.
        ready_at: when its inputs were there.
        deadline: when its result is needed for the picture to go on without a stall.
        expected_s: expected time of the task.
        remaining_s: expected time from its start to the published item, itself included.
        total_s: expected time from the first step of its run to the published item.

    """

    path: Path
    run_started: float
    ready_at: float
    deadline: float
    expected_s: float
    remaining_s: float
    total_s: float = 0.0

    @property
    def latest_start(self) -> float:
        """When it must begin for its result to be there in time."""
        return self.deadline - self.remaining_s


class QueuePolicy(Protocol):
    """Orders ready tasks: the smallest key runs first. Keys of one policy must be comparable."""

    def key(self, task: TaskView) -> Key:
        """Return the key, computed when the task becomes ready and when what it is sorted by has changed much."""
        ...


@runtime_checkable
class RenewingPolicy(QueuePolicy, Protocol):
    """A policy whose keys grow while tasks wait."""

    def renewed(self, task: TaskView, key: Key, now: float) -> Key:
        """The key at ``now``, not smaller than ``key``; asked when the task is first in its queue."""
        ...


@runtime_checkable
class MovingPolicy(QueuePolicy, Protocol):
    """A policy in which tasks overtake each other, but not those of their own group.

    An event costs a step for each group that waits, so there should be few.
    """

    def group(self, task: TaskView) -> int:
        """The group; in it ``key`` holds for as long as its tasks wait."""
        ...

    def urgency(self, task: TaskView, now: float) -> Key:
        """Compares the first tasks of the groups: the smallest runs first."""
        ...
