"""Random graphs, plans and answers for them."""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass, field

import msgspec

from murakkab_optimizer.catalog import Needs
from murakkab_optimizer.graph import NODE_KEY, OPERATOR_KEY, TIMEOUT_S, Edge, Graph, Join, Json, Node, Path, Slo
from murakkab_optimizer.plan import Configuration, NodePlan, Plan

Lineage = tuple[str, ...]
HASTY_S = 4.0


@dataclass
class Builder:
    """Draws a graph node by node. ``lineages`` are those of the items, of a loop that was left those of its value."""

    draw: random.Random
    hasty: bool
    budget: int
    nodes: dict[str, Node] = field(default_factory=dict)
    lineages: dict[str, Lineage] = field(default_factory=dict)

    def scope(self, loop: str | None, outside: tuple[str, ...], nest: int) -> tuple[str, ...]:
        """Add the nodes of one scope: the top (``loop`` None) or the body of a loop; all names inside it."""
        inside: list[str] = []
        everything: list[str] = []
        while self.budget > 0 and (not inside or self.draw.random() < (0.6 if loop else 0.9)):
            self.budget -= 1
            name = f"n{len(self.nodes)}"
            sources = [n for n in inside if self.lineages[n]] + ([loop] if loop else [])
            over = self.draw.choice(sources) if sources and (loop or self.draw.random() < 0.7) else None
            everything += self.add(name, over, (*outside, *inside, *((loop,) if loop else ())), nest)
            inside.append(name)
        return tuple(everything)

    def add(self, name: str, over: str | None, visible: tuple[str, ...], nest: int) -> tuple[str, ...]:
        draw = self.draw
        lineage = self.lineages[over] if over else ()
        kind = draw.choice(("plain", "plain", "stream", "stream", "value", "loop"))
        if len(lineage) > 2 or (kind == "loop" and (nest > 1 or not self.budget)):
            kind = "plain"
        others = [n for n in draw.sample(visible, min(len(visible), draw.randint(0, 2))) if n != over]
        node = Node(
            name,
            "" if kind in ("value", "loop") else "work",
            edges=tuple(self.edge(n, lineage, visible) for n in ([over] if over else []) + others),
            for_each=over,
            streams=kind in ("stream", "loop"),
            join=self.join(over),
            depth=len(lineage),
            timeout_s=HASTY_S if self.hasty and draw.random() < 0.3 else TIMEOUT_S,
            when={OPERATOR_KEY: "not", "of": [False]} if draw.random() < 0.3 else None,
        )
        self.nodes[name] = node
        self.lineages[name] = (*lineage, name) if node.streams else lineage
        if kind != "loop":
            return (name,)
        body = self.scope(name, visible, nest + 1)
        self.nodes[name] = self.loop(node, body)
        self.lineages[name] = lineage
        return (name, *body)

    def join(self, over: str | None) -> Join:
        return self.draw.choice(("", "", "ordered", "unordered")) if over else ""

    def edge(self, source: str, lineage: Lineage, visible: tuple[str, ...]) -> Edge:
        """What a reference from a node with that lineage means."""
        theirs = self.lineages[source]
        shared = 0
        while shared < min(len(theirs), len(lineage)) and theirs[shared] == lineage[shared]:
            shared += 1
        left = self.nodes[source].repeat > 0
        return Edge(source, shared, many=shared < len(theirs), final=left)

    def loop(self, node: Node, body: tuple[str, ...]) -> Node:
        referred = self.draw.sample(body, self.draw.randint(1, len(body)))
        marks: dict[str, Json] = {name: {NODE_KEY: name, "path": []} for name in referred}
        until: Json = {OPERATOR_KEY: "==", "of": [marks[referred[0]], 1]} if self.draw.random() < 0.7 else None
        rounds = self.draw.randint(1, 3)
        return msgspec.structs.replace(node, repeat=rounds, until=until, body=body, arguments={"value": marks})


def random_graph(draw: random.Random, hasty: bool = False) -> Graph:
    """A graph of up to nine nodes.

    With streams, fan-outs, joins, conditions, evaluated nodes, loops in loops, aligned, whole and partial references.

    Args:
        draw: source of chance.
        hasty: whether some attempts have little time.

    """
    builder = Builder(draw, hasty, draw.randint(1, 9))
    builder.scope(None, (), 0)
    nodes = tuple(builder.nodes.values())
    inner = {name for node in nodes for name in node.body}
    outer = [node.name for node in nodes if node.name not in inner]
    outputs = {"out": (draw.choice(outer), ()), "again": (draw.choice(outer), ("field",))}
    return Graph("random", nodes, publish=draw.choice(nodes).name, slo=Slo(ttff_s=1.0), outputs=outputs)


def random_plan(draw: random.Random, graph: Graph, cores: int) -> Plan:
    """One of three models for each node that has a capability, with 0 to ``cores`` threads."""
    return Plan(
        {
            node.name: NodePlan(
                Configuration(draw.choice("abc"), {}, Needs(draw.randint(0, cores), draw.choice((50, 400)))), "random"
            )
            for node in graph.nodes
            if node.capability
        }
    )


@dataclass(frozen=True)
class Answers:
    """What the work of a run turns out to be: how many items, which conditions hold, which rounds are the last."""

    seed: int

    def chance(self, *what: object) -> float:
        """A number in 0..1 that looks random and is always the same for equal arguments."""
        return zlib.crc32(repr((self.seed, *what)).encode()) / 2**32

    def count(self, node: Node, path: Path) -> int:
        """Number of items of a streaming task, or of rounds of a loop."""
        if not node.repeat:
            return int(self.chance("count", node.name, path) * (4 if node.depth < 2 else 3))
        return next(index + 1 for index in range(node.repeat) if self.ends(node, path, index))

    def holds(self, node: Node, path: Path) -> bool:
        """Whether the task is made."""
        return node.when is None or self.chance("when", node.name, path) < 0.6

    def ends(self, node: Node, path: Path, index: int) -> bool:
        """Whether that round of a loop is the last."""
        early = node.until is not None and self.chance("until", node.name, path, index) < 0.3
        return early or index + 1 == node.repeat
