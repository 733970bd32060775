"""What the benchmarks of the cluster share: a Redis, workers, and a workflow whose tasks do nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from benchmarks.harness import processes, wait_until
from benchmarks.redis_server import Server

NOOP = Path(__file__).parent / "noop"

PARTS = ("sender", "redis", "celery", "works")
"""Whose processor time is told apart: ``works`` are the processes that do the tasks, ``celery`` their parents."""

NOOPS = """
apiVersion: murakkab/v1
kind: Workflow
metadata: {name: noops, description: Does nothing many times.}
inputs:
  count: {type: integer, default: 100, minimum: 0, maximum: 100000, description: How often}
nodes:
  numbers:
    capability: numbers
    count: ${{ inputs.count }}
    streams: number
  all:
    capability: noop
    after: ${{ nodes.numbers }}
  noop:
    capability: noop
    for_each: ${{ nodes.numbers }}
    after: ${{ nodes.all }}
outputs:
  noop: ${{ nodes.noop }}
"""


class Worker:
    """A ``murakkab worker``.

    Args:
        broker: URL of the Redis.
        name: of the machine that it plays.
        cores: threads that tasks may use there.
        log: takes what it prints.
        env: added to the environment.
        prefix: command that starts it.

    Attributes:
        again: starts another one like it.

    """

    def __init__(
        self,
        broker: str,
        name: str,
        cores: int,
        log: Path,
        env: Mapping[str, str] | None = None,
        prefix: tuple[str, ...] = (),
    ) -> None:
        self.name, self.log = name, log
        self.again = partial(Worker, broker, name, cores, log, env, prefix)
        command = [*prefix, sys.executable, "-m", "murakkab", "worker", "--broker", broker, "--name", name]
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [*command, "--cores", str(cores)], stdout=out, stderr=out, env={**os.environ, **(env or {})}
            )

    def kill(self) -> None:
        """End it and its slots at once, as a power cut does."""
        slots = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False)
        for pid in (self.process.pid, *map(int, slots.stdout.split())):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def end(self) -> int:
        """Let it finish what it has in hand; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.process.wait()


@contextlib.contextmanager
def workers(server: Server, folder: Path, names: str, cores: int = 1, **env: str) -> Iterator[list[Worker]]:
    """Workers called by the letters of ``names`` that end with the block; all their slots are there."""
    made = [Worker(server.url, name, cores, folder / f"{name}.log", env) for name in names]
    try:
        wait_until(lambda: server.client.zcard("murakkab:slots") == len(names) * (cores + 2), 60)
        yield made
    finally:
        for worker in made:
            worker.end()


def processor_by_part() -> dict[str, float]:
    """Seconds of processor time so far of this process (``sender``), the Redis, and the two processes of each slot."""
    found = processes(os.getpid())
    slots = {one.pid for one in found if any(part in one.command for part in ("cluster.slot", "--be-celery"))}
    spent = dict.fromkeys(PARTS, 0.0)
    for one in found:
        if one.pid == os.getpid():
            spent["sender"] += one.processor_s
        elif one.pid in slots:
            spent["works" if one.parent in slots else "celery"] += one.processor_s
        else:
            spent["redis"] += one.processor_s if "-server" in one.command else 0.0
    return spent


def noop_environment() -> dict[str, str]:
    """Environment in which the runtimes that do nothing are found."""
    path = os.pathsep.join([str(NOOP), *filter(None, sys.path)])
    return {"PYTHONPATH": path, "MURAKKAB_CATALOG": str(NOOP / "cards")}


def take_noops_in() -> dict[str, str]:
    """Let this process find them too; returns the environment for others."""
    env = noop_environment()
    os.environ.update(env)
    sys.path.insert(0, str(NOOP))
    return env


def seconds_since(began: float) -> float:
    """Of the steady clock."""
    return time.monotonic() - began
