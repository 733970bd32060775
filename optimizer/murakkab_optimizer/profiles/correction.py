"""Online correction of profiles: how much longer than expected a configuration takes on this machine, these days.

The estimate follows log(observed / expected): each observation moves it by a clipped share of the way (Huber, Robust
Estimation of a Location Parameter, 1964), so a single outlier cannot move it by 5 %; the share has a floor, so the past
is forgotten. Observations that stay far off on one side draw it to their median, so a machine that has become twice as
slow is believed within a few of them.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping
from typing import Any

import msgspec

WINDOW = 20
"""Observations that drift is judged by."""

DRIFT = 1.25
"""Drift is a median ratio of the window beyond this, or below its inverse."""

FLOOR = 0.1
"""Least share of the way that the estimate moves to an observation: the last ten or so count."""

CLIP = 0.04
"""Longest step, in logarithms, as long as steps do not keep their direction; also the smallest usual deviation."""

STREAK = 3
"""Observations on one side, far off, from which on a shift is believed to have happened."""


class Correction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What runs said of one configuration; a plain record that a store can keep.

    Attributes:
        shift: estimate of log(observed / expected).
        count: observations so far.
        streak: observations in a row that were far off on one side, negative below.
        recent: log ratios of the last `WINDOW` observations, oldest first.

    """

    shift: float = 0.0
    count: int = 0
    streak: int = 0
    recent: tuple[float, ...] = ()

    @property
    def factor(self) -> float:
        """Multiply expected seconds by this."""
        return math.exp(self.shift)


class Drift(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Evidence that a profile no longer holds.

    Attributes:
        ratio: median of observed / expected.
        low: smallest ratio of the middle half of the observations.
        high: largest of it.
        count: observations that say so.

    """

    ratio: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        return (
            f"the last {self.count} runs took {self.ratio:.2f} times as long as profiled "
            f"(middle half {self.low:.2f} to {self.high:.2f})"
        )


def key(model: str, knobs: Mapping[str, Any], device: str) -> str:
    """What a correction is kept under: the same for equal settings in any order."""
    return json.dumps([model, device, dict(knobs)], sort_keys=True, default=str)


def observe(correction: Correction, expected_s: float, observed_s: float) -> Correction:
    """The correction after one more observation.

    Args:
        correction: so far.
        expected_s: seconds by the profile, not corrected.
        observed_s: seconds that it took.

    Raises:
        ValueError: seconds that are not positive and finite.

    """
    if not (0 < expected_s < math.inf and 0 < observed_s < math.inf):
        raise ValueError(f"seconds must be positive and finite, not {expected_s} expected and {observed_s} observed")
    ratio = math.log(observed_s / expected_s)
    recent = (*correction.recent, ratio)[-WINDOW:]
    off = ratio - correction.shift
    streak = _streak(correction.streak, off)
    return Correction(correction.shift + _step(correction, off, streak, recent), correction.count + 1, streak, recent)


def drift(correction: Correction) -> Drift | None:
    """Evidence of drift; None where there is none, or fewer than `WINDOW` observations."""
    if len(correction.recent) < WINDOW:
        return None
    low, middle, high = (math.exp(value) for value in statistics.quantiles(correction.recent, n=4))
    return None if 1 / DRIFT <= middle <= DRIFT else Drift(middle, low, high, len(correction.recent))


def _streak(streak: int, off: float) -> int:
    if abs(off) <= CLIP:
        return 0
    side = 1 if off > 0 else -1
    return streak + side if streak * side > 0 else side


def _step(correction: Correction, off: float, streak: int, recent: tuple[float, ...]) -> float:
    """Share of the way to the observation, clipped; after a streak, to the median of the streak."""
    share = max(FLOOR, 1.0 / (correction.count + 2))
    if abs(streak) > STREAK:
        lasting = statistics.median(recent[-abs(streak) :]) - correction.shift
        return max(share, 0.3) * lasting
    return min(max(share * off, -CLIP), CLIP)
