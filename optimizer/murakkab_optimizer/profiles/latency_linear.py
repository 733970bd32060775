"""The rules of thumb that latency models are compared with: time is proportional to work, shared evenly by devices.

Work is the product of the columns that do not make a task faster.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from murakkab_optimizer.profiles.latency_folds import Predictor
from murakkab_optimizer.profiles.latency_table import Table

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]


def proportional(falling: Sequence[str]) -> Predictor:
    """A rate, the median one, for each kind of machine and number of devices."""

    def predict(table: Table, unseen: Table) -> list[float]:
        rates: dict[object, list[float]] = {}
        for index in range(len(table)):
            rate = table.seconds[index] / _work(table, index, falling)
            rates.setdefault(_group(table, index, falling), []).append(rate)
        every = statistics.median(rate for group in rates.values() for rate in group)
        middle = {group: statistics.median(found) for group, found in rates.items()}
        return [
            middle.get(_group(unseen, index, falling), every) * _work(unseen, index, falling)
            for index in range(len(unseen))
        ]

    return predict


def nearest_work(falling: Sequence[str]) -> Predictor:
    """Through the configuration with the nearest amount of work that was measured on the same machine."""
    return lambda table, unseen: _through(table, unseen, falling, _work_apart)


def nearest_configuration(falling: Sequence[str]) -> Predictor:
    """Through the measured configuration that is nearest in every column."""
    return lambda table, unseen: _through(table, unseen, falling, _all_apart)


RULES = {
    "proportional": proportional,
    "nearest work": nearest_work,
    "nearest configuration": nearest_configuration,
}
"""By name; each takes the columns that make a task faster."""

Distance = Callable[["Array", "Array"], "Array"]


def _through(table: Table, unseen: Table, falling: Sequence[str], distance: Distance) -> list[float]:
    """Seconds of the nearest configuration times the ratio of the work; other labels and devices are farthest."""
    import numpy as np

    signs = np.array([-1.0 if name in falling else 1.0 for name in table.numeric])
    known, wanted = _logs(table), _logs(unseen)
    found = []
    for index in range(len(unseen)):
        steps = wanted[index] - known
        other = np.array([labels != unseen.labels[index] for labels in table.labels])
        devices = np.abs(steps[:, signs < 0]).sum(axis=1)
        nearest = int(np.argmin(1e6 * other + 1e3 * devices * (distance is _work_apart) + distance(steps, signs)))
        found.append(table.seconds[nearest] * math.exp(float(steps[nearest] @ signs)))
    return found


def _work_apart(steps: Array, signs: Array) -> Array:
    import numpy as np

    return np.asarray(abs(steps[:, signs > 0].sum(axis=1)))


def _all_apart(steps: Array, signs: Array) -> Array:
    import numpy as np

    return np.asarray(abs(steps * signs).sum(axis=1))


def _logs(table: Table) -> Array:
    import numpy as np

    return np.asarray(np.log(np.maximum(np.array(table.numbers).reshape(len(table), -1), 1.0)))


def _work(table: Table, index: int, falling: Sequence[str]) -> float:
    pairs = zip(table.numeric, table.numbers[index], strict=True)
    return math.prod(max(number, 1.0) for name, number in pairs if name not in falling)


def _group(table: Table, index: int, falling: Sequence[str]) -> object:
    pairs = zip(table.numeric, table.numbers[index], strict=True)
    return table.labels[index], tuple(number for name, number in pairs if name in falling)
