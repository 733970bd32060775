"""Which structure a latency model has: the one that predicts best what was held out."""

from __future__ import annotations

import random
from collections.abc import Sequence

from msgspec.structs import replace

from murakkab_optimizer.profiles.latency import DETAILED, LatencyModel, Shape, fit_shape
from murakkab_optimizer.profiles.latency_folds import Predictor, Split, errors, held, k_folds, last_levels
from murakkab_optimizer.profiles.latency_reading import readings
from murakkab_optimizer.profiles.latency_table import Table

TINY = 4
"""Tables of up to so many configurations choose between a power law and a fixed part with proportional work."""

TRIED_ON = 200
"""Configurations that structures are compared on, at most."""

GAIN = 0.97
"""A richer structure must have at most so much of the error of a plainer one."""


def choose(table: Table) -> Shape:
    """The trend that predicts held-out configurations and levels best, with a detail where it helps."""
    if len(table) <= TINY:
        return _plainest(table)
    some = table.pick(sorted(random.Random(20).sample(range(len(table)), min(len(table), TRIED_ON))))
    splits = [*([split] for split in last_levels(some).values()), k_folds(len(some), 4)]
    trends = [_trend(some, place, splits) for place in range(len(readings(some)))]
    score, plain = min(trends, key=lambda one: one[0])
    detailed = replace(plain, detail=True)
    return detailed if len(some) >= DETAILED and _score(some, detailed, splits) < GAIN * score else plain


PLAIN = (Shape(), Shape(grids=("linear",)), Shape(grids=("quadratic",)))
"""Trends that a table of a catalogue chooses from: planning has no time for more."""


def quick_fit(table: Table) -> tuple[LatencyModel, float | None]:
    """The best of a few plain trends, and its median error on configurations that were held out; no detail on top.

    A tenth of a second for a hundred configurations, where ``latency.fit`` takes seconds.
    """
    splits = [k_folds(len(table))]
    best = min(PLAIN, key=lambda shape: _score(table, shape, splits))
    return fit_shape(table, best), held(errors(_fitting(best), table, splits[0])).median


def _trend(table: Table, reading: int, splits: Sequence[list[Split]]) -> tuple[float, Shape]:
    """The best trend of a reading: a power law, or a sum whose grids are refined column by column."""
    columns = len(readings(table)[reading].products)
    power, best = Shape(reading), Shape(reading, ("linear",) * columns)
    score = _score(table, best, splits)
    for place in range(columns):
        for grid in ("quadratic", "fine"):
            trial = replace(best, grids=(*best.grids[:place], grid, *best.grids[place + 1 :]))
            if (found := _score(table, trial, splits)) < GAIN * score:
                best, score = trial, found
    plain = _score(table, power, splits)
    return (plain, power) if plain < GAIN * score else (score, best)


def _plainest(table: Table) -> Shape:
    """A fixed part with proportional work where that describes the table no worse than a power law."""
    columns = len(readings(table)[0].products)
    linear, power = Shape(0, ("linear",) * columns), Shape(0)
    return linear if _score_within(table, linear) <= _score_within(table, power) + 0.01 else power


def _score(table: Table, shape: Shape, splits: Sequence[list[Split]]) -> float:
    """Mean over the sets of splits of the median error and a quarter of the p90."""
    found = [held(errors(_fitting(shape), table, one)) for one in splits]
    return sum((one.median or 0.0) + 0.25 * (one.p90 or 0.0) for one in found) / len(found)


def _fitting(shape: Shape) -> Predictor:
    def predict(known: Table, unseen: Table) -> list[float]:
        return fit_shape(known, shape).predict(unseen.rows())

    return predict


def _score_within(table: Table, shape: Shape) -> float:
    predicted = fit_shape(table, shape).predict(table.rows())
    return sum(abs(one / true - 1.0) for one, true in zip(predicted, table.seconds, strict=True)) / len(table)
