"""A real Redis (or Valkey) on a free port, real workers, and the toy runtimes of the engine's tests."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.redis_server import Server
from murakkab.engine import Engine, EngineOptions
from murakkab_runtimes.base import adapters
from tests.engine.conftest import TOYS

WAIT_S = 90.0


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
    folder = tmp_path_factory.mktemp("m1")
    place = {"MURAKKAB_STORE_FOLDER": str(folder / "copies")}
    made = Worker(server.url, "m1", 2, folder / "log", **toy_environment(), **place)
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
