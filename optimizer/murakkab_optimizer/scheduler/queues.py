"""The tasks that wait for a worker: queues for each model in the order of a policy.

What is watched goes before batches, whatever the policy says. A batch that is overdue gets ``SHARE`` of the work all
the same, as long as what is watched can wait for it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import NamedTuple

from murakkab_optimizer.plan import Configuration
from murakkab_optimizer.policies.queueing import Key, MovingPolicy, QueuePolicy, RenewingPolicy, TaskView
from murakkab_optimizer.scheduler.machines import Machine
from murakkab_optimizer.scheduler.members import WorkerState
from murakkab_optimizer.scheduler.runs import RunState
from murakkab_optimizer.scheduler.state import Status, TaskState
from murakkab_optimizer.scheduler.workers import Fleet

FEWEST = 32
"""Entries of a queue below which those that do not count any more are not worth a look."""

SHARE = 0.1
"""Of the work that is begun, for batches that are overdue."""


class _Entry(NamedTuple):
    """A task that was ready when it was queued; ``number`` and ``ticket`` tell entries apart: no more is compared."""

    key: Key
    number: int
    ticket: int
    run: RunState
    task: TaskState
    view: TaskView

    @property
    def counts(self) -> bool:
        """Whether the task is still ready, was not queued again since, and its run goes on."""
        return self.task.ticket == self.ticket and self.task.status is Status.READY and not self.run.ended

    @property
    def work(self) -> float:
        """Expected core-seconds."""
        return self.view.expected_s * self.task.chosen.needs.threads


class _Place(NamedTuple):
    """Whether it is for batches, a model and a group of the policy."""

    batch: bool
    model: str
    group: int


_Head = tuple[_Place, _Entry]


class ReadyQueues:
    """Ready tasks of all runs in the order of a policy."""

    def __init__(self, policy: QueuePolicy) -> None:
        self._policy = policy
        self._moving = policy if isinstance(policy, MovingPolicy) else None
        self._renewing = policy if isinstance(policy, RenewingPolicy) else None
        self._queues: dict[_Place, list[_Entry]] = {}
        self._tidied: dict[_Place, int] = {}
        self._count = 0
        self._watched_work = 0.0

    def place(self, task: TaskState) -> None:
        """Give a task its number among equals, which it keeps."""
        self._count += 1
        task.number = task.number or self._count

    def push(self, state: RunState, task: TaskState) -> None:
        """Add a ready task, or move it to where its key belongs now; among equals it keeps its place."""
        self.place(task)
        task.chosen, task.ticket = state.configuration(task), self._count
        view = state.view(task)
        group = self._moving.group(view) if self._moving is not None else 0
        place = _Place(not state.clock.watched, task.chosen.model, group)
        queue = self._queues.setdefault(place, [])
        heapq.heappush(queue, _Entry(self._policy.key(view), task.number, self._count, state, task, view))
        if len(queue) > 2 * self._tidied.get(place, FEWEST):
            self._tidy(place, queue)

    def _tidy(self, place: _Place, queue: list[_Entry]) -> None:
        """Drop entries that do not count any more: a queue has at most twice as many as it had tasks, or so."""
        queue[:] = [entry for entry in queue if entry.counts]
        heapq.heapify(queue)
        self._tidied[place] = max(len(queue), FEWEST)

    def pop(self, fleet: Fleet, now: float) -> tuple[RunState, TaskState, WorkerState, int] | None:
        """Take out the first task that can start now, with the worker and the number of threads for it.

        It is the first of its model; behind one that waits for more threads of a machine none that needs threads
        overtakes there.
        """
        if not fleet.idle or not self._queues:
            return None
        held: list[Machine] = []
        found = None
        for place, entry in self._in_turn(self._heads(now), now):
            model = entry.task.chosen.model
            threads = min(entry.task.chosen.needs.threads, fleet.widest(model))
            worker = fleet.route(model, threads) if threads <= fleet.free_threads else None
            if worker is not None:
                heapq.heappop(self._queues[place])
                self._watched_work = 0.0 if place.batch else self._watched_work + entry.work
                found = entry.run, entry.task, worker, threads
                break
            if threads > 1 and (machine := fleet.hold(model, threads)) is not None:
                held.append(machine)
        for machine in held:
            machine.held = False
        return found

    def waiting(self) -> Iterator[tuple[Configuration, TaskView]]:
        """All tasks that wait, in no order."""
        for queue in self._queues.values():
            yield from ((entry.task.chosen, entry.view) for entry in queue if entry.counts)

    def _in_turn(self, heads: list[_Head], now: float) -> list[_Head]:
        """What is watched first; before it a batch that is overdue, where its share is due and the others can wait."""
        watched = [head for head in heads if not head[0].batch]
        batches = [head for head in heads if head[0].batch]
        if watched and batches:
            can_wait = min(entry.view.latest_start for _, entry in watched) - now
            due = [head for head in batches if self._has_its_turn(head[1], now, can_wait)]
            return [*due, *watched, *(head for head in batches if head not in due)]
        return watched or batches

    def _has_its_turn(self, entry: _Entry, now: float, can_wait: float) -> bool:
        overdue = entry.view.latest_start < now
        return overdue and entry.view.expected_s < can_wait and entry.work * (1 / SHARE - 1) <= self._watched_work

    def _heads(self, now: float) -> list[_Head]:
        """The first entry of each queue that counts, in the order of the policy."""
        heads, empty = [], []
        for place, queue in self._queues.items():
            if (entry := self._head(queue, now)) is None:
                empty.append(place)
            else:
                heads.append((place, entry))
        for place in empty:
            del self._queues[place]
            self._tidied.pop(place, None)
        if (moving := self._moving) is not None:
            heads.sort(key=lambda head: (moving.urgency(head[1].view, now), head[1].number))
        elif len(heads) > 1:
            heads.sort(key=_entry)
        return heads

    def _head(self, queue: list[_Entry], now: float) -> _Entry | None:
        while queue:
            entry = queue[0]
            if not entry.counts:
                heapq.heappop(queue)
            elif self._renewing is None or (key := self._renewing.renewed(entry.view, entry.key, now)) == entry.key:
                return entry
            else:
                heapq.heapreplace(queue, entry._replace(key=key))
        return None


def _entry(head: _Head) -> _Entry:
    return head[1]
