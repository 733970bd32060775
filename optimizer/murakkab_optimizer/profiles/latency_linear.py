"""The rules of thumb that latency models are compared with: time is proportional to work, shared evenly by devices.

Work is the product of the columns named as work, the number of devices that of those named as shared. All but the last
rule look at what was measured on the same machine with the same number of devices, or the nearest number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from murakkab_optimizer.profiles.latency_folds import Predictor
from murakkab_optimizer.profiles.latency_table import Table

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

Rule = Callable[["Array", "Array", float], float]
"""From works and seconds measured and a work that is wanted to seconds."""


def proportional(work: Array, seconds: Array, wanted: float) -> float:
    """The median rate times the work."""
    import numpy as np

    return float(np.median(seconds / work)) * wanted


def affine(work: Array, seconds: Array, wanted: float) -> float:
    """A fixed part and a rate, with the least squares of relative errors; the rate alone where that is not positive."""
    import numpy as np

    design = np.stack([np.ones(len(work)), work], axis=1) / seconds[:, None]
    fixed, rate = np.linalg.lstsq(design, np.ones(len(work)), rcond=None)[0]
    found = float(fixed + rate * wanted)
    return found if found > 0 else proportional(work, seconds, wanted)


def nearest_work(work: Array, seconds: Array, wanted: float) -> float:
    """Through the measurement with the nearest amount of work."""
    import numpy as np

    nearest = int(np.argmin(np.abs(np.log(work / wanted))))
    return float(seconds[nearest] / work[nearest]) * wanted


RULES: dict[str, Rule] = {"proportional": proportional, "affine": affine, "nearest work": nearest_work}
"""By name; `nearest configuration` is the one besides."""


def linear_rules(work: Sequence[str], shared: Sequence[str]) -> dict[str, Predictor]:
    """Every rule by its name.

    Args:
        work: columns that time is taken to be proportional to, none of them a copy of another.
        shared: columns that work is divided by: devices.
    """
    rules = {name: _by_machine(rule, work, shared) for name, rule in RULES.items()}
    return {**rules, "nearest configuration": _nearest_configuration(work, shared)}


def _by_machine(rule: Rule, work: Sequence[str], shared: Sequence[str]) -> Predictor:
    def predict(table: Table, unseen: Table) -> list[float]:
        import numpy as np

        amounts, devices, seconds = _product(table, work), _product(table, shared), np.array(table.seconds)
        found = []
        for index, (wanted, count) in enumerate(zip(_product(unseen, work), _product(unseen, shared), strict=True)):
            apart = 1e6 * _mismatches(table, unseen.labels[index]) + np.abs(np.log(devices / count))
            same = np.flatnonzero(apart <= apart.min() + 1e-9)
            found.append(rule(amounts[same], seconds[same], float(wanted)) * float(devices[same[0]] / count))
        return found

    return predict


def _nearest_configuration(work: Sequence[str], shared: Sequence[str]) -> Predictor:
    """Through the measured configuration that is nearest in every column."""

    def predict(table: Table, unseen: Table) -> list[float]:
        import numpy as np

        loads, wanted = (
            _product(table, work) / _product(table, shared),
            _product(unseen, work) / _product(unseen, shared),
        )
        known, asked = _logs(table), _logs(unseen)
        found = []
        for index in range(len(unseen)):
            apart = 1e6 * _mismatches(table, unseen.labels[index]) + np.abs(known - asked[index]).sum(axis=1)
            nearest = int(np.argmin(apart))
            found.append(table.seconds[nearest] * float(wanted[index] / loads[nearest]))
        return found

    return predict


def _logs(table: Table) -> Array:
    import numpy as np

    return np.asarray(np.log(np.maximum(np.array(table.numbers).reshape(len(table), -1), 1.0)))


def _product(table: Table, names: Sequence[str]) -> Array:
    import numpy as np

    places = [table.numeric.index(name) for name in names]
    return np.asarray(np.exp(_logs(table)[:, places].sum(axis=1)))


def _mismatches(table: Table, labels: tuple[str, ...]) -> Array:
    import numpy as np

    known = np.array(table.labels).reshape(len(table), -1)
    return np.asarray((known != np.array(labels)).sum(axis=1), dtype=float)
