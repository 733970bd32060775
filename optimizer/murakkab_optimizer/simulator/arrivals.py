"""When runs are asked for."""

from __future__ import annotations

import random


def poisson(rate: float, count: int, seed: int = 0) -> list[float]:
    """Times of ``count`` independent arrivals, ``rate`` a second on average; the first one comes at 0."""
    draw, now, times = random.Random(seed), 0.0, []
    for _ in range(count):
        times.append(now)
        now += draw.expovariate(rate)
    return times


def bursts(size: int, every_s: float, count: int) -> list[float]:
    """Times of ``count`` arrivals, ``size`` at once, ``every_s`` seconds apart."""
    return [index // size * every_s for index in range(count)]
