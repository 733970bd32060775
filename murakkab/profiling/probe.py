"""What is measured of a capability: real pieces of work of several sizes, and what they count.

A plugin names a function for its capability in the entry-point group ``murakkab.probes``; it takes the model's card and
returns probes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

from murakkab_optimizer.catalog import ModelCard

GROUP = "murakkab.probes"

Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class Made:
    """What a task made.

    Attributes:
        value: that it returned.
        meta: of the value.
        items: that it emitted, each with its meta.

    """

    value: Any
    meta: Mapping[str, Any] = field(default_factory=dict)
    items: Sequence[tuple[Any, Mapping[str, Any]]] = ()


class Inputs(Protocol):
    """Where a probe takes what its pieces need."""

    folder: Path
    """Takes files that a probe writes; it outlives the probe."""

    def made(self, model: str, arguments: Arguments) -> Made:
        """What another model makes of these arguments, in a process of its own; kept, so that it is made once.

        Raises:
            Unavailable: the model cannot be used here.
        """

    def made_in_order(self, model: str, tasks: Sequence[Arguments]) -> list[Made]:
        """As ``made``, for the tasks of an ordered join: each is given the value that the one before it returned."""


@dataclass(frozen=True)
class Piece:
    """One piece of work.

    Attributes:
        arguments: of the task.
        units: of work, where they do not follow from what is made.
        path: of the task; ``(0, 0)`` is the first of a show, where the time to its first item counts most.

    """

    arguments: Arguments
    units: float = 1.0
    path: tuple[int, ...] = (1, 1)


Pieces = Callable[[Inputs], Sequence[Piece]]
"""Makes pieces of work."""


@dataclass(frozen=True)
class Probe:
    """What is measured of a model in one setting.

    Attributes:
        unit: of work, see ``Profile.unit``.
        pieces: makes the pieces, small ones before large ones. Two sizes tell what a task takes from what a unit takes;
            the smallest tells when the first item of a stream comes.
        units: of a piece, by what was made of it; by default ``Piece.units``.
        conditions: arguments that the figures hold for, see ``Profile.conditions``.
        streams: whether the node takes items.
        in_order: whether a task is given the value that the one before it returned.

    """

    unit: str
    pieces: Pieces
    units: Callable[[Made], float] | None = None
    conditions: Mapping[str, Any] = field(default_factory=dict)
    streams: bool = False
    in_order: bool = False


def probes_of(card: ModelCard) -> Sequence[Probe]:
    """The probes of a model's capability; none where nobody has written one."""
    from murakkab.profiling.probes import EMBEDDED

    for entry in entry_points(group=GROUP).select(name=card.capability):
        found: Sequence[Probe] = entry.load()(card)
        return found
    embedded = EMBEDDED.get(card.capability)
    return embedded(card) if embedded else ()
