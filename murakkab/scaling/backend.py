"""What starts and ends workers: a protocol, and processes of this machine."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from typing import Protocol

from murakkab_runtimes.workers.binding import environment

RETRY_S = 5.0
"""A worker that ended by itself is replaced after this long, so that one that cannot start is not started for ever."""


class Backend(Protocol):
    """Has as many workers as it is told to.

    A queue is the kind of a worker: ``cpu``, or the type of its accelerator. To plug in Kubernetes, a cloud's API or
    the like, implement these three.
    """

    def scale(self, queue: str, n: int) -> None:
        """Have ``n`` workers of that kind soon; returns at once. Workers that go finish the tasks in hand."""

    def workers(self, queue: str) -> set[str]:
        """Names of the workers (machines) of that kind that work or are starting; not those that are leaving."""

    def close(self) -> None:
        """Let all workers go, and wait for them."""


class LocalProcesses:
    """``murakkab worker`` processes of this machine, for processors alone.

    SIGTERM drains a worker; nothing here ends one that is busy. Those that have nothing to do go first, then the
    youngest.

    Args:
        broker: URL of the Redis; it goes by the environment, so that no list of processes shows its password.
        cores: threads of one worker.
        idle: names of the workers that are at nothing.
        tell: takes what a person should know.
        options: more of ``murakkab worker``.

    """

    def __init__(
        self,
        broker: str,
        cores: int,
        idle: Callable[[], Collection[str]] = frozenset,
        tell: Callable[[str], None] = print,
        options: Collection[str] = (),
    ) -> None:
        self._broker, self._cores, self._idle, self._tell, self._options = broker, cores, idle, tell, options
        self._prefix = f"auto-{secrets.token_hex(2)}"
        self._working: dict[str, subprocess.Popen[bytes]] = {}
        self._leaving: dict[str, subprocess.Popen[bytes]] = {}
        self._count = 0
        self._not_before = 0.0

    def scale(self, queue: str, n: int) -> None:
        """Start or drain workers; ValueError for a queue other than ``cpu``."""
        if queue != "cpu":
            raise ValueError(f"workers of this machine serve the queue 'cpu', not '{queue}'")
        self._reap()
        while len(self._working) < n and time.monotonic() >= self._not_before:
            self._start()
        idle = self._idle() if len(self._working) > n else ()
        for name in sorted(self._working, key=lambda name: name in idle)[n:]:
            self._drain(name)

    def workers(self, queue: str) -> set[str]:
        """Names of the workers that work or are starting."""
        self._reap()
        return set(self._working) if queue == "cpu" else set()

    def process_ids(self) -> dict[str, int]:
        """Process ids of the workers that work or are starting."""
        return {name: process.pid for name, process in self._working.items()}

    def close(self) -> None:
        """Drain all, and wait for the tasks in hand."""
        for name in list(self._working):
            self._drain(name)
        for process in self._leaving.values():
            process.wait()

    def _start(self) -> None:
        self._count += 1
        name = f"{self._prefix}-{self._count}"
        command = [sys.executable, "-m", "murakkab", "worker", "--name", name, "--cores", str(self._cores)]
        self._working[name] = subprocess.Popen(
            [*command, *self._options],
            env={**os.environ, **environment(None), "MURAKKAB_BROKER": self._broker},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _drain(self, name: str) -> None:
        process = self._leaving[name] = self._working.pop(name)
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)

    def _reap(self) -> None:
        """Forget those that ended; one that did so by itself is told."""
        for name, process in list(self._working.items()):
            if (code := process.poll()) is not None:
                del self._working[name]
                self._not_before = time.monotonic() + RETRY_S
                self._tell(f"worker {name} ended with exit code {code}")
        self._leaving = {name: process for name, process in self._leaving.items() if process.poll() is None}
