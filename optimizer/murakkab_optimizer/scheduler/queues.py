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
        """Add a ready task; where it stood before counts no more."""
        self._count += 1
        task.chosen, task.ticket = state.configuration(task), self._count
        queue = self._queues.setdefault(task.chosen.model, [])
        heapq.heappush(queue, (self._policy.key(state.view(task)), self._count, state, task))

    def pop(self, fleet: Fleet) -> tuple[RunState, TaskState, WorkerState, int] | None:
        """Take out the first task that can start now, with the worker and the number of threads for it.

        It is the first of its queue; behind one that waits for more threads none that needs threads overtakes.
        """
        if not fleet.idle or not self._queues:
            return None
        blocked = False
        for _, _, state, task in sorted(self._heads()):
            configuration = task.chosen
            threads = min(configuration.needs.threads, fleet.cores)
            if threads and (blocked or threads > fleet.free_threads):
                blocked = True
                continue
            worker = fleet.route(configuration.model)
            if worker is not None:
                heapq.heappop(self._queues[configuration.model])
                return state, task, worker, threads
        return None

    def _heads(self) -> list[_Entry]:
        """The first entry of each queue that still stands for a ready task of a living run."""
        heads, empty = [], []
        for model, queue in self._queues.items():
            while queue:
                _, ticket, state, task = queue[0]
                if task.ticket == ticket and task.status is Status.READY and not state.ended:
                    heads.append(queue[0])
                    break
                heapq.heappop(queue)
            else:
                empty.append(model)
        for model in empty:
            del self._queues[model]
        return heads
