"""Times of idle cores on a busy machine, and counters of energy."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from murakkab.profiling.clock import AcceleratorCounter, EnergyCounter, PowerMeter, Times, forget_peak, peak_mb


def work() -> None:
    """About 60 ms of one core."""
    total = 0
    for number in range(600_000):
        total += number * number


def work_4() -> None:
    """As long as the turns of several processes on one core."""
    for _ in range(4):
        work()


def timed(what: Callable[[], None]) -> tuple[float, float]:
    times = Times(1)
    times.start()
    what()
    times.stop()
    return times.whole().seconds, times.whole().wall_s


def _spin(core: int) -> None:
    os.sched_setaffinity(0, {core})
    while True:
        pass


@contextmanager
def crowded() -> Iterator[None]:
    """This process and two busy ones share one core."""
    before = os.sched_getaffinity(0)
    core = min(before)
    context = multiprocessing.get_context("fork")
    others = [context.Process(target=_spin, args=(core,), daemon=True) for _ in range(2)]
    for one in others:
        one.start()
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
        for one in others:
            one.kill()
            one.join()


def test_waiting_for_a_core_does_not_count() -> None:
    """A third of a core is had, and what passes meanwhile is told as time of a whole one."""
    with crowded():
        rows = [timed(work_4) for _ in range(4)]
    assert min(seconds / wall for seconds, wall in rows) < 0.6


def test_sleeping_counts() -> None:
    times = Times(1)
    times.start()
    time.sleep(0.05)
    times.note_item()
    time.sleep(0.05)
    times.note_item()
    times.stop()
    first = times.first()
    assert first is not None
    assert 0.05 <= first.seconds <= times.whole().seconds - 0.05
    assert times.whole().cpu_s < 0.05


def test_threads_that_end_meanwhile_do_no_harm() -> None:
    times = Times(2)
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads[:2]:
        thread.start()
    times.start()
    for thread in threads[2:]:
        thread.start()
    for thread in threads:
        thread.join()
    times.stop()
    whole = times.whole()
    assert 0 < whole.seconds <= whole.wall_s


def test_a_peak_is_forgotten() -> None:
    large = bytearray(100 * 2**20)
    assert peak_mb() > 100
    high = peak_mb()
    del large
    forget_peak()
    assert peak_mb() < high - 50


@pytest.fixture
def counters(tmp_path: Path) -> Path:
    for name in ("intel-rapl:0", "intel-rapl:1", "intel-rapl:0:0"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "energy_uj").write_text("1000000\n")
        (tmp_path / name / "max_energy_range_uj").write_text("5000000\n")
    return tmp_path


def test_energy_is_that_of_all_packages_and_of_no_part_twice(counters: Path) -> None:
    counter = EnergyCounter(counters)
    assert counter.there
    for name, value in (("intel-rapl:0", 3_000_000), ("intel-rapl:1", 1_500_000), ("intel-rapl:0:0", 4_000_000)):
        (counters / name / "energy_uj").write_text(str(value))
    assert counter.joules() == pytest.approx(2.5)
    assert counter.joules() == 0.0


def test_a_counter_that_began_again_is_read_on(counters: Path) -> None:
    counter = EnergyCounter(counters)
    (counters / "intel-rapl:0" / "energy_uj").write_text("500000")
    assert counter.joules() == pytest.approx(4.5)


def test_without_a_counter_there_is_none(tmp_path: Path) -> None:
    counter = EnergyCounter(tmp_path)
    assert not counter.there
    assert counter.joules() == 0.0


class NvmlError(Exception):
    """What NVML raises."""


class Nvml(types.ModuleType):
    """The functions of ``pynvml`` that are called, over two accelerators; the second counts no energy."""

    NVMLError = NvmlError

    def __init__(self) -> None:
        super().__init__("pynvml")
        self.millijoules = {"GPU-a": 1_000_000, "GPU-b": 7_000, "GPU-old": None}
        self.driver = True

    def nvmlInit(self) -> None:  # noqa: N802
        if not self.driver:
            raise NvmlError("Driver Not Loaded")

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.millijoules)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> str:  # noqa: N802
        return list(self.millijoules)[index]

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:  # noqa: N802
        if uuid not in self.millijoules:
            raise NvmlError("Not Found")
        return uuid

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: str) -> int:  # noqa: N802
        found = self.millijoules[handle]
        if found is None:
            raise NvmlError("Not Supported")
        return found


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> Nvml:
    """The library needs a driver, so its edge stands in for it."""
    library = Nvml()
    monkeypatch.setitem(sys.modules, "pynvml", library)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return library


@pytest.mark.parametrize(
    ("visible", "joules"), [(None, 2.5), ("0", 2.0), ("GPU-b", 0.5), ("1, GPU-a", 2.5), ("", 0.0), ("2", 0.0)]
)
def test_energy_of_accelerators_is_that_of_the_visible_ones(
    nvml: Nvml, monkeypatch: pytest.MonkeyPatch, visible: str | None, joules: float
) -> None:
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    counter = AcceleratorCounter()
    assert counter.there is (joules > 0)
    nvml.millijoules |= {"GPU-a": 1_002_000, "GPU-b": 7_500}
    assert counter.joules() == pytest.approx(joules)
    assert counter.joules() == 0.0


def test_without_a_driver_or_the_package_no_energy_of_accelerators_is_counted(
    nvml: Nvml, monkeypatch: pytest.MonkeyPatch
) -> None:
    nvml.driver = False
    assert not AcceleratorCounter().there
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert not AcceleratorCounter().there
    assert AcceleratorCounter().joules() == 0.0


def test_the_real_library_says_whether_there_is_an_accelerator() -> None:
    pynvml = pytest.importorskip("pynvml", reason="comes with the extra 'gpu'")
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        assert not AcceleratorCounter().there


def test_a_meter_takes_the_idle_draw_off_and_leaves_out_what_does_not_count(nvml: Nvml, tmp_path: Path) -> None:
    meter = PowerMeter((EnergyCounter(tmp_path), AcceleratorCounter()), idle_s=0.01)
    assert meter.watts() == (None, 0.0)
    meter.start()
    nvml.millijoules["GPU-a"] = 2_000_000
    none, watts = meter.watts()
    assert none is None
    assert watts is not None
    assert watts > 0
