"""The nouns of the planner's candidates: what is asked of a model, one way to do a node, and all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import Node
from murakkab_optimizer.planner.assign.nouns import Candidate
from murakkab_optimizer.planner.speeds import HEIGHT
from murakkab_optimizer.planner.workload import Work
from murakkab_optimizer.profiles import Profile
from murakkab_optimizer.profiles.conditions import FROM_HEIGHT, SPREAD


class Asked(msgspec.Struct, frozen=True):
    """A node that one model is to do.

    Attributes:
        node: of the graph.
        card: of the model.
        work: of the node.
        from_height: lines of the pictures that it is given; 0 where that makes no difference.
        blindly: also on accelerators on which nobody knows its speed.
        pinned: settings that a person asks for.
        shared: other nodes may be given the same instances in lighter settings, so that these are tried here, too.

    """

    node: Node
    card: ModelCard
    work: Work
    from_height: float = 0.0
    blindly: bool = False
    pinned: Mapping[str, Any] = {}
    shared: bool = False

    @property
    def conditions(self) -> dict[str, float]:
        """What the arguments of the node do not tell."""
        return {"seconds": self.work.seconds} | ({FROM_HEIGHT: self.from_height} if self.from_height else {})

    @property
    def spread(self) -> int:
        """Devices that people ask to spread a task over; one where they ask for nothing."""
        return int(self.pinned.get(SPREAD, 1))

    def devices(self, profile: Profile | None) -> int:
        """Devices that a task is spread over, by what its speed is known of."""
        return profile.devices if profile else self.spread


class Way(msgspec.Struct, frozen=True):
    """One way to do a node.

    Attributes:
        card: of the model.
        candidate: what the planner chooses from.
        task_s: seconds of one task; the candidate's are those of all rounds of the loops that it stands in.
        profile: that the time comes from; None where nobody measured.
        from_height: lines of the pictures that it is given; 0 where that makes no difference.
        short: in which settings it has no room and why, where these are lighter ones; else empty.

    """

    card: ModelCard
    candidate: Candidate
    task_s: float
    profile: Profile | None = None
    from_height: float = 0.0
    short: str = ""

    @property
    def quality(self) -> float:
        """0 to 1 within the capability."""
        return self.candidate.quality


class Ways(msgspec.Struct):
    """All ways to do a node.

    Attributes:
        node: of the graph.
        ways: at least one.
        refused: names of models that may not do it, each with why not.
        reason: what narrowed the choice, in words; empty when nothing did.
        enlarges: whether it is such work that nothing may be left to do: a model exists that hands on what it is given.
        stills: ways in which nothing moves, set aside as a last resort (``planner.stills``).

    """

    node: Node
    ways: list[Way]
    refused: list[tuple[str, str]]
    reason: str = ""
    enlarges: bool = False
    stills: list[Way] = []

    def keep(self, holds: Callable[[Way], bool], why_not: Callable[[Way], str], reason: str) -> None:
        """Refuse the ways for which something does not hold; the reason counts where it refused one."""
        out = [way for way in self.ways if not holds(way)]
        self.ways = [way for way in self.ways if holds(way)]
        left = {way.card.name for way in self.ways}
        self.refused += list({way.card.name: why_not(way) for way in out if way.card.name not in left}.items())
        if out:
            self.reason = reason


def lines(node: Node) -> float:
    """Lines of the picture that a node is asked for; 0 where it is not said."""
    height = node.arguments.get(HEIGHT)
    return float(height) if isinstance(height, int | float) else 0.0
