"""What a replay of a fleet costs, draws and keeps of its promises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from benchmarks.fleet_pools import Pool, World
from murakkab_optimizer.planner.fleet.rent import core_price, core_w

Standing = Mapping[tuple[str, bool], float]
"""Devices that stand by, by type and whether they are spot."""


class Ledger:
    """Device-seconds, rent and energy inside the window of the world, and what became of its requests.

    Attributes:
        served: by request its class, seconds and quality.
        refused: requests that were turned away.

    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.devices = self.dollars = self.joules = self.peak = 0.0
        self.served: list[tuple[int, float, float]] = []
        self.refused = 0
        self._prices = {(o.device.name, o.spot): (o.price, o.device.idle_w) for o in world.cluster.offers}
        self._core_price, self._core_w = core_price(world.cluster), core_w(world.cluster)

    def counts(self, begin: float, end: float) -> bool:
        """Whether any of the time between is in the window."""
        return min(end, self.world.end_s) > max(begin, self.world.begin_s)

    def add(self, begin: float, end: float, pools: Iterable[Pool], standing: Iterable[Standing], cores: float) -> None:
        """Count what was paid for and drawn between two moments in which nothing changed."""
        seconds = min(end, self.world.end_s) - max(begin, self.world.begin_s)
        devices, dollars, watts = 0.0, cores * self._core_price, cores * self._core_w
        for pool in pools:
            held = pool.paid * pool.group.devices
            devices, dollars, watts = devices + held, dollars + held * pool.offer.price, watts + pool.watts
        for kinds in standing:
            for kind, count in kinds.items():
                price, idle = self._prices[kind]
                devices, dollars, watts = devices + count, dollars + count * price, watts + count * idle
        self.devices += devices * seconds
        self.dollars += dollars * seconds / 3600
        self.joules += watts * seconds
        self.peak = max(self.peak, devices)

    def figures(self) -> dict[str, float]:
        """All that is reported of a replay."""
        seconds, count = self.world.end_s - self.world.begin_s, max(len(self.served) + self.refused, 1)
        promises = self.world.classes
        late = [latency > promises[load].latency_s for load, latency, _ in self.served]
        poor = [quality < promises[load].quality for load, _, quality in self.served]
        kept = sum(not (a or b) for a, b in zip(late, poor, strict=True))
        broken = [0] * len(promises)
        total = [0] * len(promises)
        for (load, _, _), a, b in zip(self.served, late, poor, strict=True):
            total[load] += 1
            broken[load] += a or b
        times = sorted(latency for _, latency, _ in self.served) or [0.0]
        return {
            "accelerators_mean": self.devices / seconds,
            "accelerators_peak": self.peak,
            "energy_kwh": self.joules / 3.6e6,
            "cost_usd": self.dollars,
            "violations": 1 - kept / count,
            "late": sum(late) / count,
            "poor": sum(poor) / count,
            "refused": self.refused / count,
            "promises_kept": sum(b <= 0.1 * n for b, n in zip(broken, total, strict=True)) / len(promises),
            "goodput_per_s": kept / seconds,
            "p50_s": times[len(times) // 2],
            "p99_s": times[int(0.99 * (len(times) - 1))],
            "requests": count,
        }
