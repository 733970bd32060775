"""What promises in words mean: percentiles of what can be reached (Murakkab, arXiv 2508.18298)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from murakkab_optimizer.graph import TIERS, Bound

SHARES = dict(zip(TIERS, (0.0, 0.05, 0.20, 0.50), strict=True))
"""By tier, the share of all that may be better: ``best`` is the best that can be reached, ``good`` the 95th percentile,
``fair`` the 80th, ``basic`` the 50th."""

_EPSILON = 1e-9


def floor(bound: Bound | None, reachable: Sequence[float]) -> float:
    """The least value that keeps a promise of what should be high.

    Args:
        bound: a number, a tier or nothing.
        reachable: the values that can be had, at least one; a tier is the nearest rank among them, from the good side.

    """
    if bound is None:
        return 0.0
    return _ranked(sorted(reachable, reverse=True), bound) if isinstance(bound, str) else bound


def ceiling(bound: Bound | None, reachable: Sequence[float]) -> float:
    """The greatest value that keeps a promise of what should be low; infinite where nothing is promised."""
    if bound is None:
        return math.inf
    return _ranked(sorted(reachable), bound) if isinstance(bound, str) else bound


def _ranked(best_first: Sequence[float], tier: str) -> float:
    return best_first[max(math.ceil(SHARES[tier] * len(best_first) - _EPSILON), 1) - 1]
