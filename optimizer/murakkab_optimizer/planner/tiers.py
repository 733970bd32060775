"""What promises in words mean: shares of the best that the available models can do."""

from __future__ import annotations

from murakkab_optimizer.graph import TIERS, Bound

SHARES = dict(zip(TIERS, (1.0, 0.8, 0.5, 0.0), strict=True))
"""``best`` is as good as the best available model of the node, ``good`` at least 0.8 of it, ``fair`` at least half of
it, ``basic`` anything. Of time, the best is the shortest, and ``good`` is at most 1 / 0.8 of it."""


def floor(bound: Bound | None, best: float) -> float:
    """The least value that keeps a promise of what should be high.

    Args:
        bound: a number, a tier or nothing.
        best: the highest value that can be had.

    """
    if bound is None:
        return 0.0
    return SHARES[bound] * best if isinstance(bound, str) else bound


def ceiling(bound: Bound | None, best: float) -> float:
    """The greatest value that keeps a promise of what should be low; infinite where nothing is promised."""
    if bound is None:
        return float("inf")
    if isinstance(bound, str):
        return best / SHARES[bound] if SHARES[bound] else float("inf")
    return bound
