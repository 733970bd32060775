"""Seconds against one amount of work, through what was measured: a few points, without a solver.

Between three or more points lies a monotone cubic (Fritsch and Butland, A method for constructing local monotone
piecewise cubic interpolants, 1984). Two points make a straight line, as long as it leaves a fixed part of 0 or more;
where seconds grow faster than the work does, a power of it. Beyond the points the outermost two say so how it goes on,
with an exponent of at most 2 (attention grows with the square of its work), and never downwards.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence

from murakkab_optimizer.profiles.latency_trend import LARGEST

Point = tuple[float, float]
"""Work and seconds, both more than 0."""


def seconds_at(points: Sequence[Point], work: float) -> float:
    """Seconds of so much work.

    Args:
        points: two or more, by rising work, no work twice.
        work: more than 0.

    """
    above = max(next((i for i, point in enumerate(points) if point[0] >= work), len(points) - 1), 1)
    low, high = points[above - 1], points[above]
    if not low[0] <= work <= high[0]:
        return _beyond(low, high, work)
    if len(points) == 2:
        return _between(low, high, work)
    slopes = _slopes(points)
    return _cubic(low, high, slopes[above - 1], slopes[above], work)


def rising(points: Sequence[Point]) -> list[Point]:
    """The points with seconds that never fall: where more work took less time, the mean of what contradicts itself.

    Pool adjacent violators (Barlow and others, Statistical Inference under Order Restrictions, 1972).
    """
    pools: list[list[float]] = []
    for _, seconds in points:
        pools.append([seconds])
        while len(pools) > 1 and statistics.fmean(pools[-2]) > statistics.fmean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    level = [statistics.fmean(pool) for pool in pools for _ in pool]
    return [(work, seconds) for (work, _), seconds in zip(points, level, strict=True)]


def error_at(points: Sequence[Point], work: float) -> float | None:
    """Median share that left-out points are missed by: inner ones for work between points, else the outermost ones.

    None where too few points are left to tell.
    """
    inside = points[0][0] <= work <= points[-1][0]
    ends = (0, len(points) - 1)
    left_out = [i for i in range(len(points)) if (i not in ends) == inside] if len(points) > 2 else []
    missed = [abs(seconds_at(_without(points, i), points[i][0]) / points[i][1] - 1.0) for i in left_out]
    return statistics.median(missed) if missed else None


def _growth(low: Point, high: Point) -> float:
    """The power of the work that seconds grow with."""
    return math.log(high[1] / low[1]) / math.log(high[0] / low[0])


def _between(low: Point, high: Point, work: float) -> float:
    growth = _growth(low, high)
    if growth > 1:
        return low[1] * math.exp(growth * math.log(work / low[0]))
    return low[1] + (high[1] - low[1]) / (high[0] - low[0]) * (work - low[0])


def _beyond(low: Point, high: Point, work: float) -> float:
    growth, start = _growth(low, high), low if work < low[0] else high
    if growth > 1:
        return start[1] * math.exp(min(growth, LARGEST) * math.log(work / start[0]))
    return start[1] + max((high[1] - low[1]) / (high[0] - low[0]), 0.0) * (work - start[0])


def _slopes(points: Sequence[Point]) -> list[float]:
    """Of the cubic at each point: weighted harmonic means of the slopes beside it, 0 where they turn."""
    pairs = list(itertools.pairwise(points))
    widths = [high[0] - low[0] for low, high in pairs]
    secants = [(high[1] - low[1]) / width for (low, high), width in zip(pairs, widths, strict=True)]
    inner = [
        0.0 if before * after <= 0 else 3 * (left + right) / ((2 * right + left) / before + (right + 2 * left) / after)
        for (before, after), (left, right) in zip(itertools.pairwise(secants), itertools.pairwise(widths), strict=True)
    ]
    return [secants[0], *inner, secants[-1]]


def _cubic(low: Point, high: Point, rise: float, fall: float, work: float) -> float:
    """The Hermite cubic through two points with these slopes."""
    width = high[0] - low[0]
    part = (work - low[0]) / width
    rest = 1 - part
    ends = rest * rest * (1 + 2 * part) * low[1] + part * part * (1 + 2 * rest) * high[1]
    return ends + part * rest * width * (rest * rise - part * fall)


def _without(points: Sequence[Point], index: int) -> list[Point]:
    return [*points[:index], *points[index + 1 :]]
