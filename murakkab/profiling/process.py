"""A model in a process of its own, seen from outside."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from murakkab.profiling.messages import Fault, Loaded, Reply, Request
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.hub.weights import slowest_load_s

LOAD_S = 120.0
"""A model that is not loaded after this long is given up, unless reading its weights may take longer."""

_SINGLE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_DECODER = msgspec.json.Decoder(Reply)


class Failed(Exception):
    """The model could not be loaded, or could not do what was asked; the message says why."""


class ModelProcess:
    """A fresh process that loads a model; a context manager that ends it.

    Args:
        model: name of its card.
        folder: takes inputs, scratch space and the log.
        knobs: settings in which it is loaded, where they are not the usual ones.

    """

    def __init__(self, model: str, folder: Path, knobs: Mapping[str, Any] | None = None) -> None:
        self.model = model
        loaded = msgspec.json.encode(knobs or {}).decode()
        with (folder / f"{model}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "murakkab.profiling.child", model, str(folder), loaded],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                env={**os.environ, **_SINGLE_THREAD}, start_new_session=True,
            )  # fmt: skip
        self._rest = b""

    def __enter__(self) -> ModelProcess:
        """Nothing more to do."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def loaded(self) -> float:
        """Wait until the model is loaded; returns the seconds that it took.

        Raises:
            Failed: it cannot be loaded.
        """
        reply = self.reply(max(LOAD_S, slowest_load_s(load_catalog()[self.model])))
        assert isinstance(reply, Loaded)
        return reply.load_s

    def ask(self, request: Request) -> None:
        """Ask for something; ``reply`` has the answer."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(msgspec.json.encode(request) + b"\n")
            self._process.stdin.flush()

    def reply(self, limit_s: float) -> Reply:
        """The next answer. A process that gives none in time is ended.

        Raises:
            Failed: it is a fault, it does not come in time, or the process has ended.
        """
        reply: Reply = _DECODER.decode(self._line(time.monotonic() + limit_s, limit_s))
        if isinstance(reply, Fault):
            raise Failed(reply.error)
        return reply

    def _line(self, until: float, limit_s: float) -> bytes:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                if not selector.select(max(until - time.monotonic(), 0.0)):
                    self._process.kill()  # or the answer would be taken for that of the next request
                    raise Failed(f"{self.model} gave no answer for {limit_s:.0f} s")
                if not (piece := os.read(self._process.stdout.fileno(), 65536)):
                    raise Failed(f"the process of {self.model} ended with exit code {self._process.wait()}")
                self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return line
