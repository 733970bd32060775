"""What the samples of a configuration say: seconds of a task, seconds of a unit, and their spread."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from murakkab.profiling.messages import Sample
from murakkab_optimizer.profiles.nouns import LoadPoint

APART = 1.5
"""Times the units of the smallest piece that the largest must have to tell the time of a task from that of a unit."""


@dataclass(frozen=True)
class Fit:
    """Seconds of a task (``fixed_s``) and of a unit, processor seconds of a unit, and distances of quartiles.

    ``spread_s`` is that of a unit over repeats of the same piece, ``fixed_spread_s`` that of the smallest task.
    """

    fixed_s: float
    unit_s: float
    cpu_s: float
    spread_s: float
    fixed_spread_s: float
    first_s: float | None


def fit(samples: Sequence[Sample]) -> Fit:
    """A line through the medians of the pieces.

    Where the pieces are of about one size, or the line would begin below 0, all time goes by units. Where larger pieces
    take no longer, all time is of the task.
    """
    pieces = _by_piece(samples)
    fixed_s, unit_s = _line([(one[0].units, _median(one, _seconds)) for one in pieces])
    smallest, largest = (choose(pieces, key=lambda one: one[0].units) for choose in (min, max))
    firsts = [sample.first_s for sample in smallest if sample.first_s is not None]
    return Fit(
        fixed_s=fixed_s,
        unit_s=unit_s,
        cpu_s=statistics.median(sample.cpu_s / max(sample.units, 1e-9) for sample in largest),
        spread_s=_quartiles([s.seconds / _median(one, _seconds) for one in pieces for s in one if s.seconds]) * unit_s,
        fixed_spread_s=_quartiles([sample.seconds for sample in smallest]),
        first_s=statistics.median(firsts) if firsts else None,
    )


def load_curve(unit_s: float, slower: Sequence[tuple[int, float]]) -> tuple[LoadPoint, ...]:
    """Seconds of a unit by the units that instances do a second together.

    Args:
        unit_s: seconds of a unit on one instance that works alone.
        slower: instances at work at once, and how many times longer each takes than alone.

    Returns:
        A point for each number of instances, from one on. Only the first where more instances do not do more:
        such a machine has no room for them.
    """
    points = [LoadPoint(short(1 / unit_s), short(unit_s))]
    for count, times in slower:
        loaded = unit_s * max(times, 1.0)
        points.append(LoadPoint(short(count / loaded), short(loaded)))
    rates = [point.rate for point in points]
    return tuple(points) if rates == sorted(set(rates)) else tuple(points[:1])


def largest_within(limit_s: float, samples: Sequence[Sample]) -> int:
    """The largest piece that is done in a time; the smallest where none is."""
    by_units = sorted(samples, key=lambda sample: sample.units)
    quick = [sample.piece for sample in by_units if sample.seconds <= limit_s]
    return quick[-1] if quick else by_units[0].piece


def piece_s(samples: Sequence[Sample], piece: int) -> float:
    """Median seconds of one piece."""
    return statistics.median(sample.seconds for sample in samples if sample.piece == piece)


def rounds(samples: Sequence[Sample]) -> int:
    """How often the piece was done that was done most often."""
    return max(Counter(sample.piece for sample in samples).values(), default=0)


def short(value: float) -> float:
    """Four digits, which is more than is known."""
    return float(f"{value:.4g}")


def _by_piece(samples: Sequence[Sample]) -> list[list[Sample]]:
    found: dict[int, list[Sample]] = defaultdict(list)
    for sample in samples:
        found[sample.piece].append(sample)
    return list(found.values())


def _line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    units = [unit for unit, _ in points]
    total = sum(units)
    if not total:
        return statistics.median(seconds for _, seconds in points), 0.0
    if max(units) >= APART * min(units):
        unit_s, fixed_s = statistics.linear_regression(units, [seconds for _, seconds in points])
        if unit_s > 0 and fixed_s >= 0:
            return fixed_s, unit_s
        if unit_s <= 0:
            return statistics.median(seconds for _, seconds in points), 0.0
    return 0.0, sum(seconds for _, seconds in points) / total


def _seconds(sample: Sample) -> float:
    return sample.seconds


def _median(samples: Sequence[Sample], of: Callable[[Sample], float]) -> float:
    return statistics.median(map(of, samples))


def _quartiles(values: Sequence[float]) -> float:
    """Distance of the quartiles; 0 for a single value."""
    if len(values) < 2:
        return 0.0
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return max(high - low, 0.0)
