"""What the benchmarks share: the machine, medians, memory of a process tree, results as a table and as JSON."""

from __future__ import annotations

import datetime
import json
import os
import platform
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

RESULTS = Path(__file__).parent / "results"

os.environ["MURAKKAB_CACHE"] = "off"  # what is measured is made
os.environ["MURAKKAB_CALIBRATION"] = "off"  # plans go by the shipped profiles,
os.environ["MURAKKAB_CORRECTION"] = "off"  # whatever the runs before took,
_PROFILES = tempfile.TemporaryDirectory(prefix="murakkab-profiles-")  # and nothing is written to those of the user
os.environ["MURAKKAB_PROFILES"] = _PROFILES.name


def processor() -> str:
    """Name of the processor."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def device() -> str:
    """The device as model cards name it."""
    return f"{processor()}, {os.cpu_count()} cores (shared)"


def machine() -> dict[str, Any]:
    """Processor, cores, memory, software and date."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "commit": commit.stdout.strip(),
        "date": datetime.date.today().isoformat(),
    }


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Median, smallest and largest of repeated measurements, and the measurements themselves."""
    return {
        "median": round(statistics.median(values), 4),
        "min": round(min(values), 4),
        "max": round(max(values), 4),
        "values": [round(value, 4) for value in values],
    }


def write(name: str, facts: dict[str, Any], out: Path | None = None) -> Path:
    """Write ``results/<name>.json`` (or ``out``) with the machine's description."""
    path = out or RESULTS / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": machine(), **facts}, indent=2) + "\n")
    return path


class PeakMemory:
    """Peak of the summed proportional set sizes (PSS) of a process and its descendants, in MiB.

    Args:
        pid: of the process.
        leave_out: parts of command lines; a process whose command line has one is not counted.
    """

    def __init__(self, pid: int, leave_out: Sequence[str] = ()) -> None:
        self.peak_mb = 0.0
        self._pid, self._leave_out = pid, leave_out
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """End sampling and return the peak."""
        self._stop.set()
        self._thread.join()
        return self.peak_mb

    def _sample(self) -> None:
        while not self._stop.wait(0.25):
            total = sum(_pss_kb(pid) for pid in _tree(self._pid) if not self._skipped(pid))
            self.peak_mb = max(self.peak_mb, total / 1024)

    def _skipped(self, pid: int) -> bool:
        line = _read(f"/proc/{pid}/cmdline")
        return any(part in line for part in self._leave_out)


class Process(NamedTuple):
    """One process: its id, that of its parent, its command line, and seconds of processor time so far."""

    pid: int
    parent: int
    command: str
    processor_s: float


def processes(root: int) -> list[Process]:
    """A process and its descendants."""
    found = []
    for pid in _tree(root):
        if fields := _read(f"/proc/{pid}/stat").rpartition(") ")[2].split():
            seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            found.append(Process(pid, int(fields[1]), _read(f"/proc/{pid}/cmdline").replace("\0", " "), seconds))
    return found


def processor_s(root: int) -> float:
    """Seconds of processor time that a process and its descendants have taken so far (those that ended left out)."""
    return sum(process.processor_s for process in processes(root))


def _tree(root: int) -> list[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _read(f"/proc/{entry.name}/stat").rpartition(") ")[2].split()):
            parents[int(entry.name)] = int(fields[1])
    found = [root]
    for pid in found:
        found.extend(child for child, parent in parents.items() if parent == pid)
    return found


def _pss_kb(pid: int) -> int:
    lines = _read(f"/proc/{pid}/smaps_rollup").splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _read(path: str) -> str:
    try:
        return Path(path).read_bytes().decode(errors="replace")
    except OSError:
        return ""


def wait_until(condition: Any, limit_s: float, pause_s: float = 0.005) -> float:  # noqa: ANN401 - any callable
    """Wait until ``condition()`` is true and return the moment (``time.monotonic``).

    Raises:
        TimeoutError: it did not become true in time.
    """
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {limit_s} s in vain")
        time.sleep(pause_s)
    return time.monotonic()
