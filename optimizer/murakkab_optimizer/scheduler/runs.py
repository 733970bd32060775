"""One run in the scheduler's hands."""

from __future__ import annotations

from collections.abc import Callable, Collection

import msgspec

from murakkab_optimizer.graph import Graph, Path
from murakkab_optimizer.plan import Configuration, Plan, Rung
from murakkab_optimizer.policies.queueing import TaskView
from murakkab_optimizer.scheduler import events as ev
from murakkab_optimizer.scheduler.clock import PlaybackClock
from murakkab_optimizer.scheduler.commands import Evaluate, StartTask
from murakkab_optimizer.scheduler.growth import Growth, Inputs
from murakkab_optimizer.scheduler.shots import SHOT_S, Shots
from murakkab_optimizer.scheduler.stages import StagedShots, staged
from murakkab_optimizer.scheduler.state import Status, TaskState


class RunState:
    """One run: its growing graph, its plan, its playback clock, its shots, its attempts and how much of it was shown.

    ``shots`` is None where the plan leaves nothing to choose; ``demand`` are the core-seconds for a second of the show
    that the scheduler counts for it. ``instances`` tells how many there are of a model, ``times`` how often the run was
    resumed.
    """

    def __init__(
        self,
        run: str,
        graph: Graph,
        plan: Plan,
        now: float,
        instances: Callable[[str], int] = lambda model: 0,
        times: int = 0,
    ) -> None:
        self.run, self.times = run, times
        self._instances = instances
        self.growth = Growth(graph)
        self.plan = plan
        self.clock = PlaybackClock(graph, plan, now)
        self.shots = self._shots(plan)
        self.leases: dict[str, TaskState] = {}
        self.published = 0
        self.demand = 0.0
        self.ended = False

    def configuration(self, task: TaskState) -> Configuration:
        """The configuration that the plan in force, or the rung of its shot, gives the task."""
        if self.shots is not None and (filmed := self.shots.configuration(task.node.name, task.path)) is not None:
            return filmed
        return self.plan.nodes[task.node.name].chosen

    def replan(self, plan: Plan) -> None:
        """Tasks that start from now on use another plan; shots that are begun stay as they are."""
        before, self.plan = self.plan, plan
        mine = self.shots.nodes if self.shots is not None else ()
        filming = {node for rung in plan.rungs for node in rung.nodes}.union(mine)
        for node, one in plan.nodes.items():
            if node not in filming and one.chosen != before.nodes[node].chosen:
                self.clock.expect(node, one.chosen.seconds)
        shots = self._shots(_on_one_rung(plan, mine) if mine and not plan.rungs else plan)
        if shots is not None and self.shots is not None:
            shots.take_over(self.shots)
        self.shots = shots

    def unfinished(self) -> set[str]:
        """Nodes that may still have something to do."""
        return {name for name, node in self.growth.nodes.items() if not node.closed(())}

    def models(self) -> set[str]:
        """Names of the models that these may use."""
        nodes, plan = self.unfinished(), self.plan
        filmed = (one.model for rung in plan.rungs for node, one in rung.nodes.items() if node in nodes)
        return {one.chosen.model for node, one in plan.nodes.items() if node in nodes}.union(filmed)

    @property
    def staged(self) -> bool:
        """Whether its shots are made in stages on instances of accelerators."""
        return isinstance(self.shots, StagedShots)

    def _shots(self, plan: Plan) -> Shots | None:
        if staged(plan):
            return StagedShots(self.run, plan, self.clock, self._instances)
        return Shots(self.run, plan, self.clock) if plan.rungs else None

    def took(self, task: TaskState, event: ev.TaskFinished) -> None:
        """Learn from what a task took."""
        node, seconds = task.node.name, event.seconds
        if self.shots is not None:
            seconds = self.shots.finished(event, node, task.path)
        self.clock.took(node, seconds)

    def published_item(self, path: Path, seconds: float, now: float) -> None:
        """So much more can be shown."""
        self.published += 1
        if self.shots is not None:
            self.clock.published(now, seconds)
            self.shots.published(path, seconds)

    def view(self, task: TaskState) -> TaskView:
        """What a queue policy may know of a ready task."""
        clock, node = self.clock, task.node.name
        return TaskView(
            path=task.path,
            run_started=clock.started,
            ready_at=task.ready_at,
            deadline=clock.deadline(node, task.path),
            expected_s=clock.expected(node),
            remaining_s=clock.remaining(node),
            total_s=clock.total(),
        )

    def start(self, task: TaskState, worker: str) -> StartTask:
        """The command that begins the attempt whose lease the task has."""
        growth = self.growth
        return StartTask(
            lease=task.lease or "",
            worker=worker,
            run=self.run,
            node=task.node.name,
            path=task.path,
            attempt=task.attempt,
            configuration=task.chosen,
            deadline=self.clock.deadline(task.node.name, task.path),
            item=growth.item(task),
            inputs=growth.inputs(task),
            previous=growth.previous(task),
            first_item=task.state.emitted.get(task.path, 0),
        )

    def evaluate(self, task: TaskState, what: str) -> Evaluate:
        """The command that has a condition read, a value made, or the round of a loop ended."""
        growth, index = self.growth, 0
        inputs: Inputs
        if what == "round":
            index = task.state.emitted[task.path] - 1
            inputs = growth.round_inputs(task, index)
        else:
            inputs = growth.inputs(task)
        task.status, task.asked = Status.ASKED, (what, index)
        item, previous = growth.item(task), growth.previous(task)
        return Evaluate(self.run, task.node.name, task.path, what, index, item, inputs, previous)

    def outputs(self) -> Inputs:
        """The whole values of the last nodes and of those that the graph leaves, as far as they are all made."""
        graph = self.growth.graph
        read = {edge.source for node in graph.nodes for edge in node.edges}.union(*(node.body for node in graph.nodes))
        named = {node for node, _ in graph.outputs.values()}
        wanted = (n.name for n in graph.nodes if n.name not in read or n.name in named)
        return {name: self.growth.whole(name) for name in wanted if self.growth.nodes[name].closed(())}


def _on_one_rung(plan: Plan, nodes: Collection[str]) -> Plan:
    """A plan that leaves nothing to choose, with all shots on one rung: those that were begun otherwise go on so."""
    chosen = {node: plan.nodes[node].chosen for node in nodes}
    paces = {node: one.seconds / SHOT_S for node, one in chosen.items()}
    load = sum(pace * chosen[node].needs.threads for node, pace in paces.items())
    rung = Rung("as planned", chosen, 1.0, load, paces, sum(one.seconds for one in chosen.values()))
    return msgspec.structs.replace(plan, rungs=(rung,))


def place(task: TaskState) -> str:
    """A task in words: its node and, where it is not the only one, its path."""
    return f"{task.node.name} {ev.path_label(task.path)}" if task.path else task.node.name
