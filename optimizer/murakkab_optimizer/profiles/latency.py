"""Latency as a function of work: fitted to measurements, with the error that it makes on what it has not seen.

A model is a trend (`latency_trend`), chosen among several by how well it predicts configurations and levels that were
held out, and, where it helps, a detail on top of it (`latency_detail`). It knows of its columns only which are numbers.

Example:
    >>> rows = [{"pixels": p, "seconds": 0.2 + 3e-6 * p} for p in (76_800, 307_200, 921_600)]
    >>> model = fit(tabulate(rows, "seconds", ["pixels"]))
    >>> round(model.predict([{"pixels": 2_073_600}])[0], 1)
    6.4
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from murakkab_optimizer.profiles.latency_detail import Detail, fit_detail
from murakkab_optimizer.profiles.latency_folds import Held, Predictor, errors, held, k_folds, last_levels
from murakkab_optimizer.profiles.latency_linear import linear_rules
from murakkab_optimizer.profiles.latency_reading import Reading, readings
from murakkab_optimizer.profiles.latency_table import Table, tabulate
from murakkab_optimizer.profiles.latency_trend import Trend, fit_trend

__all__ = ["LatencyModel", "Shape", "Table", "fit", "fit_shape", "tabulate"]

DETAILED = 6
"""A detail needs at least so many configurations."""


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Structure of a model.

    Attributes:
        reading: place in the list of `murakkab_optimizer.profiles.latency_reading.readings`.
        grids: of the trend's columns, see `murakkab_optimizer.profiles.latency_trend.fit_trend`; empty: a power law.
        detail: whether a Gaussian process corrects the trend.

    """

    reading: int = 0
    grids: tuple[str, ...] = ()
    detail: bool = False


class LatencyModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds of a configuration as a function of its work; a plain record that a store can keep.

    Attributes:
        shape: its structure, chosen by cross-validation.
        reading: what it reads of a configuration.
        trend: how it goes on beyond what was measured.
        detail: what corrects it within.
        configurations: that it was fitted on.
        noise: median spread of repeats of one configuration; no model can be expected to do better.
        error: on held-out configurations, the structure chosen anew without them.
        extrapolation: the same by numeric column, its largest level held out.
        linear_error: of the best of the linear rules on the splits of ``error``.
        linear_extrapolation: of the same rule on the splits of ``extrapolation``.

    """

    shape: Shape
    reading: Reading
    trend: Trend
    detail: Detail | None
    configurations: int
    noise: float
    error: Held = Held(None, None, 0)
    extrapolation: dict[str, Held] = {}
    linear_error: Held = Held(None, None, 0)
    linear_extrapolation: dict[str, Held] = {}

    def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[float]:
        """Seconds of each configuration, more than 0.

        Args:
            rows: column to value; other columns than those of ``reading`` are ignored. A kind of machine that was never
                measured is taken for the middle of those that were.

        Raises:
            ValueError: a column is missing, or not a finite number of 0 or more.

        """
        import numpy as np

        if not rows:
            return []
        numbers, kinds = self.reading.numbers(rows), [self.reading.kind(row) for row in rows]
        logs = self.trend.log_seconds(self.reading.multiplied(numbers), kinds)
        if self.detail is not None:
            logs = logs + self.detail.correction(numbers, kinds)
        return [float(seconds) for seconds in np.exp(np.clip(logs, -50.0, 50.0))]

    @property
    def falling(self) -> tuple[str, ...]:
        """Columns that make a task faster."""
        exponents = self.trend.exponents
        down = [place for place in range(len(self.reading.products)) if min(one[place] for one in exponents) < 0]
        return tuple(self.reading.columns[column] for place in down for column in self.reading.products[place])


def fit(table: Table, *, validate: bool = True) -> LatencyModel:
    """Choose a structure by cross-validation, fit it, and say how far it is off.

    Args:
        table: at least one configuration.
        validate: whether to measure the errors, which costs several fits more.
    """
    from murakkab_optimizer.profiles.latency_choice import choose

    def chosen(known: Table, unseen: Table) -> list[float]:
        return fit_shape(known, choose(known)).predict(unseen.rows())

    model = fit_shape(table, choose(table))
    return _validated(model, chosen, table) if validate else model


def fit_shape(table: Table, shape: Shape) -> LatencyModel:
    """Fit a model of this structure, without measuring its errors."""
    import numpy as np

    ways = readings(table)
    reading = ways[min(shape.reading, len(ways) - 1)]
    rows, seconds = table.rows(), np.array(table.seconds)
    numbers, kinds = reading.numbers(rows), [reading.kind(row) for row in rows]
    columns = reading.multiplied(numbers)
    grids = (shape.grids * columns.shape[1])[: columns.shape[1]]
    trend = fit_trend(grids, columns, kinds, seconds, reading.rising, reading.priors)
    detail = None
    if shape.detail and len(table) >= DETAILED and reading.columns:
        left = np.log(seconds) - trend.log_seconds(columns, kinds)
        detail = fit_detail(numbers, kinds, left, np.array([1.0 + 1.0 / runs for runs in table.runs]))
    return LatencyModel(shape, reading, trend, detail, len(table), table.noise())


def _validated(model: LatencyModel, chosen: Predictor, table: Table) -> LatencyModel:
    """The model with its errors, and those of the best linear rule."""
    splits, last = k_folds(len(table)), last_levels(table)
    work = [name for name in model.reading.columns if name not in model.falling]
    linear = min(
        linear_rules(work, model.falling).values(), key=lambda rule: held(errors(rule, table, splits)).median or 0.0
    )
    return msgspec.structs.replace(
        model,
        error=held(errors(chosen, table, splits)),
        extrapolation={name: held(errors(chosen, table, [split])) for name, split in last.items()},
        linear_error=held(errors(linear, table, splits)),
        linear_extrapolation={name: held(errors(linear, table, [split])) for name, split in last.items()},
    )
