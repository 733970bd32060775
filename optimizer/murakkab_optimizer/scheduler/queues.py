"""The tasks that wait for a worker, a queue for each model."""

from __future__ import annotations

import heapq

from murakkab_optimizer.policies.queueing import QueuePolicy
from murakkab_optimizer.scheduler.runs import RunState
from murakkab_optimizer.scheduler.state import Status, TaskState
from murakkab_optimizer.scheduler.workers import Fleet, WorkerState

_Entry = tuple[tuple[float, ...], int, RunState, TaskState]


class ReadyQueues:
    """Ready tasks of all runs in the order of a policy."""

    def __init__(self, policy: QueuePolicy) -> None:
        self._policy = policy
        self._queues: dict[str, list[_Entry]] = {}
        self._count = 0

    def push(self, state: RunState, task: TaskState) -> None:
        """Add a ready task."""
        self._count += 1
        queue = self._queues.setdefault(state.configuration(task).model, [])
        heapq.heappush(queue, (self._policy.key(state.view(task)), self._count, state, task))

    def pop(self, fleet: Fleet) -> tuple[RunState, TaskState, WorkerState, int] | None:
        """Take out the first task that can start now, with the worker and the number of threads for it.

        It is the first of its queue; behind one that waits for more threads none that needs threads overtakes.
        """
        blocked = False
        free = fleet.free_threads
        heads = sorted(filter(None, map(self._head, self._queues)), key=lambda entry: entry[:2])
        for _, _, state, task in heads:
            configuration = state.configuration(task)
            threads = min(configuration.needs.threads, fleet.cores)
            if threads and (blocked or threads > free):
                blocked = True
                continue
            worker = fleet.route(configuration.model)
            if worker is not None:
                heapq.heappop(self._queues[configuration.model])
                return state, task, worker, threads
        return None

    def _head(self, model: str) -> _Entry | None:
        """The first entry of a queue that still stands for a ready task of a living run."""
        queue = self._queues[model]
        while queue:
            _, _, state, task = queue[0]
            if not state.ended and task.status is Status.READY and state.configuration(task).model == model:
                return queue[0]
            heapq.heappop(queue)
        return None
