"""A core that is taken away from a show for a while, and how much of it was really taken."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

import msgspec

from benchmarks.harness import processor_s

BUSY = """
import os, sys, time
os.sched_setaffinity(0, {int(sys.argv[1])})
end, parent = time.monotonic() + float(sys.argv[2]), os.getppid()
while time.monotonic() < end and os.getppid() == parent:
    for _ in range(100_000):
        pass
"""
"""It ends by itself, so that no core stays taken when whoever began it was killed."""

HIGHEST = -20


class Taken(msgspec.Struct, frozen=True):
    """When a core was taken, in seconds since the epoch, and the share of it that the busy process really had."""

    begins: float
    ends: float
    share: float


def take_core(due: Callable[[], bool], over: Callable[[], bool], seconds: float) -> Taken | None:
    """Take the last core that may be used away once it is due; None where the show was over before."""
    while not over():
        if due():
            return keep_busy(seconds)
        time.sleep(0.1)
    return None


def keep_busy(seconds: float) -> Taken:
    """Keep the last core that may be used busy for so many seconds, at the highest priority that is allowed."""
    core = max(os.sched_getaffinity(0))
    began = time.time()
    process = subprocess.Popen([sys.executable, "-c", BUSY, str(core), str(seconds + 5)])
    try:
        try:
            os.setpriority(os.PRIO_PROCESS, process.pid, HIGHEST)
        except PermissionError:
            print("the busy process may not have a higher priority: it shares the core", file=sys.stderr)
        time.sleep(seconds)
        used, ended = processor_s(process.pid), time.time()
    finally:
        process.kill()
        process.wait()
    return Taken(began, ended, round(used / (ended - began), 3))
