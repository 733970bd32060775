"""Which names a step sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .document import Data, Place
from .flat import Use


@dataclass
class Scope:
    """A group of nodes that see each other by name.

    Attributes:
        place: of the group in the document.
        nodes: as they were read.
        prefix: of their flat names.
        outer: the scope around a loop, if any.
        loop: flat name of the loop, if it is one.
        source: flat name of the node over whose items the loop runs, if any.
    """

    place: Place
    nodes: Mapping[str, Data]
    prefix: str = ""
    outer: Scope | None = None
    loop: str = ""
    source: str | None = None


@dataclass
class Reader:
    """The node whose references are being read.

    Attributes:
        scope: that it stands in.
        name: in its scope.
        node: as it was read.
        for_each: flat name of the node over whose items it runs, once that is known.
        own: whether ``item`` can be its own; not in a step that stands for the nodes of another workflow.
        uses: the references read so far.
    """

    scope: Scope
    name: str
    node: Mapping[str, Data]
    for_each: str | None = None
    own: bool = True
    uses: list[Use] = field(default_factory=list)

    @property
    def flat(self) -> str:
        """Its flat name."""
        return self.scope.prefix + self.name


def group(value: Data) -> dict[str, Data]:
    """The value where it is a group of keys; an empty one otherwise."""
    return value if isinstance(value, dict) else {}


def typed(value: Data) -> Data:
    """A declared input; ``topic: text`` is short for ``topic: {type: text}``."""
    return {"type": value} if isinstance(value, str) else value
