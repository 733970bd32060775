"""The attempts at tasks: which ones wait, who is at them under which lease, and who gets the next one."""

from __future__ import annotations

from collections.abc import Collection

from murakkab_optimizer.policies.queueing import queue_policy
from murakkab_optimizer.scheduler.backlog import Backlog, backlog
from murakkab_optimizer.scheduler.commands import CancelTask, Command
from murakkab_optimizer.scheduler.events import lease_name
from murakkab_optimizer.scheduler.filming import Filming
from murakkab_optimizer.scheduler.queues import ReadyQueues
from murakkab_optimizer.scheduler.runs import RunState
from murakkab_optimizer.scheduler.state import Status, TaskState
from murakkab_optimizer.scheduler.timers import Timers
from murakkab_optimizer.scheduler.workers import Fleet


class Attempts:
    """Queues of ready tasks, and the leases of those that are at a worker.

    Args:
        fleet: the workers.
        filming: how good shots are made.
        timers: of attempts that take too long and of tasks that wait.
        policy: name of the queue policy.

    Attributes:
        out: commands of the event that is handled.

    """

    def __init__(self, fleet: Fleet, filming: Filming, timers: Timers, policy: str) -> None:
        self.out: list[Command] = []
        self._fleet, self._filming, self._timers = fleet, filming, timers
        self._queues = ReadyQueues(queue_policy(policy))
        self._leases: dict[str, tuple[RunState, TaskState]] = {}

    def of(self, lease: str) -> tuple[RunState | None, TaskState | None]:
        """The run and the task of an attempt whose lease is held."""
        return self._leases.get(lease, (None, None))

    def backlog(self, now: float) -> list[Backlog]:
        """What waits for a worker, by model."""
        return backlog(self._queues.waiting(), now)

    def ready(self, state: RunState, task: TaskState, now: float) -> None:
        """All that a task needs is there: it takes its place in the queue."""
        task.ready_at, task.number = now, 0
        self.queue(state, task, now)

    def queue(self, state: RunState, task: TaskState, now: float) -> None:
        """Queue a task, at the place that it had if it was queued before; one whose instance lacks is held back."""
        task.status, task.lease, task.due = Status.READY, None, None
        if state.staged and self._holds_back(state, task, now):
            return
        self._queues.push(state, task)

    def _holds_back(self, state: RunState, task: TaskState, now: float) -> bool:
        """Whether a task waits for an instance that may come; the shot of one that cannot wait is made without it."""
        if (until := self._filming.held_until(state, task, now)) is not None:
            task.status = Status.BACKOFF
            self._queues.place(task)
            self._timers.wait(state, task, until)
            return True
        if (made := self._filming.resort(state, task, now)) is not None:
            self.out.append(made)
        return False

    def wake(self, state: RunState, task: TaskState, now: float) -> None:
        """The time of a task has come that waited for its next attempt, or for an instance."""
        (self.queue if self._filming.waited(state, task) else self.ready)(state, task, now)

    def replanned(self, state: RunState, now: float) -> None:
        """Look again at the shots of a run and at all that waits, as its plan is now."""
        self.out.extend(self._filming.follow(state, now))
        if state.staged:
            self.instances_changed(state, now, rising=True)
        else:
            self._release(state, now)
            self.requeue(state, now)

    def _release(self, state: RunState, now: float) -> None:
        for task in self._filming.freed(state):
            self.queue(state, task, now)

    def requeue(self, state: RunState, now: float) -> None:
        """Queue all ready tasks of a run anew, as its plan and its shots are now."""
        for node in state.growth.nodes.values():
            for task in node.tasks.values():
                if task.status is Status.READY:
                    self.queue(state, task, now)

    def instances_changed(self, state: RunState, now: float, *, rising: bool) -> None:
        """Look again at the shots of a run, and at what waits for instances, after some were lost, or came."""
        if not state.staged:
            return
        if rising:
            self._release(state, now)
        self.out.extend(self._filming.review(state, now, rising=rising))
        self.requeue(state, now)

    def end(self, lease: str, left: Collection[str] = ()) -> tuple[RunState | None, TaskState | None]:
        """Free the worker of an attempt, which let go of models; return its task when the lease was still held."""
        if (worker := self._fleet.at(lease)) is not None:
            self._fleet.left(worker, left)
            self._fleet.release(worker)
        return self.take(lease)

    def take(self, lease: str) -> tuple[RunState | None, TaskState | None]:
        """Withdraw a lease: results under it count no more."""
        state, task = self._leases.pop(lease, (None, None))
        if state is not None and task is not None:
            del state.leases[lease]
            task.due = None
        return state, task

    def cancel(self, lease: str) -> None:
        """Withdraw a lease and stop the attempt; its worker is free when it says so."""
        self.take(lease)
        if (worker := self._fleet.at(lease)) is not None:
            self.out.append(CancelTask(lease, worker.name))

    def dispatch(self, now: float) -> None:
        """Start what can start."""
        while (found := self._queues.pop(self._fleet, now)) is not None:
            state, task, worker, threads = found
            if state.shots is not None and not self._filmed(state, task, now):
                continue
            task.status = Status.RUNNING
            task.lease = self._new_lease(state, task)
            self._leases[task.lease] = (state, task)
            state.leases[task.lease] = task
            self.out.extend(self._fleet.assign(worker, task.lease, task.chosen.model, threads, task.chosen.seconds))
            self._timers.wait(state, task, now + task.node.timeout_s)
            self.out.append(state.start(task, worker.name))
        if self._queues.again_at is not None:
            self._timers.wake(self._queues.again_at)
        self.out.extend(self._fleet.load_commands())

    def _filmed(self, state: RunState, task: TaskState, now: float) -> bool:
        """Choose the rung of a shot whose first task starts; False where the task must be queued anew for it."""
        if (made := self._filming.decide(state, task, now)) is not None:
            self.out.append(made)
        queued, chosen = task.chosen, state.configuration(task)
        if (chosen.model, chosen.needs.threads) != (queued.model, queued.needs.threads):
            self.queue(state, task, now)
            return False
        task.chosen = chosen
        return True

    def _new_lease(self, state: RunState, task: TaskState) -> str:
        """Name the next attempt; never as one that a worker is still at since it was cancelled."""
        while True:
            task.attempt += 1
            lease = lease_name(state.run, task.node.name, task.path, task.attempt, state.times)
            if self._fleet.at(lease) is None:
                return lease
