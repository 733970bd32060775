"""The tasks that wait for a worker: queues for each model in the order of a policy.

What is watched goes before batches, whatever the policy says. A batch that is overdue gets ``SHARE`` of the work all
the same, as long as what is watched can wait for it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import msgspec

from murakkab_optimizer.plan import Configuration
from murakkab_optimizer.policies.queueing import Key, MovingPolicy, QueuePolicy, RenewingPolicy, TaskView
from murakkab_optimizer.scheduler.machines import Machine
from murakkab_optimizer.scheduler.members import LONG_S, WorkerState
from murakkab_optimizer.scheduler.runs import RunState
from murakkab_optimizer.scheduler.state import Status, TaskState
from murakkab_optimizer.scheduler.workers import Fleet

FEWEST = 32
"""Entries of a queue below which those that do not count any more are not worth a look."""

URGENT_S, PATIENCE_S = 1.0, 0.5
"""A task that must begin sooner waits for no other worker than one that is idle; seconds that any waits for one."""

SHARE = 0.1
"""Of the work that is begun, for batches that are overdue."""


class _Entry(msgspec.Struct, order=True):
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


class _Queue:
    """Ready tasks of one model and one group of the policy, of batches or of what is watched, the first one in front.

    ``tidied`` is how many there were when those that did not count any more were dropped.
    """

    __slots__ = ("batch", "entries", "tidied")

    def __init__(self, batch: bool) -> None:
        self.batch = batch
        self.entries: list[_Entry] = []
        self.tidied = FEWEST

    def push(self, entry: _Entry) -> None:
        """Add a task; there are at most twice as many entries as there were tasks, or so."""
        heapq.heappush(self.entries, entry)
        if len(self.entries) > 2 * self.tidied:
            self.entries = [entry for entry in self.entries if entry.counts]
            heapq.heapify(self.entries)
            self.tidied = max(len(self.entries), FEWEST)


_Head = tuple[_Entry, _Queue]


class ReadyQueues:
    """Ready tasks of all runs in the order of a policy.

    Attributes:
        again_at: when what was passed over last is to be looked at again, whatever happens; None where nothing was.

    """

    def __init__(self, policy: QueuePolicy) -> None:
        self._policy = policy
        self._moving = policy if isinstance(policy, MovingPolicy) else None
        self._renewing = policy if isinstance(policy, RenewingPolicy) else None
        self._queues: dict[tuple[bool, str, int], _Queue] = {}
        self._count = 0
        self._watched_work = 0.0
        self.again_at: float | None = None

    def place(self, task: TaskState) -> None:
        """Give a task its number among equals, which it keeps."""
        self._count += 1
        task.number = task.number or self._count

    def push(self, state: RunState, task: TaskState) -> None:
        """Add a ready task, or move it to where its key belongs now; among equals it keeps its place."""
        self.place(task)
        task.chosen, task.ticket = state.configuration(task), self._count
        view, batch = state.view(task), not state.clock.watched
        group = self._moving.group(view) if self._moving is not None else 0
        if (queue := self._queues.get((batch, task.chosen.model, group))) is None:
            queue = self._queues[batch, task.chosen.model, group] = _Queue(batch)
        queue.push(_Entry(self._policy.key(view), task.number, self._count, state, task, view))

    def pop(self, fleet: Fleet, now: float) -> tuple[RunState, TaskState, WorkerState, int] | None:
        """Take out the first task that can start now, with the worker and the number of threads for it.

        It is the first of its model; behind one that waits for more threads of a machine none that needs threads
        overtakes there. A long task does not take up the home of a large model that it does not need, where there are
        enough other workers: it waits for one of these, for a moment, and its thread is kept for it.
        """
        self.again_at = None
        if not fleet.idle or not self._queues:
            return None
        held: list[Machine] = []
        found = None
        free = fleet.free_threads
        for entry, queue in self._in_turn(now):
            chosen = entry.task.chosen
            threads = min(chosen.needs.threads, fleet.widest(chosen.model))
            worker = fleet.route(chosen.model, threads) if threads <= free else None
            if worker is not None and self._leaves(entry, worker, fleet, now):
                home, worker = worker, fleet.plain(chosen.model, threads)
                if worker is None:
                    home.machine.held = True
                    held.append(home.machine)
            if worker is not None:
                entry.task.passed = None
                heapq.heappop(queue.entries)
                self._watched_work = 0.0 if queue.batch else self._watched_work + entry.work
                found = entry.run, entry.task, worker, threads
                break
            if threads > 1 and (machine := fleet.hold(chosen.model, threads)) is not None:
                held.append(machine)
        for machine in held:
            machine.held = False
        return found

    def _leaves(self, entry: _Entry, worker: WorkerState, fleet: Fleet, now: float) -> bool:
        """Whether a task leaves a worker to the large models that this holds."""
        chosen, task = entry.task.chosen, entry.task
        if not worker.large or not chosen.needs.threads or chosen.seconds < LONG_S:
            return False
        if entry.view.latest_start - now < URGENT_S or not fleet.spares(worker, chosen.model):
            return False
        task.passed = now if task.passed is None else task.passed
        until = task.passed + PATIENCE_S
        if now < until:
            self.again_at = until if self.again_at is None else min(until, self.again_at)
        return now < until

    def waiting(self) -> Iterator[tuple[Configuration, TaskView]]:
        """All tasks that wait, in no order."""
        for queue in self._queues.values():
            yield from ((entry.task.chosen, entry.view) for entry in queue.entries if entry.counts)

    def _in_turn(self, now: float) -> list[_Head]:
        """What is watched first; before it a batch that is overdue, where its share is due and the others can wait."""
        watched, batches = self._heads(now)
        if not watched or not batches:
            return watched or batches
        can_wait = min(entry.view.latest_start for entry, _ in watched) - now
        due = [head for head in batches if self._has_its_turn(head[0], now, can_wait)]
        return [*due, *watched, *(head for head in batches if head not in due)]

    def _has_its_turn(self, entry: _Entry, now: float, can_wait: float) -> bool:
        overdue = entry.view.latest_start < now
        return overdue and entry.view.expected_s < can_wait and entry.work * (1 / SHARE - 1) <= self._watched_work

    def _heads(self, now: float) -> tuple[list[_Head], list[_Head]]:
        """The first entry of each queue that counts, in the order of the policy: what is watched, and batches."""
        watched: list[_Head] = []
        batches: list[_Head] = []
        for place, queue in list(self._queues.items()):
            if (entry := self._head(queue.entries, now)) is None:
                del self._queues[place]
            else:
                (batches if queue.batch else watched).append((entry, queue))
        for heads in (watched, batches):
            if len(heads) > 1:
                self._sort(heads, now)
        return watched, batches

    def _sort(self, heads: list[_Head], now: float) -> None:
        if (moving := self._moving) is None:
            heads.sort()
        else:
            heads.sort(key=lambda head: (moving.urgency(head[0].view, now), head[0].number))

    def _head(self, entries: list[_Entry], now: float) -> _Entry | None:
        """The first that counts, with its key as it is now."""
        while entries:
            entry = entries[0]
            if not entry.counts:
                heapq.heappop(entries)
            elif self._renewing is None or (key := self._renewing.renewed(entry.view, entry.key, now)) == entry.key:
                return entry
            else:
                heapq.heapreplace(entries, msgspec.structs.replace(entry, key=key))
        return None
