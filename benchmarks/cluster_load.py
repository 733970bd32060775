"""Many runs queued at once, and the memory of an engine over many tasks, both on workers behind a Redis.

    python -m benchmarks.cluster_load [--runs 50] [--duration 10] [--workers 2] [--tasks 10000] [--out FILE]

*Queued at once*: that many podcasts are submitted to one engine within a moment; TTFF of each counts from its
submission to its first segment. *Memory*: one engine makes run after run of 200 tasks that do nothing; its resident
memory is read after each run, and the slope is that of a straight line through the second half, when everything that
is kept once is there.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.cluster_parts import NOOPS, take_noops_in, workers
from benchmarks.harness import write
from benchmarks.redis_server import redis_server

TASKS_A_RUN = 200


def main() -> None:
    """Measure both, print, write the JSON."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--runs", type=int, default=50)
    options.add_argument("--duration", type=int, default=10, help="of each podcast, in seconds")
    options.add_argument("--workers", type=int, default=2, help="threads of the worker")
    options.add_argument("--tasks", type=int, default=10_000)
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    env = take_noops_in()
    facts: dict[str, Any] = {"workers": given.workers}
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="murakkab-load-")))
        server = stack.enter_context(redis_server(place))
        stack.enter_context(workers(server, place, "a", given.workers, **env))
        if given.runs:
            facts["queued"] = asyncio.run(queued(server.url, place, given.runs, given.duration))
            print(told_queued(facts["queued"]), flush=True)
        if given.tasks:
            facts["memory"] = asyncio.run(memory(server.url, place, given.tasks))
            print(told_memory(facts["memory"]), flush=True)
    print(f"written to {write('cluster_load', facts, given.out)}")


async def queued(broker: str, folder: Path, many: int, duration: int) -> dict[str, Any]:
    """Submit podcasts at once and wait for all."""
    from murakkab.engine import Engine, EngineOptions
    from murakkab.language import load_workflow, workflow_folder

    workflow = load_workflow(workflow_folder() / "podcast.yaml")
    made = Engine(EngineOptions(folder / "queued", broker=broker, cache=False))
    await made.start()
    try:
        began = time.monotonic()
        inputs = [{"topic": f"how tides work, part {number}", "duration": duration} for number in range(many)]
        runs = [await made.submit(workflow, one, seed=number) for number, one in enumerate(inputs)]
        submitted = time.monotonic() - began
        ends = await asyncio.gather(*(made.wait(run) for run in runs))
        seconds = time.monotonic() - began
    finally:
        await made.close()
    failed = [end["error"] for end in ends if end["status"] != "succeeded"]
    ttff = sorted(end["ttff_s"] for end in ends if end["ttff_s"] is not None)
    return {
        "runs": many,
        "duration_s": duration,
        "failed": failed,
        "submitted_in_s": round(submitted, 2),
        "seconds": round(seconds, 1),
        "ttff_s": ttff,
        "ttff_p50_s": quantile(ttff, 0.5),
        "ttff_p99_s": quantile(ttff, 0.99),
        "stall_s": [end["stall_s"] for end in ends],
    }


async def memory(broker: str, folder: Path, tasks: int) -> dict[str, Any]:
    """Resident memory of this process, an engine, after each run."""
    from murakkab.engine import Engine, EngineOptions
    from murakkab.language import load_workflow

    (folder / "noops.yaml").write_text(NOOPS)
    workflow = load_workflow(folder / "noops.yaml")
    made = Engine(EngineOptions(folder / "memory", broker=broker, cache=False))
    await made.start()
    points = []
    try:
        for number in range(tasks // TASKS_A_RUN):
            end = await made.wait(await made.submit(workflow, {"count": TASKS_A_RUN}))
            if end["status"] != "succeeded":
                raise RuntimeError(end["error"])
            gc.collect()
            points.append(((number + 1) * TASKS_A_RUN, resident_mb()))
    finally:
        await made.close()
    half = points[len(points) // 2 :]
    return {
        "tasks": points[-1][0],
        "first_mb": round(points[0][1], 1),
        "last_mb": round(points[-1][1], 1),
        "slope_bytes_a_task": round(slope(half) * 2**20, 1),
        "points": [[count, round(size, 1)] for count, size in points],
    }


def resident_mb() -> float:
    """Resident memory of this process in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the straight line with the smallest squared error."""
    return statistics.linear_regression([x for x, _ in points], [y for _, y in points]).slope


def quantile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that a share of the values does not exceed; None for no values."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else None


def told_queued(facts: dict[str, Any]) -> str:
    """One line for a person."""
    wrong = f", {len(facts['failed'])} FAILED" if facts["failed"] else ""
    return (
        f"{facts['runs']} podcasts of {facts['duration_s']} s at once: TTFF p50 {facts['ttff_p50_s']} s, "
        f"p99 {facts['ttff_p99_s']} s; all made in {facts['seconds']} s{wrong}"
    )


def told_memory(facts: dict[str, Any]) -> str:
    """One line for a person."""
    return (
        f"{facts['tasks']} tasks: engine {facts['first_mb']} MiB after the first run, {facts['last_mb']} MiB after the "
        f"last; {facts['slope_bytes_a_task']} bytes a task over the second half"
    )


if __name__ == "__main__":
    main()
