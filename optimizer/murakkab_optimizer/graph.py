"""The checked workflow as the kernel sees it: nodes, edges and the items that flow between them.

A node may *stream*: it emits items while it runs. A node with ``for_each`` runs once for each item of another
node, as soon as that item exists. The position of an item is a *path*: a streaming node adds one number to the
path of the item it ran over. Turns of section 2 are ``(2, 0)``, ``(2, 1)``, ...; clips of the second of them are
``(2, 1, 0)``, ``(2, 1, 1)``, ... Paths compare in the order in which the items are shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

Path = tuple[int, ...]
"""Position of an item in the growing graph; ``()`` for a node that runs once."""

Json = None | bool | int | float | str | list[Any] | dict[str, Any]

NODE_KEY, ITEM_KEY, PREVIOUS_KEY = "$node", "$item", "$previous"
JOIN_KEY, SECRET_KEY, OPERATOR_KEY = "$join", "$secret", "$is"
"""Marks inside ``Node.arguments`` and conditions.

``{"$node": "speech", "path": ["audio"]}`` is a field of the value of a node,
``{"$item": ["text"]}`` a field of the item that the task runs over,
``{"$previous": ["text"]}`` a field of what the task before it returned (in a join; null for the first),
``{"$join": ["Hello ", {"$item": ["speaker"]}]}`` a text made of parts,
``{"$secret": "NAME"}`` the environment variable of that name, read where the task runs and nowhere written down,
``{"$is": "==", "of": [left, right]}`` a comparison or ``and``, ``or``, ``not`` of values.
A field of null is null.
"""

OPERATORS = ("==", "!=", "<", "<=", ">", ">=", "and", "or", "not")
"""What may stand under ``OPERATOR_KEY``; ``not`` takes one value, ``and`` and ``or`` two or more, the others two."""

INLINE = "json:"
"""A reference that begins so is the JSON behind it and no stored artifact."""

NULL = INLINE + "null"
"""Reference of null, for example of what a skipped task leaves."""

Bound = float | str
"""A promise: a number in the unit of its field, or a tier (see ``TIERS``)."""

TIERS = ("best", "good", "fair", "basic")
"""Promises in words. The planner resolves them against the best that the catalogue can do on the machines at hand."""

OBJECTIVES = ("quality", "latency", "ttff", "cost", "energy")


Join = Literal["", "ordered", "unordered"]

TIMEOUT_S = 1800.0
"""Seconds that an attempt may take where nothing else is said."""


class Edge(msgspec.Struct, frozen=True):
    """A reference from one node's arguments to another node.

    Attributes:
        source: the other node.
        depth: how many numbers at the beginning of the reader's path and the item's path are the same.
        many: False for the one item whose path is exactly those numbers; True for the list of all items whose path
            begins with them, once no more can come. ``depth`` 0 is the whole output.
        final: take the value that a loop's task returns, where it would otherwise be one of its rounds.

    """

    source: str
    depth: int = 0
    many: bool = False
    final: bool = False


class Slo(msgspec.Struct, frozen=True):
    """Promises of a workflow, or of one node.

    Attributes:
        ttff_s: seconds from submission to the first published item.
        realtime: whether items must be published before the viewer needs them.
        latency: seconds until all is made; of a node, seconds of one task.
        cost: US dollars.
        energy: watt-hours.
        quality: 0 to 1, at least.
        objective: what to make best within the promises, the first one first; see ``OBJECTIVES``.

    """

    ttff_s: float | None = None
    realtime: bool = False
    latency: Bound | None = None
    cost: Bound | None = None
    energy: Bound | None = None
    quality: Bound | None = None
    objective: tuple[str, ...] = ()


class Where(msgspec.Struct, frozen=True):
    """What a person asks of the place where a node runs; empty fields ask nothing.

    Attributes:
        model: the models that may do it.
        device: class of the device: ``cpu`` or ``gpu``, or the name of a device type.
        region: of the machine.
        spot: whether machines that may be taken away are allowed.

    """

    model: tuple[str, ...] = ()
    device: str = ""
    region: str = ""
    spot: bool = True


class Node(msgspec.Struct, frozen=True):
    """One step of a workflow.

    Attributes:
        name: unique in the graph.
        capability: what it does, in Hugging Face task names where one exists.
        arguments: JSON with references (see ``NODE_KEY``); workflow inputs are already substituted.
        edges: the nodes that the arguments refer to, ``for_each`` included.
        for_each: the streaming (or fanned-out) node whose items it runs over, or None to run once. Where the edge from
            it is ``final``, it runs over the values of its tasks: once for each time that a loop ended.
        streams: whether a task of it emits items while it runs; True for a loop.
        yields: items that a task of it emits, as far as the catalogue says; 0 where it does not.
        yields_every_s: seconds of the show for one item of it; 0 where nobody says.
        join: with ``for_each``: tasks run one at a time, each given the value that the one before it returned; in path
            order (``ordered``) or as they become ready (``unordered``). In the body of a loop this holds within one
            task of the innermost loop, through all its rounds. Empty: independent of each other.
        depth: length of the path of one task of it.
        attempts: how often a task is tried before the run fails.
        timeout_s: seconds after which an attempt is stopped and counts as failed.
        when: condition; a task for which it does not hold is skipped: it has no item, and whoever reads it gets null.
        repeat: rounds of a loop at most; 0 for any other node. A loop streams its rounds: item ``k`` is the value of
            round ``k - 1`` (null at first), and the nodes of ``body`` run over the items.
        until: of a loop: the condition, read after each round, that ends it.
        body: of a loop: the nodes of one round, those inside inner loops included. They stand behind the loop in the
            graph, and what is outside sees of them only the value of the loop.
        cache: whether results of it may be kept for, and taken from, other runs.
        slo: promises of this node alone.
        where: where it may run.

    A node without a capability is *evaluated*: the engine fills ``arguments["value"]`` and that is its value. For a
    loop, it is the value of a round, filled from the tasks of that round.

    """

    name: str
    capability: str
    arguments: dict[str, Any] = {}
    edges: tuple[Edge, ...] = ()
    for_each: str | None = None
    streams: bool = False
    join: Join = ""
    depth: int = 0
    attempts: int = 3
    timeout_s: float = TIMEOUT_S
    when: Json = None
    repeat: int = 0
    until: Json = None
    body: tuple[str, ...] = ()
    cache: bool = True
    slo: Slo = Slo()
    where: Where = Where()
    yields: int = 0
    yields_every_s: float = 0.0

    @property
    def ordered(self) -> bool:
        """Whether its tasks run in path order."""
        return self.join == "ordered"

    @property
    def item_depth(self) -> int:
        """Length of the path of one item that the node yields."""
        return self.depth + (1 if self.streams else 0)

    @property
    def over_values(self) -> bool:
        """Whether it runs over the values of the tasks of ``for_each`` and not over their items."""
        return any(edge.source == self.for_each and edge.final for edge in self.edges)

    def ends(self, index: int, holds: bool) -> bool:
        """Whether round ``index`` of this loop is the last when its ``until``, if it has one, holds or does not."""
        return index + 1 >= self.repeat or (self.until is not None and holds)


class Graph(msgspec.Struct, frozen=True):
    """A checked workflow with its inputs filled in.

    Attributes:
        name: of the workflow.
        nodes: in an order in which every node stands behind those it refers to.
        publish: the node whose items are shown to the viewer as they come, if any.
        slo: promises of the whole.
        outputs: by name, the node whose value is left at the end, and the field of it that is meant.

    """

    name: str
    nodes: tuple[Node, ...]
    publish: str | None = None
    slo: Slo = Slo()
    outputs: dict[str, tuple[str, tuple[str, ...]]] = {}

    def node(self, name: str) -> Node:
        """Return the node of that name; KeyError when there is none."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)

    def readers(self, name: str) -> Iterable[Node]:
        """Nodes with an edge from ``name``, and the loop that makes the value of a round of it."""
        return (n for n in self.nodes if name in n.body or any(e.source == name for e in n.edges))

    def ancestors(self, name: str) -> set[str]:
        """Names of the nodes that ``name`` needs, itself included; the body of a loop goes with it."""
        nodes = {node.name: node for node in self.nodes}
        found: set[str] = set()
        todo = [name]
        while todo:
            current = todo.pop()
            if current not in found:
                found.add(current)
                todo.extend(e.source for e in nodes[current].edges)
                todo.extend(nodes[current].body)
        return found

    def lineages(self) -> dict[str, tuple[str, ...]]:
        """By node, the streaming nodes and loops whose items its tasks run over: one for each number of their paths."""
        nodes = {node.name: node for node in self.nodes}
        found: dict[str, tuple[str, ...]] = {}
        for node in self.nodes:
            over = nodes.get(node.for_each or "")
            adds = over is not None and over.streams and not node.over_values
            found[node.name] = () if over is None else found[over.name] + ((over.name,) if adds else ())
        return found

    def pruned(self, targets: Iterable[str]) -> Graph:
        """The graph of ``targets`` and all that they need."""
        keep = set[str]().union(*(self.ancestors(t) for t in targets))
        publish = self.publish if self.publish in keep else None
        outputs = {name: place for name, place in self.outputs.items() if place[0] in keep}
        nodes = tuple(n for n in self.nodes if n.name in keep)
        return msgspec.structs.replace(self, nodes=nodes, publish=publish, outputs=outputs)
