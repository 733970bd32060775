"""A plant for the kernel: it carries out commands on a graph of random shape, in random order, with failures."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import chain

from murakkab_optimizer.graph import NULL, Graph, Path
from murakkab_optimizer.plan import Plan
from murakkab_optimizer.scheduler import Command, Event, Scheduler
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev
from tests.scheduler.reference import Given, Place, Reference
from tests.scheduler.worlds import Answers


@dataclass
class Committed:
    """What a run has made so far, in the order of its commits."""

    items: dict[Place, str] = field(default_factory=dict)
    finished: dict[Place, str] = field(default_factory=dict)
    decided: dict[Place, bool] = field(default_factory=dict)
    history: dict[Place, str | None] = field(default_factory=dict)

    def event(self, graph: Graph, plan: Plan) -> ev.RunResumed:
        items, finished = ([ev.DoneItem(n, p, v) for (n, p), v in d.items()] for d in (self.items, self.finished))
        decided = tuple(ev.Decision(name, path, holds) for (name, path), holds in self.decided.items())
        return ev.RunResumed("r", graph, plan, tuple(items), tuple(finished), decided)

    def last(self, node: str, line: Path) -> str | None:
        """The value that was made last by a task of the node below a path."""
        made = (v for (name, p), v in reversed(self.finished.items()) if name == node and p[: len(line)] == line)
        return next(made, None)


@dataclass
class Plant:
    """Runs a scheduler to the end and checks each command as it comes."""

    draw: random.Random
    graph: Graph
    plan: Plan
    cores: int
    answers: Answers
    failures: float = 0.0
    policy: str = "earliest-deadline"
    done: Committed = field(default_factory=Committed)
    scheduler: Scheduler = field(init=False)
    reference: Reference = field(init=False)
    running: dict[str, cmd.StartTask] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)
    stopping: dict[str, cmd.StartTask] = field(default_factory=dict)
    evaluating: list[cmd.Evaluate] = field(default_factory=list)
    loading: list[cmd.LoadModel] = field(default_factory=list)
    workers: dict[str, str | None] = field(default_factory=dict)
    timers: dict[str, float] = field(default_factory=dict)
    emitted: dict[str, int] = field(default_factory=dict)
    published: list[tuple[int, Path, str]] = field(default_factory=list)
    log: list[tuple[float, Event, list[Command]]] = field(default_factory=list)
    journal: list[Event] = field(default_factory=list)
    status: str = ""
    error: str = ""
    outputs: dict[str, str | tuple[str, ...]] = field(default_factory=dict)
    now: float = 0.0
    joined: int = 0
    most_timers: int = 0

    def __post_init__(self) -> None:
        self.scheduler = Scheduler(self.cores, self.policy)
        self.reference = Reference(self.graph, self.answers)
        self.reference.history = self.done.history
        for _ in range(self.cores + 1):
            self.join()

    def run(self, steps: int = 20000) -> str:
        """Submit the run and play until it ends; the status, or '' when it is stuck."""
        self.tell(ev.RunSubmitted("r", self.graph, self.plan))
        self.play(steps)
        return self.status

    def play(self, steps: int = 20000) -> None:
        """Carry on until the run ends or nothing can happen any more."""
        for _ in range(steps):
            if self.status or not self.step():
                return

    def resumed(self, seed: int) -> Plant:
        """Another engine that goes on with what this one has committed."""
        begun = {place: value for place, value in self.done.history.items() if self.begun(*place)}
        done = Committed(dict(self.done.items), dict(self.done.finished), dict(self.done.decided), begun)
        after = Plant(random.Random(seed), self.graph, self.plan, self.cores, self.answers, done=done)
        after.tell(done.event(self.graph, self.plan))
        return after

    def begun(self, name: str, path: Path) -> bool:
        """Whether something was committed that depends on the value which a join gave this task."""
        node, done = self.graph.node(name), self.done
        if (name, path) in done.finished or (name, path) in done.decided:
            return True
        names = {name, *node.body}
        return any(
            n in names and p[: len(path)] == path for d in (done.items, done.finished, done.decided) for n, p in d
        )

    def join(self) -> None:
        self.joined += 1
        self.workers[f"w{self.joined}"] = None
        self.tell(ev.WorkerJoined(f"w{self.joined}"))

    def tell(self, event: Event) -> None:
        self.now += self.draw.random()
        if self.scheduler.holds(getattr(event, "lease", "")) or getattr(event, "run", ""):
            self.journal.append(event)
        commands = self.scheduler.handle(event, self.now)
        self.log.append((self.now, event, commands))
        for command in commands:
            self.obey(command)
        for lease, command in self.running.items():
            due = self.since[lease] + self.graph.node(command.node).timeout_s
            assert due >= min(self.timers.values()), "an attempt that takes too long is noticed"

    def obey(self, command: Command) -> None:
        match command:
            case cmd.StartTask():
                self.start(command)
            case cmd.Evaluate():
                self.check_evaluation(command)
                self.evaluating.append(command)
            case cmd.CancelTask(lease, worker):
                self.stopping[lease] = self.running.pop(lease)
                assert self.stopping[lease].worker == worker
            case cmd.LoadModel(worker):
                assert self.workers[worker] is None
                self.workers[worker] = "loading"
                self.loading.append(command)
            case cmd.Publish(_, _, path, index, value):
                self.published.append((index, path, value))
            case cmd.FinishRun(_, status, error, _, outputs):
                self.status, self.error, self.outputs = status, error, outputs
            case cmd.SetTimer(name, at):
                assert at > self.now
                assert all(at < other for other in self.timers.values()), "a later timer would do nothing"
                self.timers[name] = at
                self.most_timers = max(self.most_timers, len(self.timers))

    def start(self, command: cmd.StartTask) -> None:
        """Check what must hold whenever a task starts."""
        node = self.graph.node(command.node)
        assert node.capability, "only the engine evaluates"
        assert self.workers[command.worker] is None, "a worker does one thing at a time"
        self.check_task(command, "task")
        if node.join:
            line = self.reference.line(command.node, command.path)
            others = [c.path for c in self.running.values() if c.node == command.node]
            assert all(path[: len(line)] != line for path in others), "one at a time"
        made = [path for name, path in self.done.items if name == node.name and path[:-1] == command.path]
        assert command.first_item == (len(made) if node.streams else 0)
        self.workers[command.worker] = command.lease
        self.running[command.lease] = command
        self.since[command.lease] = self.now
        at_work = [*self.running.values(), *self.stopping.values()]
        threads = sum(min(c.configuration.needs.threads, self.cores) for c in at_work)
        assert threads + len(self.loading) <= self.cores, "threads handed out never exceed the cores"

    def check_evaluation(self, command: cmd.Evaluate) -> None:
        """Check what must hold whenever the engine is asked something."""
        place = (command.node, command.path)
        self.check_task(command, command.what)
        assert not any(e.what == command.what and (e.node, e.path) == place for e in self.evaluating), "asked once"
        if command.what == "when":
            assert place not in self.done.decided, "a condition is read once"
        if command.what == "round":
            assert (command.node, (*command.path, command.index + 1)) not in self.done.items, "a round ends once"
            assert command.index == sum(1 for name, path in self.done.items if (name, path[:-1]) == place)

    def check_task(self, command: cmd.StartTask | cmd.Evaluate, what: str) -> None:
        """A task is there, is not made twice, and is given what the reference says, all of which was made."""
        place = (command.node, command.path)
        node = self.graph.node(command.node)
        assert place not in self.done.finished, "a finished task never starts again"
        assert command.path in self.reference.tasks[command.node], "there is such a task"
        if what != "when":
            assert node.when is None or self.done.decided[place], "a skipped task is left out"
        if node.join == "unordered":
            assert self.done.history.setdefault(place, command.previous) == command.previous
            line = self.reference.line(command.node, command.path)
            assert command.previous == self.done.last(command.node, line), "the one that finished before"
        assert (command.item, command.inputs, command.previous) == self.given(command, what)
        lists = (value if isinstance(value, tuple) else [value] for value in command.inputs.values())
        given = [command.item, command.previous, *chain.from_iterable(lists)]
        there = {*self.done.items.values(), *self.done.finished.values(), NULL, None}
        assert there.issuperset(given), "nothing runs before its inputs"

    def given(self, command: cmd.StartTask | cmd.Evaluate, what: str) -> Given:
        if isinstance(command, cmd.Evaluate) and what == "round":
            return self.reference.round_given(command.node, command.path, command.index)
        return self.reference.given(command.node, command.path)

    def step(self) -> bool:
        """Let one random thing happen; False when nothing can."""
        choices: list[object] = [*self.running.values(), *self.stopping.values(), *self.loading, *self.evaluating]
        timers = [name for name, at in self.timers.items() if at <= self.now + 1.0 or not choices]
        chosen = self.draw.choice([*choices, *timers] or [None])
        match chosen:
            case cmd.StartTask(lease):
                self.progress(chosen) if lease in self.running else self.stop(chosen)
            case cmd.LoadModel(worker, model):
                self.loading.remove(chosen)
                self.workers[worker] = None
                self.tell(ev.ModelLoaded(worker, model, "" if self.draw.random() > self.failures else "no"))
            case cmd.Evaluate():
                self.evaluating.remove(chosen)
                self.evaluate(chosen)
            case str():
                self.fire(chosen)
        return chosen is not None

    def fire(self, timer: str) -> None:
        """Time has come; whatever takes too long is told to stop."""
        self.now = max(self.now, self.timers.pop(timer))
        self.tell(ev.TimerFired(timer))
        for lease, command in self.running.items():
            assert self.since[lease] + self.graph.node(command.node).timeout_s > self.now

    def stop(self, task: cmd.StartTask) -> None:
        """A worker that was told to stop does so, or is ended."""
        del self.stopping[task.lease]
        if self.draw.random() < 0.5:
            self.workers[task.worker] = None
            self.tell(ev.TaskFailed(task.lease, "cancelled", retry=False))
        else:
            del self.workers[task.worker]
            self.tell(ev.WorkerLost(task.worker, "it did not stop", blame=False))
            self.join()

    def evaluate(self, command: cmd.Evaluate) -> None:
        """Read a condition, make a value or end a round."""
        node, place = self.graph.node(command.node), (command.node, command.path)
        if self.draw.random() < self.failures / 20:
            answer = ev.Evaluated("r", *place, command.what, command.index, error="it does not add up")
        elif command.what == "when":
            self.done.decided[place] = self.answers.holds(node, command.path)
            answer = ev.Evaluated("r", *place, "when", 0, "", self.done.decided[place])
        elif command.what == "value":
            self.done.finished[place] = self.reference.value(*place)
            answer = ev.Evaluated("r", *place, "value", 0, self.done.finished[place])
        else:
            value = self.reference.round(*place, command.index)
            ends = self.answers.ends(node, command.path, command.index)
            told = ends and (node.until is not None or self.draw.random() < 0.5)
            answer = ev.Evaluated("r", *place, "round", command.index, value, told or node.until is None)
            if ends:
                self.done.finished[place] = value
            else:
                self.done.items[command.node, (*command.path, command.index + 1)] = value
        self.tell(answer)
        if self.draw.random() < 0.2:
            self.tell(answer)

    def progress(self, task: cmd.StartTask) -> None:
        """Fail, emit the next item, or finish."""
        node = self.graph.node(task.node)
        if self.draw.random() < self.failures:
            self.fail(task)
        elif node.streams and self.next_item(task) < self.answers.count(node, task.path):
            self.emit(task)
        else:
            self.finish(task)

    def next_item(self, task: cmd.StartTask) -> int:
        return self.emitted.setdefault(task.lease, task.first_item)

    def emit(self, task: cmd.StartTask) -> None:
        index = self.next_item(task)
        self.emitted[task.lease] = index + 1
        path = (*task.path, index)
        assert (task.node, path) not in self.done.items, "nothing is made twice to effect"
        self.done.items[task.node, path] = self.reference.item(task.node, path)
        self.tell(ev.ItemEmitted(task.lease, index, self.done.items[task.node, path], {"seconds": 1.0}))

    def finish(self, task: cmd.StartTask) -> None:
        del self.running[task.lease]
        self.workers[task.worker] = None
        self.done.finished[task.node, task.path] = value = self.reference.value(task.node, task.path)
        self.tell(ev.TaskFinished(task.lease, value, {}, self.draw.random()))
        if self.draw.random() < 0.2:
            self.tell(ev.TaskFinished(task.lease, "late twin", {}, 0.0))

    def fail(self, task: cmd.StartTask) -> None:
        del self.running[task.lease]
        if self.draw.random() < 0.5:
            self.workers[task.worker] = None
            self.tell(ev.TaskFailed(task.lease, "it broke"))
        else:
            del self.workers[task.worker]
            self.tell(ev.WorkerLost(task.worker, "it died"))
            self.join()
            self.tell(ev.ItemEmitted(task.lease, self.next_item(task), "late twin", {}))
