"""Drives the kernel in virtual time, as the engine drives it in real time."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from murakkab_optimizer.graph import Graph, Path
from murakkab_optimizer.policies.rungs import DEFAULT
from murakkab_optimizer.scheduler import Command, Event, Scheduler
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev
from murakkab_optimizer.simulator.deployment import Deployment, Instance
from murakkab_optimizer.simulator.lane import Lane
from murakkab_optimizer.simulator.nouns import End, Fault, Holding, Job, Made, Recorded, Show, Span
from murakkab_optimizer.simulator.work import WorkModel

STOP_S = 0.05
"""Until a cancelled task has stopped."""

REPORT_S = 1.0
"""Between two reports of a player."""


class Simulation:
    """A cluster, a policy and a source of work.

    Args:
        cores: threads that tasks may use together.
        workers: that take one task at a time; by default two more than cores, as the engine has.
        work: how long things take.
        policy: name of the queue policy.
        rungs: name of the rung policy.
        loads: by model, seconds until a worker has loaded it; others take none.
        held: models that workers hold from the beginning, as an engine that has made runs has them; by worker, in the
            order in which they join. Others hold none.
        deployment: instances on accelerators, and what the other workers can do; ``workers`` counts no more then. Plans
            must be ``schedulable``.
        warm: whether what the workers need is loaded before the first run; what comes in place of a lost one is not.
        seed: source of chance, of who is lost.
        overhead_s: between the end of a task and its worker being free again.
        contention: whether tasks slow each other down when more of them are at work than there are cores (those that
            are too short to count take one too); not so where durations were recorded beside others.

    """

    def __init__(
        self,
        cores: int,
        work: WorkModel,
        *,
        workers: int | None = None,
        policy: str = "least-slack",
        rungs: str = DEFAULT,
        loads: Mapping[str, float] | None = None,
        held: Sequence[Collection[str]] = (),
        overhead_s: float = 0.0,
        contention: bool = True,
        deployment: Deployment | None = None,
        warm: bool = False,
        seed: int = 0,
    ) -> None:
        self.now = 0.0
        self.scheduler = Scheduler(cores, policy, rungs)
        self._size = cores + 2 if workers is None else workers
        self._deployment, self._warm, self._seed = deployment, warm, seed
        self._work, self._loads, self._overhead_s = work, loads or {}, overhead_s
        self._held = held
        self._todo: list[tuple[float, int, Callable[[], object]]] = []
        self._count, self._joined, self._watches = 0, 0, 0
        self._cores, self._contention = cores, contention
        self._demand, self._runs = 0, Counter[str]()
        self._working, self._timed = Lane(), Lane()
        self._workers: dict[str, set[str]] = {}
        self._ready: set[str] = set()
        self._graphs: dict[str, Graph] = {}
        self._at: dict[str, tuple[cmd.StartTask, float]] = {}
        self._stopping: set[str] = set()
        self._record = Recorded([], [], {}, {}, [])
        self._holdings: dict[str, Holding] = {}

    def run(self, jobs: Iterable[Job], faults: Iterable[Fault] = (), until: float = math.inf) -> Recorded:
        """Play until every run has ended, nothing can go on, or until that time; to be called once."""
        self._deploy()
        for job in jobs:
            self._later(job.at_s, lambda job=job: self._submit(job))  # type: ignore[misc]
        for fault in faults:
            self._later(fault.at_s, lambda fault=fault: self._fail(fault))  # type: ignore[misc]
        while (action := self._next(until)) is not None:
            action()
        return self._record

    def _next(self, until: float) -> Callable[[], object] | None:
        """Go on to what happens next; work goes on at the pace that the cores allow."""
        pace = self._pace()
        lanes = ((self._working, pace), (self._timed, pace if len(self._runs) > 1 else 1.0))
        due = self._todo[0][0] if self._todo else math.inf
        made, lane = min(((lane.due(self.now, pace), lane) for lane, pace in lanes), key=lambda one: one[0])
        at = max(min(due, made), self.now)
        if at > until or at == math.inf or self._stuck():
            return None
        for other, pace in lanes:
            other.go_on((at - self.now) * pace)
        self.now = at
        return lane.pop() if made <= due else heapq.heappop(self._todo)[2]

    def _stuck(self) -> bool:
        """Whether nothing is left but viewers who have seen all that there is."""
        if self._working or self._timed or len(self._todo) > self._watches:
            return False
        shows, ends = self._record.shows, self._record.ends
        return all(show.ends_s <= self.now for run, show in shows.items() if run not in ends)

    def _pace(self) -> float:
        """Seconds of work that are done in one second."""
        return self._cores / self._demand if self._contention and self._demand > self._cores > 0 else 1.0

    def tell(self, event: Event) -> None:
        """Ask the kernel and carry out what it says."""
        commands = self.scheduler.handle(event, self.now)
        self._record.log.append((self.now, event, commands))
        for command in commands:
            self._obey(command)

    def _later(self, at: float, action: Callable[[], object]) -> None:
        self._count += 1
        heapq.heappush(self._todo, (at, self._count, action))

    def _after_work(self, seconds: float, action: Callable[[], object]) -> None:
        self._count += 1
        self._working.put(seconds, self._count, action)

    def _as_timed(self, seconds: float, action: Callable[[], object]) -> None:
        self._count += 1
        self._timed.put(seconds, self._count, action)

    def _submit(self, job: Job) -> None:
        self._graphs[job.run] = job.graph
        self._record.shows[job.run] = Show()
        self.tell(ev.RunSubmitted(job.run, job.graph, job.plan))
        if job.watched and job.graph.publish is not None:
            self._watch_later(job.run)

    def _watch_later(self, run: str) -> None:
        self._watches += 1
        self._later(self.now + REPORT_S, lambda: self._watch(run))

    def _watch(self, run: str) -> None:
        """The player tells where it is, from its first item on until the run has ended."""
        self._watches -= 1
        if run in self._record.ends:
            return
        show = self._record.shows[run]
        if show.first_s is not None:
            stalled = max(self.now - show.ends_s, 0.0)
            self.tell(ev.PlaybackMoved(run, show.position(self.now), show.stall_s + stalled))
        self._watch_later(run)

    def _deploy(self) -> None:
        """All workers join."""
        models = self._deployment.models if self._deployment else None
        held = itertools.chain(self._held, itertools.repeat(()))
        for _ in range(self._deployment.workers if self._deployment else self._size):
            self._join(models, warm=self._warm, held=next(held))
        for instance in self._deployment.instances if self._deployment else ():
            self._hold(instance, warm=self._warm)

    def _join(self, models: tuple[str, ...] | None = None, *, warm: bool = False, held: Collection[str] = ()) -> str:
        self._joined += 1
        name = f"w{self._joined}"
        self._workers[name] = set(held)
        if warm:
            self._ready.add(name)
        self.tell(ev.WorkerJoined(name, models=models, held=tuple(sorted(held))))
        return name

    def _hold(self, instance: Instance, *, warm: bool = False) -> None:
        """An instance joins."""
        name = self._join((instance.holds,), warm=warm)
        self._holdings[name] = Holding(name, instance, self.now)
        self._record.holdings.append(self._holdings[name])

    def _fail(self, fault: Fault) -> None:
        """Lose workers; what they were at is lost."""
        for name in self._lost(fault):
            holding = self._holdings.pop(name, None)
            self._lose(name, fault)
            if holding is not None:
                holding.ends = self.now
            if fault.back_s is not None:
                self._later(self.now + fault.back_s, self._successor(holding))

    def _lost(self, fault: Fault) -> list[str]:
        """Who is lost."""
        if fault.workers:
            return [name for name in fault.workers if name in self._workers]
        names = [n for n, held in self._holdings.items() if held.instance.spot] if fault.spot else list(self._workers)
        count = max(round(len(names) * fault.share), 1) if names else 0
        if fault.spot:
            return random.Random(f"{self._seed} {fault.at_s}").sample(names, count)
        return names[len(names) - count :]

    def _lose(self, name: str, fault: Fault) -> None:
        del self._workers[name]
        for lease in [lease for lease, (task, _) in self._at.items() if task.worker == name]:
            self._end(lease, "lost")
        self.tell(ev.WorkerLost(name, "it failed" if fault.blame else "it was taken away", fault.blame))

    def _successor(self, holding: Holding | None) -> Callable[[], object]:
        """Who comes in place of a worker that was lost."""
        models = self._deployment.models if self._deployment else None
        return (lambda: self._join(models)) if holding is None else lambda: self._hold(holding.instance)

    def _obey(self, command: Command) -> None:
        match command:
            case cmd.StartTask():
                self._start(command)
            case cmd.CancelTask(lease):
                self._stopping.add(lease)
                self._later(self.now + STOP_S, lambda: self._stopped(lease))
            case cmd.LoadModel(worker, model):
                self._load(worker, model)
            case cmd.Evaluate(run):
                answer = self._work.answer(self._graphs[run], command)
                self._later(self.now, lambda: self.tell(answer))
            case cmd.Publish(run, _, path):
                self._publish(run, path)
            case cmd.FinishRun(run, status, error):
                self._record.ends[run] = End(self.now, status, error)
            case cmd.SetTimer(name, at):
                self._later(at, lambda: self.tell(ev.TimerFired(name)))

    def _publish(self, run: str, path: Path) -> None:
        self._record.shows[run].published(self.now, self._work.seconds_shown(run, self._graphs[run], path))

    def _load(self, worker: str, model: str) -> None:
        begun = self.now
        self._demand += 1

        def loaded() -> None:
            self._demand -= 1
            if worker in self._workers:
                self._workers[worker].add(model)
                self._record.spans.append(Span(worker, "", model, (), begun, self.now, 1))
                self.tell(ev.ModelLoaded(worker, model))

        self._after_work(self._load_s(worker, model), loaded)

    def _load_s(self, worker: str, model: str) -> float:
        """Seconds until a worker has loaded a model."""
        return 0.0 if worker in self._ready else self._loads.get(model, 0.0)

    def _start(self, task: cmd.StartTask) -> None:
        """Plan all that comes of an attempt; it counts only while the worker is at it."""
        held, model = self._workers[task.worker], task.configuration.model
        loads = 0.0 if model in held else self._load_s(task.worker, model)
        held.add(model)
        made = self._work.made(self._graphs[task.run], task)
        self._at[task.lease] = (task, self.now)
        self._demand += _cores(task)
        self._runs[task.run] += 1
        self._after_work(loads, lambda: self._counts(task, lambda: self.tell(ev.TaskStarted(task.lease))))
        for index, (after, seconds) in enumerate(made.items, task.first_item):
            item = ev.ItemEmitted(task.lease, index, f"json:{index}", {"seconds": seconds})
            self._within(loads, made, after, lambda item=item: self._counts(task, lambda: self.tell(item)))  # type: ignore[misc]
        self._within(loads, made, made.seconds + self._overhead_s, lambda: self._finish(task, made.seconds))

    def _within(self, loads: float, made: Made, after: float, action: Callable[[], object]) -> None:
        """Do something at a moment of a task; what was timed beside its run goes on as it was, unless others work."""
        if not (seen_s := min(made.seen_s, after)):
            self._after_work(loads + after, action)
            return
        rest_s = after - seen_s
        self._after_work(loads, lambda: self._as_timed(seen_s, lambda: self._after_work(rest_s, action)))

    def _counts(self, task: cmd.StartTask, action: Callable[[], object]) -> None:
        """Do something for an attempt that goes on."""
        known = self._at.get(task.lease)
        if known is not None and known[0] is task and task.lease not in self._stopping:
            action()

    def _finish(self, task: cmd.StartTask, seconds: float) -> None:
        def finish() -> None:
            self._end(task.lease, "done")
            graph, meta = self._graphs[task.run], ev.Meta()
            if task.node == graph.publish and not graph.node(task.node).streams:
                meta["seconds"] = self._work.seconds_shown(task.run, graph, task.path)
            self.tell(ev.TaskFinished(task.lease, "json:null", meta, seconds))

        self._counts(task, finish)

    def _stopped(self, lease: str) -> None:
        self._stopping.discard(lease)
        if lease in self._at:
            self._end(lease, "cancelled")
            self.tell(ev.TaskFailed(lease, "cancelled", retry=False))

    def _end(self, lease: str, outcome: str) -> None:
        task, begun = self._at.pop(lease)
        self._stopping.discard(lease)
        self._demand -= _cores(task)
        self._runs = self._runs - Counter((task.run,))
        one, place = task.configuration, (task.worker, task.run, task.node, task.path)
        span = Span(*place, begun, self.now, one.needs.threads, outcome, one.device, one.devices)
        self._record.spans.append(span)


def _cores(task: cmd.StartTask) -> int:
    """Cores that a task keeps at work; none where accelerators do it."""
    return 0 if task.configuration.devices else max(task.configuration.needs.threads, 1)
