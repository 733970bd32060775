"""How a latency model reads the columns of a table: which of them vary, which say the same, what makes a kind."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from murakkab_optimizer.profiles.latency_table import Table

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

ALIKE = 0.8
"""Correlation of two columns' logarithms from which their product is tried in their place: width and height."""


class Reading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a model reads of a configuration.

    Attributes:
        columns: numeric columns that are read.
        shifts: added to each: where a column has zeros, its smallest positive number.
        products: of the trend's columns, the places of the columns that each multiplies.
        kinds: categorical columns that make a kind of machine.
        rising: of each of the trend's columns, whether it never makes a task faster.
        priors: of each of the trend's columns, its exponent where it never varied.

    """

    columns: tuple[str, ...]
    shifts: tuple[float, ...]
    products: tuple[tuple[int, ...], ...]
    kinds: tuple[str, ...]
    rising: tuple[bool, ...]
    priors: tuple[float, ...]

    def numbers(self, rows: Sequence[Mapping[str, Any]]) -> Array:
        """Shifted numbers of shape (rows, columns).

        Raises:
            ValueError: a column is missing, or not a finite number of 0 or more.

        """
        import numpy as np

        for row in rows:
            if missing := [name for name in (*self.columns, *self.kinds) if name not in row]:
                raise ValueError(f"nothing is said of {', '.join(missing)}; the latency model reads it")
        found = np.array([[float(row[name]) for name in self.columns] for row in rows]).reshape(len(rows), -1)
        if not np.all(np.isfinite(found)) or np.any(found < 0):
            raise ValueError("work must be a finite number of 0 or more")
        shifted = found + np.array(self.shifts)
        return np.asarray(np.maximum(shifted, 1e-12))

    def multiplied(self, numbers: Array) -> Array:
        """The trend's columns, of shape (rows, products)."""
        import numpy as np

        columns = [np.prod(numbers[:, list(places)], axis=1) for places in self.products]
        return np.stack(columns, axis=1) if columns else np.ones((len(numbers), 0))

    def kind(self, row: Mapping[str, Any]) -> str:
        """Kind of the machine of a configuration."""
        return " / ".join(str(row[name]) for name in self.kinds)


def readings(table: Table) -> list[Reading]:
    """The ways to read a table, the plainest first."""
    places = _distinct(table)
    kinds = tuple(table.categorical[place] for place in _telling(table))
    plain = tuple((place,) for place in range(len(places)))
    pairs = [] if len(table) < 3 else _alike(table, places)
    merged = [(*(p for p in plain if p[0] not in pair), pair) for pair in pairs]
    return [_reading(table, places, kinds, products) for products in (*merged, plain)]


def _reading(
    table: Table, places: Sequence[int], kinds: tuple[str, ...], products: tuple[tuple[int, ...], ...]
) -> Reading:
    names = tuple(table.numeric[place] for place in places)
    return Reading(
        columns=names,
        shifts=tuple(_shift([row[place] for row in table.numbers]) for place in places),
        products=products,
        kinds=kinds,
        rising=tuple(any(names[place] in table.rising for place in product) for product in products),
        priors=tuple(max(table.exponents.get(names[place], 0.0) for place in product) for product in products),
    )


def _shift(numbers: Sequence[float]) -> float:
    return min((number for number in numbers if number > 0), default=1.0) if min(numbers) == 0 else 0.0


def _distinct(table: Table) -> list[int]:
    """Places of the numeric columns that are no copy of an earlier one."""
    columns = [tuple(row[place] for row in table.numbers) for place in range(len(table.numeric))]
    alone = len(table) == 1
    return [place for place, column in enumerate(columns) if alone or column not in columns[:place]]


def _telling(table: Table) -> list[int]:
    """Places of the categorical columns that vary and are not said by a numeric or an earlier categorical one."""
    numbers = [tuple(row[place] for row in table.numbers) for place in range(len(table.numeric))]
    found: list[int] = []
    for place in range(len(table.categorical)):
        column = tuple(row[place] for row in table.labels)
        others = [*numbers, *(tuple(row[other] for row in table.labels) for other in found)]
        if len(set(column)) > 1 and not any(_says(other, column) for other in others):
            found.append(place)
    return found


def _says(one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Whether every value of ``one`` goes with one value of ``other``, and some value is there twice."""
    return len(set(zip(one, other, strict=True))) == len(set(one)) < len(one)


def _alike(table: Table, places: Sequence[int]) -> list[tuple[int, ...]]:
    """Pairs of varying columns that go together."""
    import numpy as np

    numbers = np.array([[row[place] for place in places] for row in table.numbers])
    moving = [j for j in range(len(places)) if np.ptp(numbers[:, j]) > 0 and numbers[:, j].min() > 0]
    pairs = itertools.combinations(moving, 2)
    return [pair for pair in pairs if np.corrcoef(np.log(numbers[:, list(pair)]).T)[0, 1] > ALIKE]
