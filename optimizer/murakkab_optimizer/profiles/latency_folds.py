"""What is held out to tell how well a latency model predicts: configurations, and whole levels of a column."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import msgspec

from murakkab_optimizer.profiles.latency_table import Table

Split = tuple[list[int], list[int]]
"""Configurations to fit on, and configurations to predict."""

Predictor = Callable[[Table, Table], list[float]]
"""Fits on the first table and predicts the seconds of the second."""

SMALL = 12
"""Tables of up to so many configurations are held out one at a time."""


class Held(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Errors on held-out configurations, as shares of the measured seconds.

    Attributes:
        median: absolute error; None where nothing could be held out.
        p90: of the absolute errors.
        count: configurations predicted.

    """

    median: float | None
    p90: float | None
    count: int


def held(errors: Sequence[float]) -> Held:
    """Summary of absolute relative errors."""
    if not errors:
        return Held(None, None, 0)
    ordered = sorted(errors)
    return Held(_quantile(ordered, 0.5), _quantile(ordered, 0.9), len(ordered))


def errors(predict: Predictor, table: Table, splits: Sequence[Split]) -> list[float]:
    """Absolute relative errors of all that the splits hold out."""
    found: list[float] = []
    for fitted, left in splits:
        unseen = table.pick(left)
        predicted = predict(table.pick(fitted), unseen)
        found += [abs(one / true - 1.0) for one, true in zip(predicted, unseen.seconds, strict=True)]
    return found


def k_folds(count: int, folds: int = 5) -> list[Split]:
    """Splits that hold out every configuration once; one at a time in small tables."""
    order = list(range(count))
    random.Random(20).shuffle(order)  # not a secret: the same split every time
    number = count if count <= SMALL else folds
    if count < 2:
        return []
    return [_split(count, sorted(order[fold::number])) for fold in range(number)]


def last_levels(table: Table) -> dict[str, Split]:
    """By numeric column: its largest level held out, a fifth of the levels where there are many."""
    found: dict[str, Split] = {}
    for place, name in enumerate(table.numeric):
        column = [row[place] for row in table.numbers]
        levels = sorted(set(column))
        bound = levels[-max(1, len(levels) // 5)]
        left = [index for index, number in enumerate(column) if number >= bound]
        enough = len(levels) >= 3 and len(table) - len(left) >= max(2, len(table) // 2)
        if enough and all(split[1] != left for split in found.values()):
            found[name] = _split(len(table), left)
    return found


def _split(count: int, left: list[int]) -> Split:
    gone = set(left)
    return [index for index in range(count) if index not in gone], left


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
