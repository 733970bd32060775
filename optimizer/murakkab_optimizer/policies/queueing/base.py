"""The protocol of a queue policy."""

from __future__ import annotations

from typing import Protocol

import msgspec

from murakkab_optimizer.graph import Path


class TaskView(msgspec.Struct, frozen=True):
    """What a policy may know of a ready task. Times are seconds in the clock of ``now``.

    Attributes:
        run_started: when its run was submitted.
        ready_at: when its inputs were there.
        deadline: when its result is needed for the picture to go on without a stall.
        expected_s: expected time of the task.
        remaining_s: expected time from its start to the published item, itself included.

    """

    path: Path
    run_started: float
    ready_at: float
    deadline: float
    expected_s: float
    remaining_s: float


class QueuePolicy(Protocol):
    """Orders ready tasks: the smallest key runs first. Keys of one policy must be comparable."""

    def key(self, task: TaskView) -> tuple[float, ...]:
        """Return the key, computed once when the task becomes ready."""
        ...
