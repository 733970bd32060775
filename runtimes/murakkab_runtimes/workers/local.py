"""Worker processes on this machine, seen from the engine's event loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from murakkab_runtimes.workers.messages import Reply, Request, Stop

LINE_LIMIT = 16 * 1024 * 1024
STOP_S = 3.0
"""How long a worker may take to end after it was told to."""

_SINGLE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class LocalWorker:
    """One worker process.

    Args:
        name: of the worker.
        log: file that takes what libraries print.
        on_reply: called with each reply.
        on_lost: called once with the worker's name and the reason when the process ends unasked.
        environment: variables that it gets beyond those of this process.

    """

    def __init__(
        self,
        name: str,
        log: Path,
        on_reply: Callable[[str, Reply], None],
        on_lost: Callable[[str, str], None],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self._environment = {**_SINGLE_THREAD, **(environment or {})}
        self._log = log
        self._on_reply = on_reply
        self._on_lost = on_lost
        self._encoder = msgspec.json.Encoder()
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._stopping = False
        self._ending = ""

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the process; its first reply is Ready."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "murakkab_runtimes.workers.child", self.name,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
                limit=LINE_LIMIT, env={**os.environ, **self._environment}, start_new_session=True,
            )  # fmt: skip
        self._reader = asyncio.create_task(self._read(self._process))

    def send(self, request: Request) -> None:
        """Hand a request over; one to a dead process is dropped (on_lost tells the engine)."""
        stdin = self._process.stdin if self._process else None
        if stdin is not None and not stdin.is_closing():
            stdin.write(self._encoder.encode(request) + b"\n")

    def kill(self, reason: str = "") -> None:
        """End the process and all that it started at once; on_lost is told the reason."""
        self._ending = reason
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def stop(self) -> None:
        """Let the process finish the task in hand; after a while, end it."""
        self._stopping = True
        if self._process is None or self._reader is None:
            return
        self.send(Stop())
        with contextlib.suppress(ConnectionError, BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            await asyncio.wait_for(asyncio.shield(self._reader), STOP_S)
        except TimeoutError:
            self.kill()
            await self._reader

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        decoder = msgspec.json.Decoder(Reply)
        assert process.stdout is not None
        try:
            async for line in process.stdout:
                if line.endswith(b"\n"):
                    self._on_reply(self.name, decoder.decode(line))
        except ValueError as fault:
            self.kill(f"its reply cannot be read: {fault}")
        code = await process.wait()
        if not self._stopping:
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            self._on_lost(self.name, self._ending or f"the worker process ended with {how}")
