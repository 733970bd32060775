"""The nouns of a plan: which configuration does each node, and why."""

from __future__ import annotations

from typing import Any

import msgspec

from murakkab_optimizer.catalog import Needs


class Configuration(msgspec.Struct, frozen=True):
    """A model with its knobs and the resources that one task of it takes.

    ``needs.threads`` 0 marks work too short to count (under about ten milliseconds of one core a task).
    ``seconds`` is the expected time of one task, or 0 when nothing was measured yet.
    """

    model: str
    knobs: dict[str, Any] = {}
    needs: Needs = Needs()
    seconds: float = 0.0


class Pin(msgspec.Struct, frozen=True):
    """What a person asks of one node: a model, some of its knobs, or both."""

    model: str | None = None
    knobs: dict[str, Any] = {}


class NodePlan(msgspec.Struct, frozen=True):
    """The choice for one node.

    Attributes:
        chosen: what will run.
        reason: one sentence, for people.
        alternatives: names of the models that could have been chosen, best first, each with why it was not.

    """

    chosen: Configuration
    reason: str
    alternatives: tuple[tuple[str, str], ...] = ()


class Plan(msgspec.Struct, frozen=True):
    """A configuration for every node of a graph that has a capability.

    Attributes:
        nodes: by name.
        notes: what is predicted of the promises of the whole, and what cannot be, for people.

    """

    nodes: dict[str, NodePlan]
    notes: tuple[str, ...] = ()
