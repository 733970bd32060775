"""A plant for the kernel: it carries out commands on a graph of random shape, in random order, with failures."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field

from murakkab_optimizer.catalog import Needs
from murakkab_optimizer.graph import Edge, Graph, Node, Path, Slo
from murakkab_optimizer.plan import Configuration, NodePlan, Plan
from murakkab_optimizer.scheduler import Command, Event, Scheduler
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev


def random_graph(draw: random.Random) -> Graph:
    """A graph of up to seven nodes with streams, fan-outs, ordered joins, aligned and whole references."""
    nodes: list[Node] = []
    lineages: dict[str, tuple[str, ...]] = {}
    for number in range(draw.randint(1, 7)):
        name = f"n{number}"
        sources = [n for n in nodes if lineages[n.name]]
        over = draw.choice(sources).name if sources and draw.random() < 0.7 else None
        lineage = lineages[over] if over else ()
        edges = [Edge(over, len(lineage))] if over else []
        for other in draw.sample(nodes, min(len(nodes), draw.randint(0, 2))):
            theirs = lineages[other.name]
            aligned = theirs and lineage[: len(theirs)] == theirs
            edges.append(Edge(other.name, len(theirs)) if aligned else Edge(other.name, many=bool(theirs)))
        streams = len(lineage) < 3 and draw.random() < 0.5
        ordered = over is not None and draw.random() < 0.4
        nodes.append(Node(name, "work", {}, tuple(edges), over, streams, "ordered" if ordered else "", len(lineage)))
        lineages[name] = (*lineage, name) if streams else lineage
    return Graph("random", tuple(nodes), publish=draw.choice(nodes).name, slo=Slo(ttff_s=1.0))


def random_plan(draw: random.Random, graph: Graph, cores: int) -> Plan:
    """One of three models for each node, with 0 to ``cores`` threads."""
    return Plan(
        {
            node.name: NodePlan(
                Configuration(draw.choice("abc"), {}, Needs(draw.randint(0, cores), draw.choice((50, 400)))), "random"
            )
            for node in graph.nodes
        }
    )


@dataclass
class Plant:
    """Runs a scheduler to the end and notes what it saw."""

    draw: random.Random
    graph: Graph
    plan: Plan
    cores: int
    failures: float = 0.0
    policy: str = "earliest-deadline"
    scheduler: Scheduler = field(init=False)
    running: dict[str, cmd.StartTask] = field(default_factory=dict)
    loading: list[cmd.LoadModel] = field(default_factory=list)
    workers: dict[str, str | None] = field(default_factory=dict)
    timers: list[str] = field(default_factory=list)
    emitted: dict[str, int] = field(default_factory=dict)
    committed: dict[tuple[str, Path], str] = field(default_factory=dict)
    finished: dict[tuple[str, Path], str] = field(default_factory=dict)
    order: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))
    published: list[tuple[int, Path]] = field(default_factory=list)
    log: list[tuple[float, Event, list[Command]]] = field(default_factory=list)
    status: str = ""
    error: str = ""
    now: float = 0.0
    joined: int = 0

    def __post_init__(self) -> None:
        self.scheduler = Scheduler(self.cores, self.policy)

    def run(self, steps: int = 5000) -> str:
        """Submit the run and play until it ends; the status, or '' when it is stuck."""
        for _ in range(self.cores + 1):
            self.join()
        self.tell(ev.RunSubmitted("r", self.graph, self.plan))
        self.play(steps)
        return self.status

    def play(self, steps: int = 5000) -> None:
        """Carry on until the run ends or nothing can happen any more."""
        for _ in range(steps):
            if self.status or not self.step():
                return

    def join(self) -> None:
        self.joined += 1
        self.workers[f"w{self.joined}"] = None
        self.tell(ev.WorkerJoined(f"w{self.joined}"))

    def tell(self, event: Event) -> None:
        self.now += self.draw.random()
        commands = self.scheduler.handle(event, self.now)
        self.log.append((self.now, event, commands))
        for command in commands:
            self.obey(command)

    def obey(self, command: Command) -> None:
        match command:
            case cmd.StartTask():
                self.start(command)
            case cmd.CancelTask(lease, worker):
                assert self.running.pop(lease).worker == worker
                self.workers[worker] = None
            case cmd.LoadModel(worker):
                assert self.workers[worker] is None
                self.workers[worker] = "loading"
                self.loading.append(command)
            case cmd.Publish(_, _, path, index):
                self.published.append((index, path))
            case cmd.FinishRun(_, status, error):
                self.status, self.error = status, error
            case cmd.SetTimer(name, at):
                assert at > self.now
                self.timers.append(name)

    def start(self, command: cmd.StartTask) -> None:
        """Check what must hold whenever a task starts."""
        assert self.workers[command.worker] is None, "a worker does one thing at a time"
        assert (command.node, command.path) not in self.finished, "a finished task never starts again"
        node = self.graph.node(command.node)
        for edge in node.edges:
            self.check_input(edge, command)
        if node.for_each:
            assert command.item == self.committed[(node.for_each, command.path)]
        if node.ordered:
            done = [path for name, path in self.finished if name == command.node]
            assert all(path < command.path for path in done), "an ordered join goes forward"
            assert not any(c.node == command.node for c in self.running.values()), "one at a time"
            assert command.previous == (self.finished[(command.node, max(done))] if done else None)
        assert command.first_item == sum(1 for n, p in self.committed if n == node.name and p[:-1] == command.path) or (
            not node.streams
        )
        self.workers[command.worker] = command.lease
        self.running[command.lease] = command
        threads = sum(min(c.configuration.needs.threads, self.cores) for c in self.running.values())
        assert threads + len(self.loading) <= self.cores, "threads handed out never exceed the cores"

    def check_input(self, edge: Edge, command: cmd.StartTask) -> None:
        """A task never runs before its inputs, and gets all of them, in order."""
        given = command.inputs[edge.source]
        if edge.depth:
            assert given == self.committed[(edge.source, command.path[: edge.depth])]
            return
        items = sorted((path, value) for (name, path), value in self.committed.items() if name == edge.source)
        expected = tuple(value for _, value in items)
        assert given == (expected if edge.many else expected[0])

    def step(self) -> bool:
        """Let one random thing happen; False when nothing can."""
        choices = [*self.running, *self.timers, *self.loading]
        if not choices:
            return False
        chosen = self.draw.choice(choices)
        if isinstance(chosen, cmd.LoadModel):
            self.loading.remove(chosen)
            self.workers[chosen.worker] = None
            self.tell(ev.ModelLoaded(chosen.worker, chosen.model, "" if self.draw.random() > self.failures else "no"))
        elif chosen in self.timers:
            self.timers.remove(chosen)
            self.tell(ev.TimerFired(chosen))
        else:
            self.progress(self.running[chosen])
        return True

    def progress(self, task: cmd.StartTask) -> None:
        """Fail, emit the next item, or finish."""
        if self.draw.random() < self.failures:
            self.fail(task)
        elif self.graph.node(task.node).streams and self.draw.random() < 0.6 and self.next_item(task) < 4:
            self.emit(task, task.lease)
        else:
            self.finish(task)

    def next_item(self, task: cmd.StartTask) -> int:
        return self.emitted.setdefault(task.lease, task.first_item)

    def emit(self, task: cmd.StartTask, lease: str) -> None:
        index = self.next_item(task)
        self.emitted[task.lease] = index + 1
        path = (*task.path, index)
        value = f"{task.node}{path}"
        assert (task.node, path) not in self.committed, "nothing is made twice to effect"
        self.committed[(task.node, path)] = value
        self.tell(ev.ItemEmitted(lease, index, value, {"seconds": 1.0}))

    def finish(self, task: cmd.StartTask) -> None:
        del self.running[task.lease]
        self.workers[task.worker] = None
        value = f"{task.node}{task.path}="
        self.finished[(task.node, task.path)] = value
        self.order[task.node].append(task.path)
        if not self.graph.node(task.node).streams:
            self.committed[(task.node, task.path)] = value
        self.tell(ev.TaskFinished(task.lease, value, {}, self.draw.random()))
        if self.draw.random() < 0.2:
            self.tell(ev.TaskFinished(task.lease, "late twin", {}, 0.0))

    def fail(self, task: cmd.StartTask) -> None:
        del self.running[task.lease]
        if self.draw.random() < 0.5:
            self.workers[task.worker] = None
            self.tell(ev.TaskFailed(task.lease, "it broke"))
        else:
            self.loading = [load for load in self.loading if load.worker != task.worker]
            del self.workers[task.worker]
            self.tell(ev.WorkerLost(task.worker, "it died"))
            self.join()
            self.tell(ev.ItemEmitted(task.lease, self.next_item(task), "late twin", {}))

    def expected_tasks(self) -> dict[str, set[Path]]:
        """The tasks that must have run, given the items that were emitted."""
        tasks: dict[str, set[Path]] = {}
        for node in self.graph.nodes:
            over = node.for_each
            tasks[node.name] = {path for name, path in self.committed if name == over} if over else {()}
        return tasks
