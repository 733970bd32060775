"""The scheduler: ``handle(event, now) -> [Command]``.

It reads no clock, does no I/O and draws no random number: equal events at equal times give equal commands. The
engine drives it in real time, a replay drives it from a journal.
"""

from __future__ import annotations

import heapq
from functools import singledispatchmethod

from murakkab_optimizer.graph import Graph, Path
from murakkab_optimizer.plan import Configuration, Plan
from murakkab_optimizer.policies.queueing import QueuePolicy, TaskView, queue_policy
from murakkab_optimizer.scheduler import events as ev
from murakkab_optimizer.scheduler.clock import PlaybackClock
from murakkab_optimizer.scheduler.commands import CancelTask, Command, FinishRun, Publish, SetTimer, StartTask
from murakkab_optimizer.scheduler.growth import Growth, Status, TaskState
from murakkab_optimizer.scheduler.workers import Fleet, WorkerState

BACKOFF_S = 0.2
"""Wait before the second attempt after a failure; it doubles with every further one."""


class RunState:
    """One run: its growing graph, its plan and its playback clock."""

    def __init__(self, run: str, growth: Growth, plan: Plan, clock: PlaybackClock) -> None:
        self.run = run
        self.growth = growth
        self.plan = plan
        self.clock = clock
        self.published = 0

    def configuration(self, task: TaskState) -> Configuration:
        """The configuration that the plan in force gives the task."""
        return self.plan.nodes[task.node.name].chosen


class Scheduler:
    """All runs of one engine, its workers and its thread budget.

    Args:
        cores: threads that may be in use at one time.
        policy: name of the queue policy.

    Invariants: a task starts after all its inputs exist; its result counts once; threads in use never exceed
    ``cores``; an ordered join runs one task at a time, in path order.

    """

    def __init__(self, cores: int, policy: str = "earliest-deadline") -> None:
        self._fleet = Fleet(cores)
        self._policy: QueuePolicy = queue_policy(policy)
        self._runs: dict[str, RunState] = {}
        self._leases: dict[str, tuple[RunState, TaskState]] = {}
        self._queues: dict[str, list[tuple[tuple[float, ...], int, RunState, TaskState]]] = {}
        self._sleepers: dict[str, tuple[RunState, TaskState]] = {}
        self._count = 0
        self._out: list[Command] = []

    def holds(self, lease: str) -> bool:
        """Whether a result under this lease would count."""
        return lease in self._leases

    def handle(self, event: ev.Event, now: float) -> list[Command]:
        """Take one event in and return what is to be done, in order."""
        self._out = []
        self._on(event, now)
        self._dispatch(now)
        return self._out

    @singledispatchmethod
    def _on(self, event: object, now: float) -> None:
        raise TypeError(f"not an event: {event!r}")

    @_on.register
    def _(self, event: ev.RunSubmitted, now: float) -> None:
        state = RunState(event.run, Growth(event.graph), event.plan, PlaybackClock(event.graph, event.plan, now))
        self._open(state, now)

    @_on.register
    def _(self, event: ev.RunResumed, now: float) -> None:
        state = RunState(event.run, Growth(event.graph), event.plan, PlaybackClock(event.graph, event.plan, now))
        self._restore(state, event)
        self._open(state, now)

    @_on.register
    def _(self, event: ev.RunCancelled, now: float) -> None:
        if state := self._runs.get(event.run):
            self._end(state, "cancelled", "")

    @_on.register
    def _(self, event: ev.PlanChanged, now: float) -> None:
        if state := self._runs.get(event.run):
            state.plan = event.plan
            self._want(state.growth.graph, state.plan)
            self._requeue(state, now)

    @_on.register
    def _(self, event: ev.TaskStarted, now: float) -> None:
        pass

    @_on.register
    def _(self, event: ev.TaskProgressed, now: float) -> None:
        pass

    @_on.register
    def _(self, event: ev.ItemEmitted, now: float) -> None:
        state, task = self._leases.get(event.lease, (None, None))
        if state is None or task is None:
            return
        if state.growth.emit(task, event.index, event.value):
            path = (*task.path, event.index)
            if task.node.ordered:
                state.clock.scripted(path, event.meta)
            self._publish(state, task, path, event.value)
            self._enqueue(state, now)

    @_on.register
    def _(self, event: ev.TaskFinished, now: float) -> None:
        state, task = self._end_attempt(event.lease)
        if state is None or task is None:
            return
        state.clock.took(task.node.name, event.seconds)
        state.growth.finish(task, event.value)
        if not task.node.streams:
            self._publish(state, task, task.path, event.value)
        self._enqueue(state, now)
        if state.growth.done:
            self._end(state, "succeeded", "")

    @_on.register
    def _(self, event: ev.TaskFailed, now: float) -> None:
        state, task = self._end_attempt(event.lease)
        if state is not None and task is not None:
            self._retry(state, task, event, now)

    @_on.register
    def _(self, event: ev.WorkerJoined, now: float) -> None:
        self._fleet.workers[event.worker] = WorkerState(event.worker)
        self._fleet.want({})

    @_on.register
    def _(self, event: ev.WorkerLost, now: float) -> None:
        worker = self._fleet.lost(event.worker)
        if worker is None:
            return
        state, task = self._leases.pop(worker.lease or "", (None, None))
        if state is None or task is None:
            return
        if event.blame:
            self._retry(state, task, ev.TaskFailed(task.lease or "", f"its worker died: {event.reason}"), now)
        else:
            self._ready(state, task, now)

    @_on.register
    def _(self, event: ev.ModelLoaded, now: float) -> None:
        self._fleet.loaded(event.worker, event.model, event.error)

    @_on.register
    def _(self, event: ev.ModelsExpected, now: float) -> None:
        self._want(event.graph, event.plan)

    @_on.register
    def _(self, event: ev.PlaybackMoved, now: float) -> None:
        if state := self._runs.get(event.run):
            state.clock.viewer_at(now, event.position_s)

    @_on.register
    def _(self, event: ev.TimerFired, now: float) -> None:
        state, task = self._sleepers.pop(event.name, (None, None))
        if state is not None and task is not None and task.status is Status.BACKOFF:
            self._ready(state, task, now)

    def _open(self, state: RunState, now: float) -> None:
        self._runs[state.run] = state
        self._want(state.growth.graph, state.plan)
        self._enqueue(state, now)
        if state.growth.done:
            self._end(state, "succeeded", "")

    def _want(self, graph: Graph, plan: Plan) -> None:
        """Load ahead what a run needs; a model of several tasks at once on every worker."""
        nodes = graph.nodes
        chosen = {node.name: plan.nodes[node.name].chosen for node in nodes}
        several = {chosen[node.name].model for node in nodes if node.for_each is not None and not node.ordered}
        models = {c.model: c.needs.memory_mb for c in chosen.values()}
        self._fleet.want(models, models.keys() - several)

    def _restore(self, state: RunState, event: ev.RunResumed) -> None:
        """Commit again what was committed before; items before the tasks that they let exist."""
        growth, items = state.growth, {(i.node, i.path): i for i in event.items}
        finished = {(i.node, i.path): i for i in event.finished}
        for task in (todo := growth.take_ready()):
            index = 0
            while (item := items.get((task.node.name, (*task.path, index)))) is not None:
                growth.emit(task, index, item.value)
                if task.node.ordered:
                    state.clock.scripted(item.path, item.meta)
                self._publish(state, task, item.path, item.value)
                index += 1
            if (end := finished.get((task.node.name, task.path))) is not None:
                growth.finish(task, end.value)
                if not task.node.streams:
                    self._publish(state, task, task.path, end.value)
            todo.extend(growth.take_ready())
        growth.requeue(task for task in todo if task.status is Status.READY)

    def _publish(self, state: RunState, task: TaskState, path: Path, value: str) -> None:
        if task.node.name == state.growth.graph.publish:
            self._out.append(Publish(state.run, task.node.name, path, state.published, value))
            state.published += 1

    def _enqueue(self, state: RunState, now: float) -> None:
        for task in state.growth.take_ready():
            self._ready(state, task, now)

    def _ready(self, state: RunState, task: TaskState, now: float) -> None:
        task.status, task.lease, task.ready_at = Status.READY, None, now
        self._push(state, task)

    def _requeue(self, state: RunState, now: float) -> None:
        for node in state.growth.nodes.values():
            for task in node.tasks.values():
                if task.status is Status.READY:
                    self._push(state, task)

    def _push(self, state: RunState, task: TaskState) -> None:
        clock = state.clock
        view = TaskView(
            path=task.path,
            run_started=clock.started,
            ready_at=task.ready_at,
            deadline=clock.deadline(task.path),
            expected_s=clock.expected(task.node.name),
            remaining_s=clock.remaining(task.node.name),
        )
        self._count += 1
        queue = self._queues.setdefault(state.configuration(task).model, [])
        heapq.heappush(queue, (self._policy.key(view), self._count, state, task))

    def _end_attempt(self, lease: str) -> tuple[RunState | None, TaskState | None]:
        """Free the worker of an attempt and return its task when the lease was still held."""
        for worker in self._fleet.workers.values():
            if worker.lease == lease:
                self._fleet.release(worker)
        return self._leases.pop(lease, (None, None))

    def _retry(self, state: RunState, task: TaskState, failure: ev.TaskFailed, now: float) -> None:
        task.failures += 1
        if not failure.retry or task.failures >= task.node.attempts:
            where = f"{task.node.name} {ev.path_label(task.path)}" if task.path else task.node.name
            tried = f" (tried {task.failures} times)" if task.failures > 1 else ""
            self._end(state, "failed", f"{where}: {failure.error}{tried}", failure.input_fault)
            return
        name = f"retry {ev.lease_name(state.run, task.node.name, task.path, task.attempt)}"
        task.status, task.lease = Status.BACKOFF, None
        self._sleepers[name] = (state, task)
        self._out.append(SetTimer(name, now + BACKOFF_S * 2 ** (task.failures - 1)))

    def _end(self, state: RunState, status: str, error: str, input_fault: bool = False) -> None:
        for lease in [key for key, (owner, _) in self._leases.items() if owner is state]:
            del self._leases[lease]
            for worker in self._fleet.workers.values():
                if worker.lease == lease:
                    self._out.append(CancelTask(lease, worker.name))
        self._sleepers = {name: pair for name, pair in self._sleepers.items() if pair[0] is not state}
        del self._runs[state.run]
        growth = state.growth
        outputs = {n.name: growth.whole(n.name) for n in growth.graph.nodes if growth.nodes[n.name].closed}
        ends = {n: ref for n, ref in outputs.items() if not list(growth.graph.readers(n))}
        self._out.append(FinishRun(state.run, status, error, input_fault, ends))

    def _dispatch(self, now: float) -> None:
        """Start what can start: the smallest key among the queues that have a worker and enough threads."""
        while (best := self._best()) is not None:
            state, task, worker, threads = best
            configuration = state.configuration(task)
            heapq.heappop(self._queues[configuration.model])
            task.status = Status.RUNNING
            task.lease = self._new_lease(state, task)
            self._leases[task.lease] = (state, task)
            self._fleet.assign(worker, task.lease, configuration.model, threads)
            self._out.append(self._start(state, task, worker))
        self._out.extend(self._fleet.load_commands())

    def _new_lease(self, state: RunState, task: TaskState) -> str:
        """Name the next attempt; never as one that a worker is still at since its run was cancelled."""
        held = {worker.lease for worker in self._fleet.workers.values()}
        while True:
            task.attempt += 1
            lease = ev.lease_name(state.run, task.node.name, task.path, task.attempt)
            if lease not in held:
                return lease

    def _best(self) -> tuple[RunState, TaskState, WorkerState, int] | None:
        blocked = False
        free = self._fleet.free_threads
        heads = sorted(filter(None, map(self._head, self._queues)), key=lambda entry: entry[:2])
        for _, _, state, task in heads:
            configuration = state.configuration(task)
            threads = min(configuration.needs.threads, self._fleet.cores)
            if threads and (blocked or threads > free):
                blocked = True
                continue
            worker = self._fleet.route(configuration.model)
            if worker is not None:
                return state, task, worker, threads
        return None

    def _head(self, model: str) -> tuple[tuple[float, ...], int, RunState, TaskState] | None:
        """The first entry of a queue that still stands for a ready task of a living run."""
        queue = self._queues[model]
        while queue:
            _, _, state, task = queue[0]
            alive = self._runs.get(state.run) is state and task.status is Status.READY
            if alive and state.configuration(task).model == model:
                return queue[0]
            heapq.heappop(queue)
        return None

    def _start(self, state: RunState, task: TaskState, worker: WorkerState) -> StartTask:
        growth = state.growth
        return StartTask(
            lease=task.lease or "",
            worker=worker.name,
            run=state.run,
            node=task.node.name,
            path=task.path,
            attempt=task.attempt,
            configuration=state.configuration(task),
            deadline=state.clock.deadline(task.path),
            item=growth.item(task),
            inputs=growth.inputs(task),
            previous=growth.previous(task),
            first_item=growth.nodes[task.node.name].emitted.get(task.path, 0),
        )
