"""How long work takes on idle cores, whatever else the machine does; peak memory; energy where it is counted.

A core that others use makes a task wait. Linux tells how long each thread has waited
(``/proc/self/task/*/schedstat``), and that is taken off the time that passed. Work of programs that a task calls is
not told that way; its waiting stays in.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from murakkab.profiling.accelerators import handles

_TASKS = Path("/proc/self/task")
POWERCAP = Path("/sys/class/powercap")


@dataclass(frozen=True)
class Span:
    """Seconds: those that passed, those of the processor, and those of the same work on idle cores."""

    wall_s: float
    cpu_s: float
    seconds: float


@dataclass(frozen=True)
class _Reading:
    at: float
    cpu: float
    waited: dict[str, int]


class Times:
    """Times one task.

    Args:
        threads: that the task may use.

    """

    def __init__(self, threads: int) -> None:
        self._threads = max(threads, 1)
        self._start = self._end = _Reading(0.0, 0.0, {})
        self._first: _Reading | None = None

    def start(self) -> None:
        """The task begins."""
        waited = _waited()
        self._start = _Reading(time.perf_counter(), _cpu(), waited)

    def note_item(self) -> None:
        """An item is there; the first one counts."""
        if self._first is None:
            self._first = _reading()

    def stop(self) -> None:
        """The task is done."""
        self._end = _reading()

    def whole(self) -> Span:
        """From start to end."""
        return self._span(self._end)

    def first(self) -> Span | None:
        """From the start to the first item."""
        return self._span(self._first) if self._first else None

    def _span(self, end: _Reading) -> Span:
        wall, cpu = end.at - self._start.at, end.cpu - self._start.cpu
        waits = (end.waited[thread] - self._start.waited.get(thread, 0) for thread in end.waited)
        idle = wall - sum(waits) / 1e9 / self._threads
        return Span(wall, cpu, min(wall, max(idle, cpu / self._threads)))


def _reading() -> _Reading:
    at, cpu = time.perf_counter(), _cpu()
    return _Reading(at, cpu, _waited())


def _cpu() -> float:
    """Processor seconds of this process, and of the programs that it has called and that have ended."""
    children = os.times()
    return time.process_time() + children.children_user + children.children_system


def _waited() -> dict[str, int]:
    """By thread, nanoseconds that it was ready and had no core; empty where the system does not tell."""
    found = {}
    with suppress(OSError):
        for thread in _TASKS.iterdir():
            with suppress(OSError, IndexError, ValueError):
                found[thread.name] = int((thread / "schedstat").read_bytes().split()[1])
    return found


def forget_peak() -> None:
    """Let ``peak_mb`` begin anew, where the system allows it."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_mb() -> float:
    """Peak of the resident memory of this process in MiB; 0 where the system does not tell."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


class EnergyCounter:
    """The energy counters of the processor packages (RAPL), where they can be read.

    Args:
        root: folder of the counters.

    """

    def __init__(self, root: Path = POWERCAP) -> None:
        self._zones = [zone for zone in sorted(root.glob("intel-rapl:*")) if zone.name.count(":") == 1]
        self._last = self._read()

    @property
    def there(self) -> bool:
        """Whether there is a counter."""
        return bool(self._last)

    def joules(self) -> float:
        """Since the last call, or since it was made."""
        last, self._last = self._last, self._read()
        return sum(self._since(zone, last[zone], now) for zone, now in self._last.items() if zone in last)

    def _read(self) -> dict[Path, int]:
        found = {}
        for zone in self._zones:
            with suppress(OSError, ValueError):
                found[zone] = int((zone / "energy_uj").read_text())
        return found

    def _since(self, zone: Path, last: int, now: int) -> float:
        """Counters begin again at 0 behind their range."""
        if now < last:
            with suppress(OSError, ValueError):
                now += int((zone / "max_energy_range_uj").read_text())
        return max(now - last, 0) / 1e6


class AcceleratorCounter:
    """The energy counters of the NVIDIA accelerators that this process may use, where NVML tells them.

    NVML is read by the package ``nvidia-ml-py`` (extra ``gpu``) and counts in millijoules, on Volta and later. Numbers
    in ``CUDA_VISIBLE_DEVICES`` are taken in the order of the bus.
    """

    def __init__(self) -> None:
        self._handles = handles()
        self._last = self._read()

    @property
    def there(self) -> bool:
        """Whether there is a counter."""
        return bool(self._last)

    def joules(self) -> float:
        """Since the last call, or since it was made."""
        last, self._last = self._last, self._read()
        return sum(max(now - last[at], 0) / 1e3 for at, now in self._last.items() if at in last)

    def _read(self) -> dict[int, int]:
        """Millijoules of each accelerator that counts them."""
        found = {}
        for at, handle in enumerate(self._handles):
            import pynvml

            with suppress(pynvml.NVMLError):
                found[at] = int(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle))
        return found


class Counter(Protocol):
    """Counts energy."""

    @property
    def there(self) -> bool:
        """Whether it counts."""

    def joules(self) -> float:
        """Since the last call."""


class PowerMeter:
    """Watts beyond those of the idle machine; it looks at the idle machine when it is made.

    Args:
        counters: of energy.
        idle_s: how long it looks, if any of them counts.

    """

    def __init__(self, counters: tuple[Counter, ...], idle_s: float = 0.5) -> None:
        self._counters = counters
        self._idle: tuple[float, ...] = (0.0,) * len(counters)
        self.start()
        if any(counter.there for counter in counters):
            time.sleep(idle_s)
            self._idle = tuple(watts or 0.0 for watts in self.watts())

    def start(self) -> None:
        """Work begins."""
        self._began = time.monotonic()
        for counter in self._counters:
            counter.joules()

    def watts(self) -> tuple[float | None, ...]:
        """Of each counter since the start; None for one that does not count."""
        passed = max(time.monotonic() - self._began, 1e-9)
        return tuple(
            max(counter.joules() / passed - idle, 0.0) if counter.there else None
            for counter, idle in zip(self._counters, self._idle, strict=True)
        )
