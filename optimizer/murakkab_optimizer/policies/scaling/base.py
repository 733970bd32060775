"""The protocol of scaling policies: how many workers of a kind there should be."""

from __future__ import annotations

from typing import Protocol

import msgspec


class QueueView(msgspec.Struct, frozen=True):
    """What a policy may know of the workers of one kind and of what waits for them.

    Attributes:
        queue: the kind: ``cpu``, or the type of an accelerator.
        now: seconds, in a clock that never goes back.
        workers: that there are, those that are starting included.
        width: core-seconds of work that one of them does in a second (or devices, where it has accelerators).
        tasks: that wait.
        work_s: core-seconds that the tasks which wait are expected to take.
        oldest_s: seconds for which the first of them has waited.
        slack_s: seconds until the first of them must begin; below 0 when it is late. None where none waits.
        demand: core-seconds that the shows which are watched take for a second.
        running: tasks in hand.
        engines: that have something to do.

    """

    queue: str
    now: float = 0.0
    workers: int = 0
    width: float = 1.0
    tasks: int = 0
    work_s: float = 0.0
    oldest_s: float = 0.0
    slack_s: float | None = None
    demand: float = 0.0
    running: int = 0
    engines: int = 0


class Size(msgspec.Struct, frozen=True):
    """How many workers there should be, and why, for people."""

    workers: int
    reason: str


class ScalingPolicy(Protocol):
    """Says how many workers there should be. Equal sequences of views give equal answers."""

    def size(self, view: QueueView) -> Size:
        """The number that is right now; asked about once a second for each queue."""
        ...
