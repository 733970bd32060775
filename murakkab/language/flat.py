"""The flat form of a workflow: loops and used workflows dissolved, every reference a mark.

Marks are those of ``murakkab_optimizer.graph`` and one more: ``{"$input": "topic"}`` stands for an input of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from murakkab_optimizer.graph import JOIN_KEY, NODE_KEY, OPERATOR_KEY

from .document import Data, Document, Place
from .expressions import Reference
from .units import shown

if TYPE_CHECKING:
    from .matching import Match

INPUT_KEY, FILE_KEY = "$input", "$file"

BROKEN = {"$broken": True}
"""Stands for a reference that means nothing; a problem tells of it."""


@dataclass(frozen=True)
class Spot:
    """Where a node is written; of a node inside a used workflow, where that is used."""

    document: Document
    place: Place


@dataclass(frozen=True)
class Use:
    """A reference to a node, as it stands in the file.

    Attributes:
        place: of the text that it stands in.
        text: that text.
        reference: what stands there.
        source: the flat node that is meant; empty for the item that the node runs over.
        path: fields of its value.
    """

    place: Place
    text: str
    reference: Reference
    source: str
    path: tuple[str, ...]


@dataclass(frozen=True)
class FlatNode:
    """One step, its name unique in the workflow: ``solve.check`` is the step ``check`` of the loop ``solve``.

    Attributes:
        name: flat name.
        spot: where it is written.
        capability: what does it; empty for loops and values, which the engine evaluates.
        arguments: with marks.
        for_each: flat name of the node over whose items it runs.
        streams: what it emits, or empty.
        join: ``ordered``, ``unordered`` or empty.
        when: condition with marks, or None.
        repeat: rounds of a loop (a number or the mark of an input), 0 for other nodes.
        until: condition with marks that ends a loop, or None.
        body: flat names of all nodes of one round.
        settings: ``attempts``, ``timeout``, ``cache``, ``slo.ttff`` and so on that are written, by name.
        where: what is asked of its place, as it is written.
        returns: the type of the answer, as it is written.
        uses: the references to nodes in it.
        match: how plain words were understood.
        inner: whether it is of a used workflow, whose own file was checked.
    """

    name: str
    spot: Spot
    capability: str = ""
    arguments: dict[str, Data] = field(default_factory=dict)
    for_each: str | None = None
    streams: str = ""
    join: str = ""
    when: Data = None
    repeat: Data = 0
    until: Data = None
    body: tuple[str, ...] = ()
    settings: dict[str, Data] = field(default_factory=dict)
    where: dict[str, Data] = field(default_factory=dict)
    returns: Data = None
    uses: tuple[Use, ...] = ()
    match: Match | None = None
    inner: bool = False

    @property
    def is_loop(self) -> bool:
        """Whether it repeats a body."""
        return bool(self.repeat)

    def sources(self) -> tuple[str, ...]:
        """The nodes that it waits for, ``for_each`` first; the body of a loop is none of them."""
        found = dict.fromkeys([self.for_each] if self.for_each else [])
        found.update(dict.fromkeys(nodes_in(self.when)))
        if not self.is_loop:
            found.update(dict.fromkeys(nodes_in(self.arguments)))
        return tuple(found)


@dataclass
class Flat:
    """A workflow's nodes and outputs.

    Attributes:
        nodes: by flat name, in the order of the file.
        promises: ``slo.ttff`` and so on of the whole workflow, by name: a value or the mark of an input.
        outputs: by name, the value with marks.
    """

    nodes: dict[str, FlatNode] = field(default_factory=dict)
    promises: dict[str, Data] = field(default_factory=dict)
    outputs: dict[str, Data] = field(default_factory=dict)


def nodes_in(value: Data) -> Iterator[str]:
    """Names of the nodes that marks in the value stand for."""
    if isinstance(value, dict):
        if NODE_KEY in value:
            yield value[NODE_KEY]
        else:
            for inner in value.values():
                yield from nodes_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nodes_in(inner)


def substitute(value: Data, change: Callable[[str, Data], Data]) -> Data:
    """The value with every mark replaced by what ``change`` makes of its key and itself.

    Texts with nothing but literal parts become texts again.
    """
    if isinstance(value, list):
        return [substitute(inner, change) for inner in value]
    if not isinstance(value, dict):
        return value
    key = next(iter(value), "")
    if key == JOIN_KEY:
        return joined([substitute(part, change) for part in value[key]])
    if key == OPERATOR_KEY:
        return {**value, "of": [substitute(part, change) for part in value["of"]]}
    if key.startswith("$"):
        return change(key, value)
    return {name: substitute(inner, change) for name, inner in value.items()}


def joined(parts: list[Data]) -> Data:
    """A text made of parts, literal neighbours run together."""
    merged: list[Data] = []
    for part in parts:
        inner = part[JOIN_KEY] if isinstance(part, dict) and JOIN_KEY in part else [part]
        for piece in inner:
            filled = piece if isinstance(piece, dict) else spoken(piece)
            if merged and isinstance(filled, str) and isinstance(merged[-1], str):
                filled = merged.pop() + filled
            merged.append(filled)
    return merged[0] if len(merged) == 1 and isinstance(merged[0], str) else {JOIN_KEY: merged}


def spoken(value: Data) -> str:
    """How a value reads inside a text."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return shown(value)
    return str(value)


def both(first: Data, second: Data) -> Data:
    """The condition that both hold; None holds always."""
    if first is None or second is None:
        return second if first is None else first
    return {OPERATOR_KEY: "and", "of": [first, second]}


def inlined(node: FlatNode, prefix: str, bound: Mapping[str, Data], around: FlatNode) -> FlatNode:
    """A node of a used workflow as it stands in the one that uses it.

    Args:
        node: of the used workflow.
        prefix: stands before all its names.
        bound: the values of its inputs, with marks of the workflow that uses it.
        around: the step that uses it: its ``for_each`` and ``when`` hold for all nodes.
    """

    def change(key: str, mark: Data) -> Data:
        if key == INPUT_KEY:
            return bound[mark[INPUT_KEY]]
        return {**mark, NODE_KEY: prefix + mark[NODE_KEY]} if key == NODE_KEY else mark

    for_each = prefix + node.for_each if node.for_each else around.for_each
    return replace(
        node,
        name=prefix + node.name,
        spot=around.spot,
        inner=True,
        arguments=substitute(node.arguments, change),
        for_each=for_each,
        when=both(around.when, substitute(node.when, change)),
        repeat=substitute(node.repeat, change),
        until=substitute(node.until, change),
        body=tuple(prefix + name for name in node.body),
        settings={**around.settings, **{name: substitute(value, change) for name, value in node.settings.items()}},
        where={**around.where, **node.where},
        uses=tuple(
            replace(use, source=prefix + use.source if use.source else "", place=around.spot.place) for use in node.uses
        ),
    )
