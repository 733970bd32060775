"""What has become of the nodes and tasks of one run."""

from __future__ import annotations

from collections import deque
from enum import Enum

from murakkab_optimizer.graph import NODE_KEY, Edge, Json, Node, Path
from murakkab_optimizer.plan import Configuration

UNPLANNED = Configuration("")
"""Stands for the configuration of a task that was never ready."""


class Status(Enum):
    """Life of a task.

    ASKED waits for the engine to evaluate something, LOOPING for the nodes of its round, BACKOFF for the time of the
    next attempt.
    """

    WAITING = "waiting"
    READY = "ready"
    ASKED = "asked"
    RUNNING = "running"
    LOOPING = "looping"
    BACKOFF = "backoff"
    DONE = "done"
    SKIPPED = "skipped"


class TaskState:
    """One task: a node at a path.

    Attributes:
        missing: number of things that it, or the round that it is in, still waits for.
        settled: whether it is done or skipped.
        decided: whether its condition was read and holds.
        asked: what the engine is evaluating for it, and the round.
        due: when its attempt has taken too long or, in BACKOFF, when the next one begins.
        chosen: the configuration that it was last queued with, and ``ticket`` the number of that entry.
        number: of its first entry: it tells tasks apart that are equally urgent.
        passed: when it was first passed over, so that the home of a large model is left to that.

    """

    __slots__ = (
        "asked",
        "attempt",
        "chosen",
        "decided",
        "due",
        "failures",
        "lease",
        "missing",
        "node",
        "number",
        "passed",
        "path",
        "ready_at",
        "settled",
        "state",
        "status",
        "ticket",
    )

    def __init__(self, state: NodeState, path: Path) -> None:
        self.state = state
        self.node = state.node
        self.path = path
        self.status = Status.WAITING
        self.missing = 0
        self.settled = False
        self.decided = False
        self.asked: tuple[str, int] | None = None
        self.attempt = 0
        self.failures = 0
        self.lease: str | None = None
        self.ready_at = 0.0
        self.due: float | None = None
        self.passed: float | None = None
        self.chosen = UNPLANNED
        self.ticket = self.number = 0


class NodeState:
    """What one node has done so far.

    Attributes:
        source: the node that it runs over, and ``over_values`` whether over the values of its tasks, not its items.
        fanned_items, fanned_values: the nodes that run over its items, and over the values of its tasks.
        body: of a loop, the nodes of a round; ``round_edges`` are those that the value of a round refers to.
        needs: what a task of it waits for: nodes and how much of its path counts there.
        items: references by path: emitted items of a streaming node, values of any other.
        values: references of the values of finished tasks.
        emitted: number of items of each task.
        unsettled: number of tasks that are not settled below each path shorter than a task's.
        waiters: tasks that wait until nothing more can come at or below a path.
        lines: in a join, the state of each of its lines; ``scope`` is the length of a line's path.
        joins: the ordered joins that may go on when something happens here.

    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self.source: NodeState | None = None
        self.over_values = node.over_values
        self.fanned_items: list[NodeState] = []
        self.fanned_values: list[NodeState] = []
        self.body: list[NodeState] = []
        self.round_edges: list[Edge] = []
        self.needs: list[tuple[NodeState, int]] = []
        self.tasks: dict[Path, TaskState] = {}
        self.values: dict[Path, str] = {}
        self.items: dict[Path, str] = {} if node.streams else self.values
        self.emitted: dict[Path, int] = {}
        self.unsettled: dict[Path, int] = {}
        self.waiters: dict[Path, list[TaskState]] = {}
        self.lines: dict[Path, Line] = {}
        self.scope = 0
        self.joins: list[NodeState] = []

    def line(self, path: Path) -> Line:
        """The line of a join in which the task at, or the task with the item at, a path stands."""
        path = path[: self.scope]
        if (line := self.lines.get(path)) is None:
            over = self.source if self.node.ordered else None
            line = self.lines[path] = Line(None if over is None else Cursor(over, self.over_values, path))
        return line

    def closed(self, path: Path) -> bool:
        """Whether nothing more can come at or below a path: what there was is made, or will never be."""
        state = self
        while True:
            if len(path) > state.node.depth:
                if path in state.items:
                    return True
                path = path[:-1]
            if len(path) == state.node.depth and (task := state.tasks.get(path)) is not None:
                return task.settled
            if path in state.unsettled:
                return False
            if state.source is None:
                return True
            state = state.source

    def above(self, values: bool) -> tuple[NodeState | None, bool]:
        """The node whose items (or values, if the second is True) are all paths where this one may have something.

        It is the one that this runs over or, where this adds nothing to the path, the next that streams.
        """
        state, over_values = self.source, self.over_values
        if values or not self.node.streams:
            while state is not None and (over_values or not state.node.streams):
                over_values = state.over_values
                state = state.source
        return state, over_values

    def below(self, path: Path, values: bool = False) -> list[Path]:
        """Paths of all items (or values) at or below a path, in their order."""
        streams = self.node.streams and not values
        table = self.values if values else self.items
        if len(path) == self.node.depth + streams:
            return [path] if path in table else []
        above, over_values = self.above(values)
        tasks = [()] if above is None else above.below(path, over_values)
        if streams:
            return [(*task, index) for task in tasks for index in range(self.emitted.get(task, 0))]
        return [task for task in tasks if task in table]


class Line:
    """The tasks of a join that run one after the other: all or, in the body of a loop, those of one task of the loop.

    Attributes:
        cursor: of an ordered join, where it stands in the items that it runs over.
        last: path of the value that was made last.
        current: the task whose turn it is.
        queue: in an unordered join, the tasks that are ready and wait for their turn.

    """

    __slots__ = ("current", "cursor", "last", "queue")

    def __init__(self, cursor: Cursor | None) -> None:
        self.cursor = cursor
        self.last: Path | None = None
        self.current: TaskState | None = None
        self.queue: deque[TaskState] = deque()


class Cursor:
    """Walks the items (or values) of a node below a path in their order, as far as it is certain which one is next.

    The path is that of a task of the loop in whose body the node is; the empty one outside of loops.
    """

    def __init__(self, state: NodeState, values: bool, path: Path) -> None:
        self._state = state
        self._streams = state.node.streams and not values
        top = self._streams and state.node.depth == len(path)
        above, over_values = (None, False) if top else state.above(values)
        self._above = None if above is None else Cursor(above, over_values, path)
        self._first: Path | None = path
        self._task: Path | None = None
        self._index = 0

    def next(self) -> Path | None:
        """Go on to the next path; None when it is not certain yet, or at the end."""
        while (task := self._task if self._task is not None else self._enter()) is not None:
            if self._streams:
                if self._index < self._state.emitted.get(task, 0):
                    self._index += 1
                    return (*task, self._index - 1)
            elif task in self._state.values:
                self._task = None
                return task
            if not self._state.closed(task):
                return None
            self._task = None
        return None

    def _enter(self) -> Path | None:
        if self._above is not None:
            self._task = self._above.next()
        else:
            self._task, self._first = self._first, None
        self._index = 0
        return self._task


def link(states: dict[str, NodeState]) -> None:
    """Let the states of a graph's nodes know of each other."""
    scopes: dict[str, NodeState] = {}
    for state in states.values():
        node = state.node
        state.needs = [(states[name], depth) for name, depth in dict.fromkeys((e.source, e.depth) for e in node.edges)]
        state.body = [states[name] for name in node.body]
        state.round_edges = [_round_edge(node, b.node) for b in state.body if b.node.name in _referred(node)]
        if node.for_each is not None:
            source = state.source = states[node.for_each]
            (source.fanned_values if state.over_values else source.fanned_items).append(state)
        for body in state.body:
            body.scope = node.depth
            scopes[body.node.name] = state
    for state in states.values():
        if state.node.ordered:
            top, above = scopes.get(state.node.name), state.source
            state.joins.append(state)
            while above is not None:
                above.joins.append(state)
                above = above.source if above is not top else None


def _referred(loop: Node) -> set[str]:
    """Nodes that the value of a round and the end of a loop refer to."""
    found: set[str] = set()
    todo: list[Json] = [loop.arguments, loop.until]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            if isinstance(name := value.get(NODE_KEY), str):
                found.add(name)
            todo.extend(value.values())
        elif isinstance(value, list):
            todo.extend(value)
    return found


def _round_edge(loop: Node, node: Node) -> Edge:
    """What a node of the body is for the value of a round."""
    depth = loop.item_depth
    final = node.repeat > 0
    one = (node.depth if final else node.item_depth) == depth
    return Edge(node.name, depth, many=not one, final=final)
