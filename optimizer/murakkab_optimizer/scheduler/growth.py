"""How the graph of one run grows: items create tasks, results make tasks ready, parts of nodes close.

Nothing here knows time, workers or resources; ``kernel.py`` adds them.

A path of a node *closes* when nothing more can come at or below it. A task that takes one item waits until the item's
path closes, with or without an item; one that takes a list, until the path closes under which the list lies; a loop,
until the path of its round closes in all nodes of its body.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from murakkab_optimizer.graph import NULL, Edge, Graph, Path
from murakkab_optimizer.scheduler.state import Line, NodeState, Status, TaskState, link

Inputs = dict[str, str | tuple[str, ...]]


class Growth:
    """The growing graph of one run.

    ``take_ready`` hands over the tasks that became ready since it was last called, in a fixed order. A loop's task is
    handed over again, with status LOOPING, at the end of each round.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes = {node.name: NodeState(node) for node in graph.nodes}
        link(self.nodes)
        self._ready: list[TaskState] = []
        self._unclosed = len(self.nodes)
        self._restoring = False
        for state in self.nodes.values():
            if state.source is None:
                self._create(state, ())

    @property
    def done(self) -> bool:
        """Whether every node has closed."""
        return self._unclosed == 0

    def take_ready(self) -> list[TaskState]:
        """Tasks that can go on, since the last call."""
        ready, self._ready = self._ready, []
        return ready

    def requeue(self, task: TaskState) -> None:
        """Hand a task over again."""
        task.status = Status.READY
        self._ready.append(task)

    def emit(self, task: TaskState, index: int, value: str) -> bool:
        """Record item ``index`` of a streaming task; False when it is known already."""
        state = task.state
        if index != state.emitted.get(task.path, 0):
            return False
        state.emitted[task.path] = index + 1
        path = (*task.path, index)
        state.items[path] = value
        self._release(state.waiters.pop(path, ()))
        for reader in state.fanned_items:
            self._create(reader, path)
        if task.node.repeat:
            self._await_round(task, path)
        self._advance(state, path)
        return True

    def begin(self, task: TaskState) -> None:
        """Begin the first round of a loop."""
        self.emit(task, 0, NULL)

    def finish(self, task: TaskState, value: str) -> None:
        """Record the value of a task; the task must not be settled yet."""
        state = task.state
        task.status = Status.DONE
        state.values[task.path] = value
        if task.node.join:
            state.line(task.path).last = task.path
        for reader in state.fanned_values if task.node.streams else state.fanned_items + state.fanned_values:
            self._create(reader, task.path)
        self._settle(task)

    def skip(self, task: TaskState) -> None:
        """Leave a task out: it has no item and no value."""
        task.status = Status.SKIPPED
        self._settle(task)

    def restoring(self) -> None:
        """Hand over all tasks of unordered joins until ``restored``, whatever their turn."""
        self._restoring = True

    def restored(self, tasks: Sequence[TaskState], finished: Iterable[tuple[str, Path]]) -> None:
        """Go on with what was not ended while the graph was restored.

        Args:
            tasks: all that were handed over; in an unordered join, those that had begun go first.
            finished: nodes and paths of the finished tasks in the order in which they had ended.

        """
        self._restoring = False
        for name, path in finished:
            state = self.nodes[name]
            if state.node.join == "unordered" and path in state.values:
                state.line(path).last = path
        for task in dict.fromkeys(tasks):
            looping = task.status is Status.LOOPING
            if task.state.node.join == "unordered" and (looping or task.status is Status.READY):
                self._line_up(task)
            if (looping and not task.missing) or task.status is Status.READY:
                self._ready.append(task)
        for state in self.nodes.values():
            for line in state.lines.values():
                self._turn(line)

    def whole(self, name: str) -> str | tuple[str, ...]:
        """The output of a closed node: one reference, or all its items in path order; of a loop, its values."""
        node = self.nodes[name].node
        final = node.repeat > 0
        return self._resolve(Edge(name, 0, (node.depth if final else node.item_depth) > 0, final), ())

    def inputs(self, task: TaskState) -> Inputs:
        """References to what the edges of a ready task stand for, by source node."""
        return {edge.source: self._resolve(edge, task.path) for edge in task.node.edges}

    def round_inputs(self, task: TaskState, index: int) -> Inputs:
        """References to what the value of a round of a loop is made of, by source node."""
        path = (*task.path, index)
        return self.inputs(task) | {edge.source: self._resolve(edge, path) for edge in task.state.round_edges}

    def item(self, task: TaskState) -> str | None:
        """Reference of the item that the task runs over."""
        source = task.state.source
        if source is None:
            return None
        return (source.values if task.state.over_values else source.items)[task.path]

    def previous(self, task: TaskState) -> str | None:
        """In a join, the value that was made before."""
        last = task.state.line(task.path).last if task.node.join else None
        return None if last is None else task.state.values[last]

    def _resolve(self, edge: Edge, path: Path) -> str | tuple[str, ...]:
        source, prefix = self.nodes[edge.source], path[: edge.depth]
        table = source.values if edge.final else source.items
        if edge.many:
            return tuple(table[found] for found in source.below(prefix, edge.final))
        return table.get(prefix, NULL)

    def _create(self, state: NodeState, path: Path) -> None:
        task = TaskState(state, path)
        state.tasks[path] = task
        for length in range(len(path)):
            state.unsettled[path[:length]] = state.unsettled.get(path[:length], 0) + 1
        for source, depth in state.needs:
            self._wait(task, source, path[:depth])
        if state.node.ordered and state.source is not None:
            task.missing += 1
        self._check(task)

    @staticmethod
    def _wait(task: TaskState, source: NodeState, path: Path) -> None:
        if not source.closed(path):
            task.missing += 1
            source.waiters.setdefault(path, []).append(task)

    def _await_round(self, task: TaskState, path: Path) -> None:
        task.status = Status.LOOPING
        for state in task.state.body:
            self._wait(task, state, path)
        self._check(task)

    def _release(self, tasks: Iterable[TaskState]) -> None:
        for task in tasks:
            task.missing -= 1
            self._check(task)

    def _check(self, task: TaskState) -> None:
        """Hand a task over that waits for nothing any more."""
        if task.missing:
            return
        if task.status is Status.LOOPING:
            self._ready.append(task)
        elif task.status is Status.WAITING:
            if task.node.join == "unordered" and not self._restoring:
                line = task.state.line(task.path)
                line.queue.append(task)
                self._turn(line)
            else:
                self.requeue(task)

    def _settle(self, task: TaskState) -> None:
        """Close the path of a task that is done or skipped, and the paths above it of which it was the last."""
        state, path = task.state, task.path
        task.settled = True
        self._close(state, path)
        closing = True
        for length in range(len(path) - 1, -1, -1):
            prefix = path[:length]
            left = state.unsettled[prefix] - 1
            if left:
                state.unsettled[prefix] = left
                closing = False
                continue
            del state.unsettled[prefix]
            closing = closing and state.closed(prefix)
            if closing:
                self._close(state, prefix)
        if task.node.join and (line := state.line(path)).current is task:
            line.current = None
            self._turn(line)
        self._advance(state, path)

    def _close(self, state: NodeState, path: Path) -> None:
        """Tell those that wait for a path to close, in a node and in those that run over it."""
        todo = [state]
        while todo:
            state = todo.pop()
            if not path:
                self._unclosed -= 1
            self._release(state.waiters.pop(path, ()))
            for reader in state.fanned_items + state.fanned_values:
                if path not in reader.unsettled and path not in reader.tasks:
                    todo.append(reader)

    def _advance(self, state: NodeState, path: Path) -> None:
        """Let the next task of the ordered joins go that run over a node, where it is certain which one that is."""
        for join in state.joins:
            line = join.line(path)
            if line.current is None and line.cursor is not None and (following := line.cursor.next()) is not None:
                line.current = join.tasks[following]
                self._release((line.current,))

    def _turn(self, line: Line) -> None:
        """Let the next task of an unordered join go."""
        if line.current is None and line.queue:
            line.current = line.queue.popleft()
            self.requeue(line.current)

    @staticmethod
    def _line_up(task: TaskState) -> None:
        line = task.state.line(task.path)
        if task.status is Status.LOOPING:
            line.current = task
            return
        task.status = Status.WAITING
        begun = task.decided or task.state.emitted.get(task.path, 0)
        (line.queue.appendleft if begun else line.queue.append)(task)
