"""The checked workflow as the kernel sees it: nodes, edges and the items that flow between them.

A node may *stream*: it emits items while it runs. A node with ``for_each`` runs once for each item of another
node, as soon as that item exists. The position of an item is a *path*: a streaming node adds one number to the
path of the item it ran over. Turns of section 2 are ``(2, 0)``, ``(2, 1)``, ...; clips of the second of them are
``(2, 1, 0)``, ``(2, 1, 1)``, ... Paths compare in the order in which the items are shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

Path = tuple[int, ...]
"""Position of an item in the growing graph; ``()`` for a node that runs once."""

Json = None | bool | int | float | str | list[Any] | dict[str, Any]

NODE_KEY, ITEM_KEY, JOIN_KEY = "$node", "$item", "$join"
"""Marks of references inside ``Node.arguments``.

``{"$node": "speech", "path": ["audio"]}`` is a field of the value of a node,
``{"$item": ["text"]}`` a field of the item that the task runs over,
``{"$join": ["Hello ", {"$item": ["speaker"]}]}`` a text made of parts.
"""


class Edge(msgspec.Struct, frozen=True):
    """A reference from one node's arguments to another node.

    ``depth`` None takes the node's whole output (of a streaming node, the list of all its items). A number takes
    the one item whose path is the first ``depth`` numbers of the reader's own path.
    """

    source: str
    depth: int | None = None


class Node(msgspec.Struct, frozen=True):
    """One step of a workflow.

    Attributes:
        name: unique in the graph.
        capability: what it does, in Hugging Face task names where one exists.
        arguments: JSON with references (see ``NODE_KEY``); workflow inputs are already substituted.
        edges: the nodes that the arguments refer to, ``for_each`` included.
        for_each: the streaming (or fanned-out) node whose items it runs over, or None to run once.
        streams: whether a task of it emits items while it runs.
        ordered: with ``for_each``: tasks run one at a time, in path order, each given the value that the one
            before it returned (an ordered join).
        depth: length of the path of one task of it.
        attempts: how often a task is tried before the run fails.

    """

    name: str
    capability: str
    arguments: dict[str, Any] = {}
    edges: tuple[Edge, ...] = ()
    for_each: str | None = None
    streams: bool = False
    ordered: bool = False
    depth: int = 0
    attempts: int = 3

    @property
    def item_depth(self) -> int:
        """Length of the path of one item that the node yields."""
        return self.depth + (1 if self.streams else 0)


class Graph(msgspec.Struct, frozen=True):
    """A checked workflow with its inputs filled in.

    Attributes:
        name: of the workflow.
        nodes: in an order in which every node stands behind those it refers to.
        publish: the node whose items are shown to the viewer as they come, if any.
        ttff_s: promised seconds from submission to the first published item, if any.
        realtime: whether items must be published before the viewer needs them.

    """

    name: str
    nodes: tuple[Node, ...]
    publish: str | None = None
    ttff_s: float | None = None
    realtime: bool = False

    def node(self, name: str) -> Node:
        """Return the node of that name; KeyError when there is none."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)

    def readers(self, name: str) -> Iterable[Node]:
        """Nodes with an edge from ``name``."""
        return (n for n in self.nodes if any(e.source == name for e in n.edges))

    def ancestors(self, name: str) -> set[str]:
        """Names of the nodes that ``name`` needs, itself included."""
        found: set[str] = set()
        todo = [name]
        while todo:
            current = todo.pop()
            if current not in found:
                found.add(current)
                todo.extend(e.source for e in self.node(current).edges)
        return found

    def pruned(self, targets: Iterable[str]) -> Graph:
        """The graph of ``targets`` and all that they need."""
        keep = set[str]().union(*(self.ancestors(t) for t in targets))
        publish = self.publish if self.publish in keep else None
        return msgspec.structs.replace(self, nodes=tuple(n for n in self.nodes if n.name in keep), publish=publish)
