"""How the graph of one run grows: items create tasks, results make tasks ready, nodes close.

Nothing here knows time, workers or resources; ``kernel.py`` adds them.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from murakkab_optimizer.graph import Edge, Graph, Node, Path


class Status(Enum):
    """Life of a task. BACKOFF waits for a timer before the next attempt."""

    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    BACKOFF = "backoff"
    DONE = "done"


class TaskState:
    """One task: a node at a path, with the number of things it still waits for."""

    __slots__ = ("attempt", "failures", "lease", "missing", "node", "path", "ready_at", "status")

    def __init__(self, node: Node, path: Path) -> None:
        self.node = node
        self.path = path
        self.status = Status.WAITING
        self.missing = 0
        self.attempt = 0
        self.failures = 0
        self.lease: str | None = None
        self.ready_at = 0.0


class NodeState:
    """What one node has done so far.

    ``items`` maps paths to references: emitted items of a streaming node, task values of any other.
    ``emitted`` counts the items of each task of a streaming node. ``values`` are the values of finished tasks.
    """

    __slots__ = ("closed", "emitted", "items", "last", "next", "node", "tasks", "unfinished", "values")

    def __init__(self, node: Node) -> None:
        self.node = node
        self.tasks: dict[Path, TaskState] = {}
        self.items: dict[Path, str] = {}
        self.emitted: dict[Path, int] = {}
        self.values: dict[Path, str] = {}
        self.unfinished = 0
        self.closed = False
        self.last: Path | None = None
        self.next: Path | None = None


class _End:
    """Marks that no further item can come."""


_END = _End()
_Position = Path | _End | None
"""A path, the end, or None where it is not decided yet."""


class Growth:
    """The growing graph of one run.

    ``take_ready`` hands over the tasks that became ready since it was last called, in a fixed order.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes = {node.name: NodeState(node) for node in graph.nodes}
        self._fanned: dict[str, list[NodeState]] = {name: [] for name in self.nodes}
        for state in self.nodes.values():
            if state.node.for_each is not None:
                self._fanned[state.node.for_each].append(state)
        self._ordered = [state for state in self.nodes.values() if state.node.ordered]
        self._waiters: dict[tuple[str, Path | None], list[TaskState]] = {}
        self._ready: list[TaskState] = []
        for state in self.nodes.values():
            if state.node.for_each is None:
                self._create(state, ())

    @property
    def done(self) -> bool:
        """Whether every node has closed."""
        return all(state.closed for state in self.nodes.values())

    def take_ready(self) -> list[TaskState]:
        """Tasks whose inputs are all there, since the last call."""
        ready, self._ready = self._ready, []
        return ready

    def requeue(self, tasks: Iterable[TaskState]) -> None:
        """Hand tasks that were taken but not started back to ``take_ready``."""
        self._ready.extend(tasks)

    def emit(self, task: TaskState, index: int, value: str) -> bool:
        """Record item ``index`` of a streaming task; False when it is known already."""
        state = self.nodes[task.node.name]
        if index != state.emitted.get(task.path, 0):
            return False
        state.emitted[task.path] = index + 1
        self._add_item(state, (*task.path, index), value)
        self._advance_ordered()
        return True

    def finish(self, task: TaskState, value: str) -> None:
        """Record the value of a task; the task must not be done yet."""
        state = self.nodes[task.node.name]
        task.status = Status.DONE
        state.values[task.path] = value
        state.unfinished -= 1
        if not state.node.streams:
            self._add_item(state, task.path, value)
        if state.node.ordered:
            state.last, state.next = task.path, None
        self._close(state)
        self._advance_ordered()

    def whole(self, name: str) -> str | tuple[str, ...]:
        """The output of a closed node: one reference, or those of all its items in path order."""
        state = self.nodes[name]
        if state.node.item_depth == 0:
            return state.items[()]
        return tuple(state.items[path] for path in sorted(state.items))

    def inputs(self, task: TaskState) -> dict[str, str | tuple[str, ...]]:
        """References to what the edges of a ready task stand for, by source node."""
        return {edge.source: self._resolve(edge, task.path) for edge in task.node.edges}

    def item(self, task: TaskState) -> str | None:
        """Reference of the item that the task runs over."""
        source = task.node.for_each
        return None if source is None else self.nodes[source].items[task.path]

    def previous(self, task: TaskState) -> str | None:
        """In an ordered join, the value of the task before."""
        state = self.nodes[task.node.name]
        return state.values[state.last] if state.node.ordered and state.last is not None else None

    def _resolve(self, edge: Edge, path: Path) -> str | tuple[str, ...]:
        if edge.many or not self.nodes[edge.source].node.item_depth:
            return self.whole(edge.source)
        return self.nodes[edge.source].items[path[: edge.depth]]

    def _create(self, state: NodeState, path: Path) -> None:
        task = TaskState(state.node, path)
        state.tasks[path] = task
        state.unfinished += 1
        for edge in set(state.node.edges):
            source = self.nodes[edge.source]
            target = None if edge.many or not source.node.item_depth else path[: edge.depth]
            present = source.closed if target is None else target in source.items
            if not present:
                task.missing += 1
                self._waiters.setdefault((edge.source, target), []).append(task)
        if state.node.ordered:
            task.missing += 1
        self._settle(task)

    def _settle(self, task: TaskState) -> None:
        if task.missing == 0 and task.status is Status.WAITING:
            task.status = Status.READY
            self._ready.append(task)

    def _release(self, tasks: Iterable[TaskState]) -> None:
        for task in tasks:
            task.missing -= 1
            self._settle(task)

    def _add_item(self, state: NodeState, path: Path, value: str) -> None:
        state.items[path] = value
        self._release(self._waiters.pop((state.node.name, path), ()))
        for reader in self._fanned[state.node.name]:
            self._create(reader, path)

    def _close(self, state: NodeState) -> None:
        """Close a node whose tasks are all done and can get no company, and those behind it."""
        source = state.node.for_each
        if state.closed or state.unfinished or (source is not None and not self.nodes[source].closed):
            return
        state.closed = True
        self._release(self._waiters.pop((state.node.name, None), ()))
        for reader in self._fanned[state.node.name]:
            self._close(reader)

    def _advance_ordered(self) -> None:
        """Let the next task of every ordered join go, where it is certain which one that is."""
        for state in self._ordered:
            if state.next is not None or state.closed:
                continue
            source = self.nodes[state.node.for_each or ""]
            position = self._first_item(source) if state.last is None else self._next_item(source, state.last)
            if isinstance(position, tuple) and position in state.tasks:
                state.next = position
                self._release((state.tasks[position],))

    def _first_item(self, state: NodeState) -> _Position:
        source = state.node.for_each
        first = () if source is None else self._first_item(self.nodes[source])
        return self._item_from(state, first)

    def _next_item(self, state: NodeState, path: Path) -> _Position:
        if not state.node.streams:
            return self._next_task(state, path)
        task, index = path[:-1], path[-1]
        if state.emitted.get(task, 0) > index + 1:
            return (*task, index + 1)
        if task not in state.values:
            return None
        return self._item_from(state, self._next_task(state, task))

    def _next_task(self, state: NodeState, path: Path) -> _Position:
        source = state.node.for_each
        return _END if source is None else self._next_item(self.nodes[source], path)

    def _item_from(self, state: NodeState, task: _Position) -> _Position:
        """The first item of ``task`` or of a later one."""
        if not state.node.streams:
            return task
        while isinstance(task, tuple):
            if state.emitted.get(task, 0):
                return (*task, 0)
            if task not in state.values:
                return None
            task = self._next_task(state, task)
        return task
