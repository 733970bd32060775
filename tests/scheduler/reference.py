"""What a workflow means, in the plainest words: which items exist, and what each is made of."""

from __future__ import annotations

import zlib
from collections.abc import Callable

from murakkab_optimizer.graph import INLINE, NODE_KEY, NULL, OPERATOR_KEY, Edge, Graph, Node, Path
from tests.scheduler.worlds import Answers

Place = tuple[str, Path]
Inputs = dict[str, str | tuple[str, ...]]
Given = tuple[str | None, Inputs, str | None]


class Reference:
    """An interpreter that knows neither time nor order.

    A value is named after all that it was made of, so that equal names mean equal inputs all the way down.

    Attributes:
        tasks: by node, the paths of its tasks in order; ``ran`` those that are not skipped; ``items`` of its items.
        history: in unordered joins, the value that each task was given; chance decides it, so the plant tells.

    """

    def __init__(self, graph: Graph, answers: Answers) -> None:
        self.nodes = {node.name: node for node in graph.nodes}
        self.history: dict[Place, str | None] = {}
        self.tasks: dict[str, list[Path]] = {}
        self.ran: dict[str, list[Path]] = {}
        self.items: dict[str, list[Path]] = {}
        self._made: dict[tuple[str, str, Path], str] = {}
        for name, node in self.nodes.items():
            over = node.for_each
            values = any(edge.source == over and edge.final for edge in node.edges)
            self.tasks[name] = [()] if over is None else (self.ran if values else self.items)[over]
            self.ran[name] = [path for path in self.tasks[name] if answers.holds(node, path)]
            emitted = [(*path, index) for path in self.ran[name] for index in range(self._count(answers, node, path))]
            self.items[name] = emitted if node.streams else self.ran[name]

    @staticmethod
    def _count(answers: Answers, node: Node, path: Path) -> int:
        return answers.count(node, path) if node.streams else 0

    def given(self, name: str, path: Path) -> Given:
        """Item, inputs and previous value of a task."""
        node = self.nodes[name]
        (over,) = [edge for edge in node.edges if edge.source == node.for_each] or [None]
        item = self.read(over, path) if over else None
        assert not isinstance(item, tuple)
        return item, {edge.source: self.read(edge, path) for edge in node.edges}, self.previous(node, path)

    def previous(self, node: Node, path: Path) -> str | None:
        """What a join gives a task beside its inputs."""
        if node.join == "unordered":
            return self.history[node.name, path]
        line = self.line(node.name, path)
        before = [p for p in self.ran[node.name] if p < path and p[: len(line)] == line] if node.join else []
        return self.value(node.name, max(before)) if before else None

    def line(self, name: str, path: Path) -> Path:
        """Where the innermost loop around a node stands; a join reaches no further."""
        return path[: max((loop.depth for loop in self.nodes.values() if name in loop.body), default=0)]

    def read(self, edge: Edge, path: Path) -> str | tuple[str, ...]:
        """What a reference stands for."""
        prefix = path[: edge.depth]
        there = (self.ran if edge.final else self.items)[edge.source]
        make = self.value if edge.final else self.item
        found = tuple(make(edge.source, p) for p in sorted(there) if p[: edge.depth] == prefix)
        return found if edge.many else (*found, NULL)[0]

    def value(self, name: str, path: Path) -> str:
        """The value of a task; of a loop, that of its last round."""
        if self.nodes[name].repeat:
            return self.round(name, path, max(p[-1] for p in self.items[name] if p[:-1] == path))
        return self._make("value", name, path, lambda: self.given(name, path))

    def item(self, name: str, path: Path) -> str:
        """An item of a node."""
        node = self.nodes[name]
        if not node.streams:
            return self.value(name, path)
        if node.repeat:
            return self.round(name, path[:-1], path[-1] - 1) if path[-1] else NULL
        return self._make("item", name, path, lambda: self.given(name, path[:-1]))

    def round(self, name: str, path: Path, index: int) -> str:
        """The value of a round of a loop."""
        return self._make("round", name, (*path, index), lambda: self.round_given(name, path, index))

    def round_given(self, name: str, path: Path, index: int) -> Given:
        """What the value of a round is made of."""
        item, inputs, previous = self.given(name, path)
        node = self.nodes[name]
        for other in self.referred(node):
            body = self.nodes[other]
            final = body.repeat > 0
            length = body.depth if final else body.item_depth
            edge = Edge(other, node.depth + 1, many=length > node.depth + 1, final=final)
            inputs[other] = self.read(edge, (*path, index))
        return item, inputs, previous

    @staticmethod
    def referred(node: Node) -> set[str]:
        """Body nodes that a round's value and the end of the loop refer to."""
        until = node.until["of"][0][NODE_KEY] if isinstance(node.until, dict) and OPERATOR_KEY in node.until else None
        return {*node.arguments["value"], *([until] if until else [])}

    def whole(self, name: str) -> str | tuple[str, ...]:
        """The output of a node."""
        node = self.nodes[name]
        final = node.repeat > 0
        return self.read(Edge(name, 0, many=(node.depth if final else node.item_depth) > 0, final=final), ())

    def _make(self, what: str, name: str, path: Path, given: Callable[[], Given]) -> str:
        key = (what, name, path)
        if key not in self._made:
            item, inputs, previous = given()
            text = repr((what, name, path, item, sorted(inputs.items()), previous))
            self._made[key] = f'{INLINE}"{what} {name} {path} {zlib.crc32(text.encode()):08x}"'
        return self._made[key]
