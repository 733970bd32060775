"""Trends of latency over work: sums of monomials with coefficients that are never negative.

Seconds = sum over k of a_k * product over j of x_j ** e_kj, with a_k >= 0 and the exponents from a small grid: a fixed
part, work at a price, work that is quadratic, work shared by devices. Such a sum is positive, monotone in every column,
and goes on beyond what was measured. Kinds of machines share the shape as far as their own measurements do not say
otherwise. A power law, one monomial whose exponents are fitted, is the trend of tables too small for more.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

LARGEST, SMALLEST = 2.0, -1.0
"""Exponents of a power law: attention grows with the square of its work; no work is shared by more than all devices."""

GRIDS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "linear": ((0.0, 1.0), (0.0, -1.0)),
    "quadratic": ((0.0, 1.0, 2.0), (0.0, -1.0)),
    "fine": ((0.0, 0.5, 1.0, 1.5, 2.0), (0.0, -0.5, -1.0)),
}
"""Exponents of a growing and of a falling column."""

MONOMIALS = 400
"""At most so many; of a larger grid those with the smallest exponents."""


class Trend(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fitted trend over the numeric columns divided by ``scale``.

    Attributes:
        scale: geometric means of the columns.
        exponents: of each monomial and column.
        shared: seconds of each monomial, for a kind of machine that was never measured.
        kinds: seconds of each monomial by kind of machine.

    """

    scale: tuple[float, ...]
    exponents: tuple[tuple[float, ...], ...]
    shared: tuple[float, ...]
    kinds: dict[str, tuple[float, ...]]

    def log_seconds(self, numbers: Array, kinds: Sequence[str]) -> Array:
        """Logarithms of the seconds of these configurations.

        Args:
            numbers: of shape (configurations, columns).
            kinds: of machine, one a configuration.
        """
        import numpy as np

        monomials = _monomials(numbers, self.scale, self.exponents)
        prices = np.array([self.kinds.get(kind, self.shared) for kind in kinds])
        return np.asarray(np.log(np.sum(monomials * prices, axis=1)))


def fit_trend(
    structure: Sequence[str],
    numbers: Array,
    kinds: Sequence[str],
    seconds: Array,
    rising: Sequence[bool],
    priors: Sequence[float],
) -> Trend:
    """Fit by least squares of relative errors, outliers weighted down.

    Args:
        structure: for each column a name of `GRIDS`; empty for a power law.
        numbers: of shape (configurations, columns), positive.
        kinds: of machine, one a configuration.
        seconds: of each configuration.
        rising: columns that never make a task faster.
        priors: exponents of columns that do not vary.
    """
    import numpy as np

    scale = np.exp(np.mean(np.log(numbers), axis=0))
    slopes = _slopes(np.log(numbers / scale), kinds, np.log(seconds), rising, priors)
    exponents = _grid(structure, slopes, numbers, priors) if structure else [tuple(slopes)]
    monomials = _monomials(numbers, scale, exponents)
    shared, prices = _prices(monomials, kinds, seconds)
    return Trend(tuple(map(float, scale)), tuple(exponents), shared, prices)


def _monomials(numbers: Array, scale: Sequence[float] | Array, exponents: Sequence[tuple[float, ...]]) -> Array:
    import numpy as np

    return np.asarray(np.exp(np.log(numbers / np.asarray(scale)) @ np.asarray(exponents).reshape(len(exponents), -1).T))


def _slopes(
    logs: Array, kinds: Sequence[str], times: Array, rising: Sequence[bool], priors: Sequence[float]
) -> list[float]:
    """Exponents of the power law with one factor a kind; what varies not has its prior."""
    import numpy as np

    names = sorted(set(kinds))
    levels = np.array([[float(kind == name) for name in names] for kind in kinds])
    design = np.hstack([levels, logs])
    ridge = (
        np.diag([1e-9] * len(names) + [1e-3 * len(times)] * logs.shape[1])
        if logs.shape[1]
        else 1e-9 * np.eye(len(names))
    )
    weights = np.ones(len(times))
    for _ in range(10):
        left = design.T @ (design * weights[:, None]) + ridge
        found = np.linalg.solve(left, design.T @ (times * weights))
        weights = _huber(times - design @ found)
    varies = np.ptp(logs, axis=0) > 0
    return [
        float(min(max(slope, 0.0 if up else SMALLEST), LARGEST)) if moves else float(prior)
        for slope, up, moves, prior in zip(found[len(names) :], rising, varies, priors, strict=True)
    ]


def _grid(
    structure: Sequence[str], slopes: Sequence[float], numbers: Array, priors: Sequence[float]
) -> list[tuple[float, ...]]:
    """Exponents of every monomial, those with the smallest first."""
    import numpy as np

    varies = np.ptp(numbers, axis=0) > 0
    choices = [
        GRIDS[name][slope < 0] if moves else (float(prior),)
        for name, slope, moves, prior in zip(structure, slopes, varies, priors, strict=True)
    ]
    every = sorted(
        itertools.product(*choices), key=lambda one: (max(map(abs, one), default=0.0), sum(map(abs, one)), one)
    )
    return every[:MONOMIALS]


def _prices(
    monomials: Array, kinds: Sequence[str], seconds: Array
) -> tuple[tuple[float, ...], dict[str, tuple[float, ...]]]:
    """Prices shared by all kinds, up to a factor, and the prices of each kind, drawn towards them."""
    import numpy as np

    names = np.array(kinds)
    factor = {name: float(np.exp(np.median(np.log(seconds[names == name])))) for name in sorted(set(kinds))}
    common = np.ones(monomials.shape[1])
    for _ in range(2):
        scaled = seconds / np.array([factor[kind] for kind in kinds])
        common = _non_negative(monomials, scaled, np.zeros(monomials.shape[1]), 1e-6)
        ratio = np.log(seconds) - np.log(monomials @ common)
        factor = {name: float(np.exp(np.median(ratio[names == name]))) for name in factor}
    found = {
        name: _non_negative(monomials[names == name], seconds[names == name], common * factor[name], 1e-3)
        for name in factor
    }
    middle = float(np.exp(np.mean(np.log(list(factor.values())))))
    return tuple(map(float, common * middle)), {name: tuple(map(float, prices)) for name, prices in found.items()}


def _non_negative(monomials: Array, seconds: Array, centre: Array, ridge: float) -> Array:
    """Non-negative prices with the least relative errors, drawn to ``centre``; never all zero."""
    import numpy as np

    relative = monomials / seconds[:, None]
    weights = np.ones(len(seconds))
    prices = centre
    for _ in range(2):
        gram = relative.T @ (relative * weights[:, None])
        pull = ridge * (np.diag(gram) + 1e-12)
        prices = _solve(gram + np.diag(pull), relative.T @ weights + pull * centre)
        weights = _huber(1.0 - relative @ prices)
    if float(np.min(relative @ prices)) <= 1e-9:
        prices = prices + np.min(1.0 / np.maximum(relative, 1e-12), axis=0) * 1e-3
    return prices


def _solve(gram: Array, target: Array) -> Array:
    """Minimise x'Gx/2 - t'x over x >= 0.

    Bro and de Jong, A fast non-negativity-constrained least squares algorithm, Journal of Chemometrics 11, 1997.
    """
    import numpy as np

    x = np.zeros(len(target))
    free = np.zeros(len(target), dtype=bool)
    tolerance = 1e-9 * float(np.max(np.abs(target)) + 1e-12)
    for _ in range(3 * len(target)):
        gradient = np.where(free, -np.inf, target - gram @ x)
        best = int(np.argmax(gradient))
        if gradient[best] <= tolerance:
            break
        free[best] = True
        while True:
            trial = np.zeros(len(target))
            trial[free] = np.linalg.solve(gram[np.ix_(free, free)], target[free])
            low = free & (trial <= 0)
            if not low.any():
                x = trial
                break
            step = float(np.min(x[low] / np.maximum(x[low] - trial[low], 1e-300)))
            x = x + step * (trial - x)
            free &= x > 1e-12 * float(np.max(x) + 1e-300)
            x[~free] = 0.0
            if not free.any():
                break
    return np.asarray(x)


def _huber(residuals: Array) -> Array:
    """Weights of residuals: 1 up to three times their usual size, less beyond."""
    import numpy as np

    usual = 1.4826 * float(np.median(np.abs(residuals))) + 1e-3
    return np.asarray(np.minimum(1.0, 3.0 * usual / np.maximum(np.abs(residuals), 1e-12)))
