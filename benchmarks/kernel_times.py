"""How long the scheduler takes over single events: all of them, those that decide, and losses of machines.

Times are those of the processor, so that other processes on the machine count little.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from murakkab_optimizer.scheduler import Event
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev

DECISIONS = (cmd.StartTask, cmd.MakeShot, cmd.LoadModel)
"""An event decides when something is begun, or the rung of a shot is chosen; the others are news that is noted."""

Handle = Callable[[Event, float], Sequence[Any]]


def decision_times(handle: Handle, log: Iterable[tuple[Event, float]]) -> dict[str, Any]:
    """Microseconds of single events: the median and the slowest of a hundred, of all, of those that decide, of losses.

    A loss is a worker that is gone, or one that joins for it.
    """
    every, decided, losses = list[float](), list[float](), list[float]()
    clock = time.thread_time_ns
    gc.collect()
    for event, now in log:
        began = clock()
        commands = handle(event, now)
        took = (clock() - began) / 1e3
        every.append(took)
        if any(isinstance(command, DECISIONS) for command in commands):
            decided.append(took)
        if isinstance(event, ev.WorkerLost | ev.WorkerJoined):
            losses.append(took)
    told = {"deciding": decided, "losses": losses}
    return {**_told(every), **{name: {"events": len(times), **_told(times)} for name, times in told.items()}}


def _told(times: list[float]) -> dict[str, float | None]:
    """Median and 99th percentile (nearest rank); None where nothing was measured."""
    times.sort()
    p50, p99 = (round(times[len(times) * share // 100], 1) if times else None for share in (50, 99))
    return {"p50_us": p50, "p99_us": p99}
