"""Seconds of a unit against calls in work at once: the load curve of an instance."""

from __future__ import annotations

import msgspec

from murakkab_optimizer.profiles.nouns import Profile

IDLE_SHARE = 0.32
"""Seconds of a unit on an idle instance, as a share of those at the only point that is known: the median of the five
published curves that have several points (0.26, 0.30, 0.32, 0.35, 0.52; Murakkab, arXiv 2508.18298). Estimated."""


class LoadCurve(msgspec.Struct, frozen=True):
    """One unit of one of ``b`` calls takes ``idle_s + slope_s * b`` seconds, up to ``most`` calls.

    By Little's law the calls in work at a published point are its rate times its seconds of a unit. The published
    curves with three points lie on a line within 1 %.
    """

    idle_s: float
    slope_s: float
    most: float

    def unit_s(self, calls: float) -> float:
        """Seconds of a unit with so many calls in work."""
        return self.idle_s + self.slope_s * calls

    def rate(self, calls: float) -> float:
        """Units a second of all of them together."""
        return calls / self.unit_s(calls)


def curve(profile: Profile) -> LoadCurve:
    """The line through the points of a profile; one point is completed by ``IDLE_SHARE``."""
    points = [(point.rate * point.unit_s, point.unit_s) for point in profile.load]
    if not points:
        return LoadCurve(profile.unit_s, 0.0, 1.0)
    most = max(calls for calls, _ in points)
    if len(points) == 1:
        seconds = points[0][1]
        return LoadCurve(seconds * IDLE_SHARE, seconds * (1 - IDLE_SHARE) / most, most)
    return LoadCurve(*_line(points), most)


def _line(points: list[tuple[float, float]]) -> tuple[float, float]:
    """Intercept and slope of least squares, neither below nothing."""
    x, y = (sum(values) / len(points) for values in zip(*points, strict=True))
    spread = sum((calls - x) ** 2 for calls, _ in points)
    slope = sum((calls - x) * (seconds - y) for calls, seconds in points) / spread if spread else 0.0
    slope = min(max(slope, 0.0), y / x if x else 0.0)
    return y - slope * x, slope
