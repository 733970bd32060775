"""The scheduler: ``handle(event, now) -> [Command]``.

It reads no clock, does no I/O and draws no random number: equal events at equal times give equal commands. The
engine drives it in real time, a replay drives it from a journal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from murakkab_optimizer.graph import Graph, Path
from murakkab_optimizer.plan import Plan
from murakkab_optimizer.policies.rungs import DEFAULT
from murakkab_optimizer.scheduler import events as ev
from murakkab_optimizer.scheduler.attempts import Attempts
from murakkab_optimizer.scheduler.backlog import AtWork, Backlog
from murakkab_optimizer.scheduler.commands import Command, FinishRun, Publish
from murakkab_optimizer.scheduler.failures import Failures
from murakkab_optimizer.scheduler.filming import Filming
from murakkab_optimizer.scheduler.restore import Restoration, restored_items
from murakkab_optimizer.scheduler.runs import RunState, place
from murakkab_optimizer.scheduler.shift import Shift
from murakkab_optimizer.scheduler.state import Status, TaskState
from murakkab_optimizer.scheduler.timers import Timers
from murakkab_optimizer.scheduler.wanted import configurations, settings, sizes_mb, wanted
from murakkab_optimizer.scheduler.workers import Fleet


class Scheduler:
    """All runs of one engine, its workers and its thread budget.

    Args:
        cores: threads that may be in use at one time by workers that name no machine.
        policy: name of the queue policy.
        rungs: name of the rung policy.

    Invariants: a task starts after all its inputs exist; its result counts once; threads in use on a machine never
    exceed its cores; a join runs one task at a time, an ordered one in path order; all tasks that film a shot are on
    one rung, as long as no instance is lost, nothing is found too large for its device, and the plan stays.

    """

    def __init__(self, cores: int, policy: str = "least-slack", rungs: str = DEFAULT) -> None:
        self._fleet = Fleet(cores, self._needed)
        self._shift = Shift(self._fleet.instances)
        self._filming = Filming(rungs, self._fleet)
        self._timers = Timers()
        self._attempts = Attempts(self._fleet, self._filming, self._timers, policy)
        self._failures = Failures(self._attempts, self._filming, self._timers, self._fail)
        self._runs: dict[str, RunState] = {}
        self._awaited: dict[str, set[str]] = {}
        self._out: list[Command] = []

    @property
    def cores(self) -> int:
        """Threads of all machines together."""
        return self._fleet.cores

    @property
    def demand(self) -> float:
        """Core-seconds that the shows which are watched take for a second."""
        return self._filming.demand

    def backlog(self, now: float) -> list[Backlog]:
        """What waits for a worker, by model."""
        return self._attempts.backlog(now)

    def workers(self) -> list[AtWork]:
        """All workers, and what they are at."""
        return [AtWork(w.name, not w.idle, frozenset(w.models)) for w in self._fleet.workers.values()]

    def unfinished(self, run: str) -> set[str]:
        """Nodes of a run that may still have something to do; none of one that is not being made."""
        state = self._runs.get(run)
        return state.unfinished() if state else set()

    def holds(self, lease: str) -> bool:
        """Whether a result under this lease would count."""
        return self._attempts.of(lease)[0] is not None

    def handle(self, event: ev.Event, now: float) -> list[Command]:
        """Take one event in and return what is to be done, in order."""
        self._out = self._attempts.out = []
        _HANDLERS[type(event)](self, event, now)
        if type(event) not in _TIDINGS:
            self._attempts.dispatch(now)
            if (timer := self._timers.command()) is not None:
                self._out.append(timer)
        return self._out

    def _submitted(self, event: ev.RunSubmitted, now: float) -> None:
        if event.graph.name in self._awaited:
            self._await(event.graph, event.plan)
        self._open(RunState(event.run, event.graph, event.plan, now, self._fleet.instances), now)

    def _resumed(self, event: ev.RunResumed, now: float) -> None:
        state = RunState(event.run, event.graph, event.plan, now, self._fleet.instances, event.times)
        Restoration(state.growth, event).restore()
        for item in restored_items(state.growth, event):
            self._made(state, item.node, item.path, item.value, item.meta, now)
        if state.shots is not None:
            state.shots.restore(event.shots)
        self._open(state, now)

    def _cancelled(self, event: ev.RunCancelled, now: float) -> None:
        if state := self._runs.get(event.run):
            self._end(state, "cancelled", "")

    def _replanned(self, event: ev.PlanChanged, now: float) -> None:
        if state := self._runs.get(event.run):
            state.replan(event.plan)
            self._want(state.growth.graph, state.plan)
            self._attempts.replanned(state, now)

    def _nothing(self, event: ev.TaskStarted | ev.TaskProgressed, now: float) -> None:
        """Work goes on."""

    def _emitted(self, event: ev.ItemEmitted, now: float) -> None:
        state, task = self._attempts.of(event.lease)
        if state is None or task is None:
            return
        if state.growth.emit(task, event.index, event.value):
            if state.shots is not None:
                state.shots.emitted(event, task.node.name, task.path, now)
            self._made(state, task.node.name, (*task.path, event.index), event.value, event.meta, now)
            self._go_on(state, now)

    def _finished(self, event: ev.TaskFinished, now: float) -> None:
        state, task = self._attempts.end(event.lease, event.left)
        if state is None or task is None:
            return
        state.took(task, event)
        self._finish(state, task, event.value, event.meta, now)
        self._go_on(state, now)

    def _failed(self, event: ev.TaskFailed, now: float) -> None:
        state, task = self._attempts.end(event.lease, event.left)
        if state is not None and task is not None:
            self._failures.failed(state, task, event, now)

    def _evaluated(self, event: ev.Evaluated, now: float) -> None:
        state = self._runs.get(event.run)
        task = state.growth.nodes[event.node].tasks.get(event.path) if state is not None else None
        if state is None or task is None or task.asked != (event.what, event.index):
            return
        task.asked = None
        if event.error:
            self._fail(state, f"{place(task)}: {event.error}")
            return
        self._answer(state, task, event, now)
        self._go_on(state, now)

    def _joined(self, event: ev.WorkerJoined, now: float) -> None:
        self._lost(ev.WorkerLost(event.worker, "it began anew", blame=False), now)
        self._fleet.joined(event.worker, event.machine, event.cores, event.models, event.held, event.room_mb)
        self._instances_changed(event.models, now, rising=True)

    def _lost(self, event: ev.WorkerLost, now: float) -> None:
        worker = self._fleet.lost(event.worker, event.blame)
        if worker is None:
            return
        state, task = self._attempts.take(worker.lease or "")
        if state is not None and task is not None:
            self._failures.lost(state, task, event, now)
        self._instances_changed(worker.usable, now, rising=False)

    def _instances_changed(self, models: Collection[str] | None, now: float, *, rising: bool) -> None:
        if self._shift.moved(models):
            for state in self._runs.values():
                self._attempts.instances_changed(state, now, rising=rising)

    def _loaded(self, event: ev.ModelLoaded, now: float) -> None:
        self._fleet.loaded(event.worker, event.model, event.error, event.left)

    def _expected(self, event: ev.ModelsExpected, now: float) -> None:
        self._await(event.graph, event.plan)
        self._want(event.graph, event.plan)

    def _moved(self, event: ev.PlaybackMoved, now: float) -> None:
        if state := self._runs.get(event.run):
            state.clock.viewer_at(now, event.position_s, event.rate)
            self._filming.weigh(state)
            self._sort_anew(state, now)

    def _unwatched(self, event: ev.PlaybackLeft, now: float) -> None:
        if state := self._runs.get(event.run):
            state.clock.viewer_left(now)
            self._filming.weigh(state)
            self._sort_anew(state, now)

    def _fired(self, event: ev.TimerFired, now: float) -> None:
        self._failures.fired(event.name, now)

    def _open(self, state: RunState, now: float) -> None:
        self._runs[state.run] = state
        self._filming.weigh(state)
        self._want(state.growth.graph, state.plan)
        self._go_on(state, now)

    def _want(self, graph: Graph, plan: Plan) -> None:
        """Load ahead what a run needs."""
        self._fleet.want(*wanted(graph, plan), sizes_mb(plan), settings(graph, plan))

    def _await(self, graph: Graph, plan: Plan) -> None:
        """Note what runs of a workflow that are to come need, as its latest plan says."""
        self._awaited[graph.name] = {one.model for one in configurations(plan)}

    def _needed(self) -> set[str]:
        """Names of the models that runs in hand, or those that are expected, may still use."""
        return set().union(*self._awaited.values(), *(state.models() for state in self._runs.values()))

    def _go_on(self, state: RunState, now: float) -> None:
        """Do the next thing for all tasks that wait for nothing any more; end the run when there is none."""
        while ready := state.growth.take_ready():
            for task in ready:
                self._next(state, task, now)
        if state.growth.done:
            self._end(state, "succeeded", "")
        else:
            self._sort_anew(state, now)

    def _sort_anew(self, state: RunState, now: float) -> None:
        """Deadlines may have moved, or work may take longer than it was thought to when tasks were queued."""
        if state.clock.moved():
            self._attempts.requeue(state, now)

    def _next(self, state: RunState, task: TaskState, now: float) -> None:
        """Read the condition of a task, begin it, or end the round that it is in."""
        if task.status is Status.LOOPING:
            self._out.append(state.evaluate(task, "round"))
        elif task.node.when is not None and not task.decided:
            self._out.append(state.evaluate(task, "when"))
        elif task.node.repeat:
            state.growth.begin(task)
        elif not task.node.capability:
            self._out.append(state.evaluate(task, "value"))
        else:
            self._attempts.ready(state, task, now)

    def _answer(self, state: RunState, task: TaskState, event: ev.Evaluated, now: float) -> None:
        if event.what == "when":
            task.decided = event.holds
            (state.growth.requeue if event.holds else state.growth.skip)(task)
        elif event.what == "round" and not task.node.ends(event.index, event.holds):
            state.growth.emit(task, event.index + 1, event.value)
        else:
            self._finish(state, task, event.value, {}, now)

    def _finish(self, state: RunState, task: TaskState, value: str, meta: ev.Meta, now: float) -> None:
        state.growth.finish(task, value)
        if not task.node.streams or task.node.repeat:
            self._made(state, task.node.name, task.path, value, meta, now)

    def _made(self, state: RunState, node: str, path: Path, value: str, meta: ev.Meta, now: float) -> None:
        """Put an item on the timeline and show it to the viewer, where it belongs there."""
        state.clock.scripted(node, path, meta)
        if node == state.growth.graph.publish:
            self._out.append(Publish(state.run, node, path, state.published, value))
            seconds = meta.get("seconds", 0.0)
            state.published_item(path, float(seconds) if isinstance(seconds, int | float) else 0.0, now)

    def _fail(self, state: RunState, error: str, input_fault: bool = False) -> None:
        self._end(state, "failed", error, input_fault)

    def _end(self, state: RunState, status: str, error: str, input_fault: bool = False) -> None:
        for lease in list(state.leases):
            self._attempts.cancel(lease)
        state.ended = True
        self._filming.forget(state)
        del self._runs[state.run]
        self._out.append(FinishRun(state.run, status, error, input_fault, state.outputs()))


_HANDLERS: dict[type, Callable[[Scheduler, Any, float], None]] = {
    ev.RunSubmitted: Scheduler._submitted,
    ev.RunResumed: Scheduler._resumed,
    ev.RunCancelled: Scheduler._cancelled,
    ev.PlanChanged: Scheduler._replanned,
    ev.ItemEmitted: Scheduler._emitted,
    ev.TaskFinished: Scheduler._finished,
    ev.TaskFailed: Scheduler._failed,
    ev.Evaluated: Scheduler._evaluated,
    ev.WorkerJoined: Scheduler._joined,
    ev.WorkerLost: Scheduler._lost,
    ev.ModelLoaded: Scheduler._loaded,
    ev.ModelsExpected: Scheduler._expected,
    ev.PlaybackMoved: Scheduler._moved,
    ev.PlaybackLeft: Scheduler._unwatched,
    ev.TimerFired: Scheduler._fired,
    ev.TaskStarted: Scheduler._nothing,
    ev.TaskProgressed: Scheduler._nothing,
}

_TIDINGS = frozenset({ev.TaskStarted, ev.TaskProgressed, ev.PlaybackMoved, ev.PlaybackLeft})
"""Events after which nothing can start that could not before."""
