"""What will come, from what came: an exponentially weighted mean over epochs."""

from __future__ import annotations

from collections.abc import Sequence

from murakkab_optimizer.planner.fleet.nouns import ClassLoad, Demand

WEIGHT = 0.5
"""Of the newest epoch (Murakkab, arXiv 2508.18298)."""


def forecast(epochs: Sequence[Demand], weight: float = WEIGHT) -> Demand:
    """The load of the next epoch, slot by slot.

    Args:
        epochs: seen, oldest first, with the same classes and slots.
        weight: of the newest.

    Raises:
        ValueError: there is no epoch.

    """
    if not epochs:
        raise ValueError("a forecast needs at least one epoch that was seen")
    found = epochs[0]
    for seen in epochs[1:]:
        found = Demand(tuple(_mixed(old, new, weight) for old, new in zip(found.loads, seen.loads, strict=True)))
    return found


def _mixed(old: ClassLoad, new: ClassLoad, weight: float) -> ClassLoad:
    rates = (weight * late + (1 - weight) * early for early, late in zip(old.rates, new.rates, strict=True))
    return ClassLoad(new.request, tuple(rates))
