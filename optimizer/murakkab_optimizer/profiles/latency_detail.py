"""What a trend leaves: a Gaussian process over logarithms of work, sharing what kinds of machines have in common.

Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), chapters 2 and 5.4.2 (leave-one-out in closed
form). Beyond the range of the measurements it keeps the value it has at their edge, so a trend alone extrapolates.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

SEARCHED = 150
"""Configurations that the lengths are chosen on."""

KEPT = 1500
"""Configurations that a detail remembers, at most."""

LENGTHS = (0.35, 0.7, 1.5, 3.0, 8.0)
"""Tried for the kernel, in thirds of the range of a column."""

SHARES = (0.0, 0.5, 0.9)
"""Tried for the correlation of kinds."""

NOISES = (1e-4, 1e-3, 1e-2, 1e-1)
"""Tried for the variance of the noise, as a share of that of the process."""


class Detail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fitted Gaussian process of log(seconds / trend).

    Attributes:
        low: smallest logarithm of each column.
        high: largest.
        lengths: scales of the kernel, in logarithms.
        share: correlation of two kinds of machines at equal work.
        points: logarithms of the configurations it knows.
        kinds: of machine, of each.
        weights: of each.

    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    lengths: tuple[float, ...]
    share: float
    points: tuple[tuple[float, ...], ...]
    kinds: tuple[str, ...]
    weights: tuple[float, ...]

    def correction(self, numbers: Array, kinds: Sequence[str]) -> Array:
        """Logarithm of the factor on the trend.

        Args:
            numbers: of shape (configurations, columns), positive.
            kinds: of machine, one a configuration.
        """
        import numpy as np

        logs = np.clip(np.log(numbers), np.array(self.low), np.array(self.high))
        kernel = _kernel(logs, kinds, np.array(self.points), self.kinds, np.array(self.lengths), self.share)
        return np.asarray(kernel @ np.array(self.weights))


def fit_detail(numbers: Array, kinds: Sequence[str], residuals: Array, spreads: Array) -> Detail:
    """Fit; its scales are chosen by leave-one-out errors.

    Args:
        numbers: of shape (configurations, columns), positive.
        kinds: of machine, one a configuration.
        residuals: log(seconds / trend).
        spreads: how much noisier than the least noisy each configuration is (1 or more).
    """
    import numpy as np

    chosen = _thin(len(residuals), KEPT)
    logs, kinds, residuals = np.log(numbers)[chosen], [kinds[i] for i in chosen], residuals[chosen]
    spreads = spreads[chosen]
    lengths, share, noise = _search(logs, kinds, residuals, spreads)
    weights = _weights(logs, kinds, residuals, spreads, (lengths, share, noise))
    return Detail(
        tuple(map(float, logs.min(axis=0))),
        tuple(map(float, logs.max(axis=0))),
        tuple(map(float, lengths)),
        share,
        tuple(tuple(map(float, point)) for point in logs),
        tuple(kinds),
        tuple(map(float, weights)),
    )


def _kernel(
    left: Array, left_kinds: Sequence[str], right: Array, right_kinds: Sequence[str], lengths: Array, share: float
) -> Array:
    """Matern 5/2 over logarithms, times the correlation of the kinds."""
    import numpy as np

    a, b = left / lengths, right / lengths
    squared = np.maximum((a * a).sum(1)[:, None] + (b * b).sum(1)[None, :] - 2 * a @ b.T, 0.0)
    distance = np.sqrt(5.0 * squared)
    same = np.array(left_kinds)[:, None] == np.array(right_kinds)[None, :]
    return np.asarray((1 + distance + distance**2 / 3) * np.exp(-distance) * np.where(same, 1.0, share))


Scales = tuple["Array", float, float]


def _solve(logs: Array, kinds: Sequence[str], residuals: Array, noises: Array, scales: Scales) -> tuple[Array, Array]:
    """Weights, and leave-one-out errors (Rasmussen and Williams, equation 5.12)."""
    import numpy as np

    kernel = _kernel(logs, kinds, logs, kinds, scales[0], scales[1])
    inverse = np.linalg.inv(kernel + np.diag(noises))
    weights = inverse @ residuals
    return weights, weights / np.diag(inverse)


def _weights(logs: Array, kinds: Sequence[str], residuals: Array, spreads: Array, scales: Scales) -> Array:
    """Weights with outliers among the residuals taken for noise."""
    import numpy as np

    noises = scales[2] * spreads
    _, errors = _solve(logs, kinds, residuals, noises, scales)
    usual = 1.4826 * float(np.median(np.abs(errors))) + 1e-3
    noises = noises * np.maximum(1.0, np.abs(errors) / (4.0 * usual)) ** 4
    return _solve(logs, kinds, residuals, noises, scales)[0]


def _search(logs: Array, kinds: Sequence[str], residuals: Array, spreads: Array) -> Scales:
    """Coordinate descent over lengths, share and noise, on some of the configurations."""
    import numpy as np

    some = _thin(len(residuals), SEARCHED)
    logs, kinds, residuals, spreads = logs[some], [kinds[i] for i in some], residuals[some], spreads[some]
    width = np.maximum(np.ptp(logs, axis=0), 1e-6) / 3.0
    state: list[float] = [1.5] * logs.shape[1] + [0.5, 1e-2]
    options = [LENGTHS] * logs.shape[1] + [SHARES if len(set(kinds)) > 1 else (0.0,), NOISES]

    def score(values: list[float]) -> float:
        scales = width * np.array(values[:-2]), values[-2], values[-1]
        errors = np.abs(_solve(logs, kinds, residuals, values[-1] * spreads, scales)[1])
        return float(np.mean(np.minimum(errors, 4.0 * np.median(errors) + 1e-3)))

    best = score(state)
    for _ in range(2):
        for place, values in enumerate(options):
            for value in values:
                trial = [*state[:place], value, *state[place + 1 :]]
                if trial != state and (found := score(trial)) < best:
                    state, best = trial, found
    return width * np.array(state[:-2]), state[-2], state[-1]


def _thin(count: int, most: int) -> list[int]:
    """Some indices, always the same ones; all where there are few."""
    return sorted(random.Random(count).sample(range(count), min(count, most)))
