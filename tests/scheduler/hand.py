"""A scheduler driven by hand, event by event."""

from __future__ import annotations

from murakkab_optimizer.catalog import Needs
from murakkab_optimizer.graph import Graph, Path
from murakkab_optimizer.plan import Configuration, NodePlan, Plan
from murakkab_optimizer.scheduler import Command, Event, Scheduler
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev

Committed = list[tuple[str, Path, str]]
"""Node, path and value."""


class Hand:
    """One run with as many workers and threads as it can use.

    Attributes:
        started: the tasks that were started, by node and path.
        asked: what was to be evaluated, by node, path and what.
        timers, shown, cancelled: the other commands.
        end: the command that ended the run.

    """

    def __init__(self) -> None:
        self.scheduler = Scheduler(16)
        self.now = 0.0
        self.started: dict[tuple[str, Path], cmd.StartTask] = {}
        self.asked: dict[tuple[str, Path, str], cmd.Evaluate] = {}
        self.timers: list[cmd.SetTimer] = []
        self.shown: list[cmd.Publish] = []
        self.cancelled: list[cmd.CancelTask] = []
        self.end: cmd.FinishRun | None = None
        for number in range(16):
            self.tell(ev.WorkerJoined(f"w{number}"))

    def submit(self, graph: Graph) -> None:
        """Begin a run in which every node has a model that takes no thread."""
        self.tell(ev.RunSubmitted("r", graph, plan(graph)))

    def resume(self, graph: Graph, items: Committed, finished: Committed, *decided: ev.Decision) -> None:
        """Go on with a run of which that much was committed."""
        done = (tuple(ev.DoneItem(*place) for place in places) for places in (items, finished))
        self.tell(ev.RunResumed("r", graph, plan(graph), *done, decided))

    def tell(self, event: Event, at: float | None = None) -> list[Command]:
        self.now = self.now + 0.01 if at is None else at
        commands = self.scheduler.handle(event, self.now)
        for command in commands:
            self.note(command)
        return commands

    def note(self, command: Command) -> None:
        match command:
            case cmd.StartTask():
                self.started[command.node, command.path] = command
            case cmd.Evaluate():
                self.asked[command.node, command.path, command.what] = command
            case cmd.SetTimer():
                self.timers.append(command)
            case cmd.Publish():
                self.shown.append(command)
            case cmd.CancelTask():
                self.cancelled.append(command)
            case cmd.FinishRun():
                self.end = command
            case cmd.LoadModel(worker, model):
                self.tell(ev.ModelLoaded(worker, model))

    def emit(self, node: str, path: Path, *values: str, first: int = 0) -> None:
        """A task emits items."""
        for index, value in enumerate(values, first):
            self.tell(ev.ItemEmitted(self.started[node, path].lease, index, value))

    def finish(self, node: str, path: Path, value: str) -> None:
        """A task ends."""
        self.tell(ev.TaskFinished(self.started[node, path].lease, value))

    def answer(self, node: str, path: Path, what: str, value: str = "", holds: bool = True) -> None:
        """The engine answers what it was asked."""
        asked = self.asked.pop((node, path, what))
        self.tell(ev.Evaluated("r", node, path, what, asked.index, value, holds))


def plan(graph: Graph) -> Plan:
    """A model without threads for each node that needs one."""
    chosen = NodePlan(Configuration("pen", {}, Needs(0, 50)), "the only one")
    return Plan({node.name: chosen for node in graph.nodes if node.capability})
