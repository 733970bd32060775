"""The page that plays a run while the command makes it."""

from __future__ import annotations

import asyncio
import os
import sys
import time
import webbrowser
from collections.abc import AsyncGenerator
from importlib import import_module
from typing import Any

import typer

from murakkab.cli.requests import RunOptions
from murakkab.engine import Engine, RunStore
from murakkab.engine.players import GONE_S
from murakkab.language import Workflow

OPENING_S = 10.0
"""How long a browser that was just opened may take to begin playing."""


class Audience:
    """The engine as the server sees it; remembers what players last said of each run."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reports: dict[str, tuple[float, dict[str, Any]]] = {}

    @property
    def store(self) -> RunStore:
        """Where runs are kept."""
        return self._engine.store

    async def submit(
        self,
        workflow: Workflow,
        inputs: dict[str, Any],
        *,
        seed: int | None = None,
        run: str | None = None,
        requested_at: float | None = None,
    ) -> str:
        """Start a run; see ``Engine.submit``."""
        return await self._engine.submit(workflow, inputs, seed=seed, run=run, requested_at=requested_at)

    async def events(self, run: str, after: int = 0) -> AsyncGenerator[dict[str, Any], None]:
        """Past and coming events; see ``Engine.events``."""
        async for event in self._engine.events(run, after):
            yield event

    async def cancel(self, run: str) -> None:
        """Stop a run."""
        await self._engine.cancel(run)

    async def resume(self, run: str) -> str:
        """Go on with a run."""
        return await self._engine.resume(run)

    async def playback(self, run: str, report: dict[str, Any]) -> None:
        """Take a player's report."""
        await self._engine.playback(run, report)
        self._reports[run] = (time.monotonic(), report)

    def unplayed(self, run: str, duration: float) -> float:
        """Seconds of the episode that the player of ``run`` has not shown; 0 when nobody plays it."""
        heard, report = self._reports.get(run, (-GONE_S, {}))
        if time.monotonic() - heard > GONE_S or report.get("ended"):
            return 0.0
        return max(0.0, duration - float(report.get("position_s", 0.0)))

    def has_begun(self, run: str) -> bool:
        """Whether a player ever reported on ``run``."""
        return run in self._reports


class Page:
    """Serves the page of one command; does nothing with ``--no-browser``.

    Args:
        engine: makes the runs.
        options: of the command.
    """

    def __init__(self, engine: Engine, options: RunOptions) -> None:
        self._options = options
        self._audience = Audience(engine)
        self._quit = asyncio.Event()
        self._serving: asyncio.Future[None] | None = None
        self._opened = False
        self._left = False

    async def reserve(self) -> None:
        """Start serving before the run when a certain port is wanted, so that a taken one is told at once."""
        if self._options.browser and self._options.port:
            await self._serve()

    async def show(self, run: str) -> None:
        """Serve the page, tell its address and open it where there is a display."""
        if not self._options.browser:
            return
        url = f"{await self._serve()}/runs/{run}"
        self._opened = _has_display() and await asyncio.to_thread(webbrowser.open, url)
        if not self._options.quiet:
            typer.echo(f"Watch it at {url}", err=True)

    async def stay(self, run: str, duration: float) -> None:
        """Wait until the player has shown the rest or has gone; a run of ``duration`` seconds has been made."""
        until = time.monotonic() + OPENING_S
        while self._opened and not (self._left or self._audience.has_begun(run)) and time.monotonic() < until:
            await asyncio.sleep(0.2)
        until = time.monotonic() + self._audience.unplayed(run, duration) + GONE_S
        while self._audience.unplayed(run, duration) and not self._left and time.monotonic() < until:
            await asyncio.sleep(0.2)

    async def leave(self) -> None:
        """Stop staying."""
        self._left = True

    async def close(self) -> None:
        """Stop serving."""
        self._quit.set()
        if self._serving is not None:
            await asyncio.wait({self._serving})

    async def _serve(self) -> str:
        if self._serving is not None:
            return self._address.result()
        self._address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        server = await asyncio.to_thread(import_module, "murakkab.server")
        work = server.serve(
            self._audience, port=self._options.port or 0, ready=self._address.set_result, quit_on=self._quit
        )
        self._serving = asyncio.ensure_future(work)
        await asyncio.wait({self._serving, self._address}, return_when=asyncio.FIRST_COMPLETED)
        return self._serving.result() or "" if self._serving.done() else self._address.result()


def _has_display() -> bool:
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
