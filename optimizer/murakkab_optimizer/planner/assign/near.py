"""Neighbourhoods of an answer: which steps are free, and the keys of points where columns were left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from murakkab_optimizer.planner.assign.program import Key

Kept: TypeAlias = NDArray[np.bool_]
"""Of a step: which of its columns are kept."""

FEW = 8
"""Steps of a problem that needs no neighbourhoods."""

FREE = 14
"""Steps that are free at a time."""

LOSSES = 6
"""Neighbourhoods without anything better after which no more are looked at."""

REACHES = ((1.0, 0.97), (1.06, 0.95), (0.97, 0.93))
"""Makespans that are looked at: the greatest, of that of the answer, and the least, of the greatest."""


class Neighbourhood(NamedTuple):
    """Steps that are free, and the makespans that are looked at."""

    steps: frozenset[int]
    reach: float
    width: float


class Near:
    """Which neighbourhoods to look at next: steps side by side, and steps drawn with a fixed seed.

    Args:
        count: how many steps there are.

    """

    def __init__(self, count: int) -> None:
        self._count, self._losses, self._looked = count, 0, 0
        self._random = np.random.default_rng(count)

    def won(self) -> None:
        """There was something better."""
        self._losses = 0

    def next(self) -> Neighbourhood | None:
        """Another neighbourhood, or None where that seems to be of no use."""
        if self._count <= FEW or self._losses >= LOSSES:
            return None
        free, self._looked, self._losses = min(FREE, self._count), self._looked + 1, self._losses + 1
        if self._looked % 2:
            first = int(self._random.integers(self._count))
            steps = frozenset((first + at) % self._count for at in range(free))
        else:
            steps = frozenset(self._random.choice(self._count, free, replace=False).tolist())
        return Neighbourhood(steps, *REACHES[self._looked % len(REACHES)])


def narrowed(cuts: Sequence[Key], kept: Sequence[Kept]) -> list[Key]:
    """The cuts in terms of the columns that are kept; those that name another one hold anyway."""
    places = [np.cumsum(own) - 1 for own in kept]
    return [
        (tuple(int(place[pick]) for place, pick in zip(places, picks, strict=True)), counts)
        for picks, counts in cuts
        if all(own[pick] for own, pick in zip(kept, picks, strict=True))
    ]


def widened(key: Key, kept: Sequence[Kept]) -> Key:
    """The key of a point in terms of all columns."""
    picks, counts = key
    return tuple(int(np.flatnonzero(own)[pick]) for own, pick in zip(kept, picks, strict=True)), counts
