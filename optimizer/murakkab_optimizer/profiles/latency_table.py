"""A table of measured times: configurations with numeric and categorical columns, repeats put together."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Configurations and their times, one entry a configuration in every column.

    Attributes:
        numeric: names of the columns that time is a function of: pixels, frames, steps, tokens, devices.
        categorical: names of the columns that are only equal or not: device, data type.
        numbers: of each configuration, in the order of ``numeric``.
        labels: of each configuration, in the order of ``categorical``.
        seconds: median over the repeats of a configuration.
        spread: median distance of its repeats from their median, as a share of it; None of one run.
        runs: repeats of each.
        rising: numeric columns known never to make a task faster; of the others the direction is learnt.
        exponents: of numeric columns that never vary here: seconds grow with their so-manieth power. 0 where nothing
            is said: what was never varied is not known to matter.

    """

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    numbers: tuple[tuple[float, ...], ...]
    labels: tuple[tuple[str, ...], ...]
    seconds: tuple[float, ...]
    spread: tuple[float | None, ...]
    runs: tuple[int, ...]
    rising: tuple[str, ...] = ()
    exponents: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self.seconds)

    def pick(self, indices: Iterable[int]) -> Table:
        """The table of these configurations only."""
        rows = list(indices)
        return msgspec.structs.replace(
            self,
            **{
                name: tuple(getattr(self, name)[index] for index in rows)
                for name in ("numbers", "labels", "seconds", "spread", "runs")
            },
        )

    def row(self, index: int) -> dict[str, Any]:
        """The configuration as a mapping from column to value."""
        numbers = zip(self.numeric, self.numbers[index], strict=True)
        return dict(numbers) | dict(zip(self.categorical, self.labels[index], strict=True))

    def rows(self) -> list[dict[str, Any]]:
        """Every configuration as a mapping from column to value."""
        return [self.row(index) for index in range(len(self))]

    def noise(self) -> float:
        """Median over the configurations that ran repeatedly of ``spread``; 0 where none did."""
        return statistics.median([spread for spread in self.spread if spread is not None] or [0.0])


def tabulate(
    rows: Iterable[Mapping[str, Any]],
    seconds: str,
    numeric: Sequence[str],
    categorical: Sequence[str] = (),
    rising: Sequence[str] = (),
    exponents: Mapping[str, float] | None = None,
) -> Table:
    """Put measured rows together, repeats of one configuration to their median.

    Args:
        rows: column to value, one a run; values of numeric columns may be text that reads as a number.
        seconds: name of the column with the times.
        numeric: see `Table`.
        categorical: see `Table`.
        rising: see `Table`.
        exponents: see `Table`.

    Raises:
        ValueError: no rows, a column is missing or no number, a time is not positive and finite, or a number of work
            is negative or not finite.

    """
    found: dict[tuple[tuple[float, ...], tuple[str, ...]], list[float]] = {}
    for number, row in enumerate(rows):
        numbers = tuple(_number(row, name, number) for name in numeric)
        key = numbers, tuple(str(_value(row, name, number)) for name in categorical)
        found.setdefault(key, []).append(_positive(row, seconds, number))
    if not found:
        raise ValueError("a latency model needs at least one measured row")
    ordered = sorted(found.items())
    return Table(
        numeric=tuple(numeric),
        categorical=tuple(categorical),
        numbers=tuple(key[0] for key, _ in ordered),
        labels=tuple(key[1] for key, _ in ordered),
        seconds=tuple(statistics.median(times) for _, times in ordered),
        spread=tuple(_spread(times) for _, times in ordered),
        runs=tuple(len(times) for _, times in ordered),
        rising=tuple(rising),
        exponents=dict(exponents or {}),
    )


def _spread(times: list[float]) -> float | None:
    if len(times) < 2:
        return None
    middle = statistics.median(times)
    return statistics.median(abs(time / middle - 1.0) for time in times)


def _value(row: Mapping[str, Any], name: str, number: int) -> Any:  # noqa: ANN401 - a cell of a table
    if name not in row:
        raise ValueError(f"row {number} has no column {name!r}; it has {', '.join(map(str, row))}")
    return row[name]


def _number(row: Mapping[str, Any], name: str, number: int) -> float:
    value = _value(row, name, number)
    try:
        amount = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"row {number}, column {name!r}: {value!r} is not a number") from None
    if not 0 <= amount < float("inf"):
        raise ValueError(f"row {number}, column {name!r}: {value!r} is not a number of 0 or more")
    return amount


def _positive(row: Mapping[str, Any], name: str, number: int) -> float:
    if (amount := _number(row, name, number)) == 0:
        raise ValueError(f"row {number}, column {name!r}: a time is more than 0")
    return amount
