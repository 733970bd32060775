"""Tasks that do nothing: through the whole engine against Celery alone, on one Redis, one after the other.

    python -m benchmarks.cluster_throughput [--tasks 3000] [--repeats 3] [--workers 2 4] [--out FILE]

Both have the same settings (late acknowledgement, prefetch 1, no result backend) and as many processes that work.
*Celery alone* is a loop of ``send_task`` to one queue, whose Celery workers call an empty function. *The engine* makes
a run whose step runs over numbers: it keeps its journals, feed and artifacts, hands out a task only when a slot is
free, and reads the answer of each. Its rate counts from the moment at which all tasks are ready. Processor time is
that of the one that sends (the engine), the Redis, Celery's parents and the processes that do the tasks.

What differs: Celery's workers find the next message in the queue, while a slot waits until the engine has read its
answer and has sent the next task. Slots that wait like that take the next one from the engine directly, without a
message of Celery.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.cluster_parts import NOOPS, PARTS, processor_by_part, take_noops_in, workers
from benchmarks.harness import spread, wait_until, write
from benchmarks.redis_server import Server, redis_server
from murakkab_runtimes.workers.cluster.app import make_app

TASK, QUEUE = "benchmark.noop", "benchmark"
WARM_UP = 50


def main() -> None:
    """Measure both in turn, print the table, write the JSON."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--tasks", type=int, default=3000)
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--workers", type=int, nargs="+", default=[2, 4], help="processes that work")
    options.add_argument("--out", type=Path)
    options.add_argument("--be-celery", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.be_celery:
        celery_worker(given.be_celery)
        return
    env = take_noops_in()
    found = [compared(many, given.tasks, given.repeats, env) for many in given.workers]
    print(f"written to {write('cluster_throughput', {'tasks': given.tasks, 'by_workers': found}, given.out)}")


def compared(many: int, tasks: int, repeats: int, env: dict[str, str]) -> dict[str, Any]:
    """Both ways with so many processes, in turn."""
    rounds = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as place, redis_server(Path(place)) as server:
            alone = celery_alone(server, tasks, many)
            with workers(server, Path(place), "a", many, **env):
                whole = asyncio.run(engine(server, Path(place), tasks))
        rounds.append({"celery": alone, "engine": whole, "ratio": round(whole["tasks_s"] / alone["tasks_s"], 3)})
        show(many, rounds[-1])
    ratio = spread([one["ratio"] for one in rounds])
    print(f"{many} processes: engine / Celery alone, median of {repeats}: {ratio['median']:.2f}", flush=True)
    return {"workers": many, "ratio": ratio, "rounds": rounds}


def celery_app(url: str) -> Any:  # noqa: ANN401 - Celery has no types
    """The application with the settings of the cluster and one task that does nothing."""
    app = make_app(url)

    @app.task(name=TASK)  # type: ignore[untyped-decorator]
    def noop() -> None:
        pass

    return app


def celery_worker(url: str) -> None:
    """Be one Celery worker with one process."""
    celery_app(url).Worker(
        pool="prefork", concurrency=1, queues=[QUEUE], hostname=f"w{os.getpid()}@benchmark", loglevel="ERROR",
        optimization="fair", quiet=True, without_gossip=True, without_mingle=True, without_heartbeat=True,
    ).start()  # fmt: skip


def celery_alone(server: Server, tasks: int, many: int) -> dict[str, Any]:
    """Tasks a second from the first that is sent to the last that is acknowledged."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.cluster_throughput", "--be-celery", server.url]
    made = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(many)]
    app = celery_app(server.url)

    def send(count: int) -> None:
        for _ in range(count):
            app.send_task(TASK, queue=QUEUE, ignore_result=True)
        if any(process.poll() is not None for process in made):
            raise RuntimeError("a Celery worker ended")
        wait_until(lambda: not server.client.llen(QUEUE) and not server.client.hlen("unacked"), 600, 0.02)

    try:
        for _ in range(many):
            send(WARM_UP)
        return measured(lambda: send(tasks), tasks)
    finally:
        app.close()
        for process in made:
            process.send_signal(signal.SIGTERM)
        for process in made:
            process.wait(30)


async def engine(server: Server, folder: Path, tasks: int) -> dict[str, Any]:
    """The same of a run's tasks, from the moment at which they are all ready."""
    from murakkab.engine import Engine, EngineOptions
    from murakkab.language import load_workflow

    (folder / "noops.yaml").write_text(NOOPS)
    workflow = load_workflow(folder / "noops.yaml")
    made = Engine(EngineOptions(folder / "runs", broker=server.url, cache=False))
    await made.start()
    try:
        await made.wait(await made.submit(workflow, {"count": WARM_UP}))
        return await one_run(made, await made.submit(workflow, {"count": tasks}), tasks)
    finally:
        await made.close()


async def one_run(made: Any, run: str, tasks: int) -> dict[str, Any]:  # noqa: ANN401 - the engine is imported late
    """Follow a run to its end; its tasks start when the step before them ends."""
    done, began = 0, 0.0
    spent: dict[str, float] = {}
    found: dict[str, Any] = {}
    async for event in made.events(run):
        if event["event"] == "run.finished" and event["status"] != "succeeded":
            raise RuntimeError(event["error"])
        if event["event"] != "task.finished":
            continue
        if event["node"] == "all":
            began, spent = time.monotonic(), processor_by_part()
        elif event["node"] == "noop" and (done := done + 1) == tasks:
            found = rates(tasks, time.monotonic() - began, spent)
    return found


def measured(action: Callable[[], None], tasks: int) -> dict[str, Any]:
    """Rate and processor time of what an action does."""
    began, spent = time.monotonic(), processor_by_part()
    action()
    return rates(tasks, time.monotonic() - began, spent)


def rates(tasks: int, seconds: float, before: dict[str, float]) -> dict[str, Any]:
    """Figures of so many tasks; ``before``: processor time as they began."""
    after = processor_by_part()
    spent = {part: round((after[part] - before[part]) / tasks * 1000, 3) for part in PARTS}
    return {
        "tasks": tasks,
        "seconds": round(seconds, 3),
        "tasks_s": round(tasks / seconds, 1),
        "processor_ms": round(sum(spent.values()), 3),
        "processor_ms_by_part": spent,
    }


def show(many: int, found: dict[str, Any]) -> None:
    """One line for each way."""
    for name in ("celery", "engine"):
        facts = found[name]
        parts = ", ".join(f"{part} {spent:.2f}" for part, spent in facts["processor_ms_by_part"].items())
        rate, spent = f"{facts['tasks_s']:8.0f} tasks/s", f"{facts['processor_ms']:6.2f} ms of processor time a task"
        print(f"{many} processes  {name:<8}{rate}   {spent} ({parts})")
    print(f"{many} processes  ratio   {found['ratio']:8.2f}", flush=True)


if __name__ == "__main__":
    main()
