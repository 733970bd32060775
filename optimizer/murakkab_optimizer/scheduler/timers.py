"""What is due when. One timer is pending however many tasks wait for a time."""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING

from murakkab_optimizer.scheduler.commands import SetTimer
from murakkab_optimizer.scheduler.state import TaskState

if TYPE_CHECKING:
    from murakkab_optimizer.scheduler.runs import RunState


class Timers:
    """A heap of due times, and the timers that the engine was asked for.

    A timer is asked for only where it would fire before those that are pending. An entry counts as long as its task
    still has that time in ``due`` and its run has not ended.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, RunState, TaskState]] = []
        self._wakes: list[float] = []
        self._pending: dict[str, float] = {}
        self._count = 0

    def wait(self, state: RunState, task: TaskState, at: float) -> None:
        """Hand ``task`` over at time ``at``, unless its ``due`` is changed before."""
        task.due = at
        self._count += 1
        heapq.heappush(self._heap, (at, self._count, state, task))

    def wake(self, at: float) -> None:
        """Have tasks handed to workers again at that time."""
        if at not in self._wakes:
            heapq.heappush(self._wakes, at)

    def fired(self, name: str, now: float) -> list[tuple[RunState, TaskState]]:
        """Take the timer of that name off and return what is due."""
        now = max(now, self._pending.pop(name, now))
        due = []
        while self._wakes and self._wakes[0] <= now:
            heapq.heappop(self._wakes)
        while (head := self._head()) is not None and head[0] <= now:
            heapq.heappop(self._heap)
            _, _, state, task = head
            task.due = None
            due.append((state, task))
        return due

    def command(self) -> SetTimer | None:
        """The timer that must be asked for now, if any."""
        head = self._head()
        at = min([*([head[0]] if head else []), *self._wakes[:1]], default=math.inf)
        if at == math.inf or (self._pending and at >= min(self._pending.values())):
            return None
        self._count += 1
        name = f"due {self._count}"
        self._pending[name] = at
        return SetTimer(name, at)

    def _head(self) -> tuple[float, int, RunState, TaskState] | None:
        """The first entry that still counts."""
        while self._heap:
            at, _, state, task = self._heap[0]
            if task.due == at and not state.ended:
                return self._heap[0]
            heapq.heappop(self._heap)
        return None
