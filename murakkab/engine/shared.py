"""An engine's side of a store, for workers that do not share the folder of its runs."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from murakkab.engine.errors import FAILED, USAGE, UserError
from murakkab_optimizer.scheduler.events import ItemEmitted, TaskFinished, parse_lease
from murakkab_runtimes.artifacts import marks_in
from murakkab_runtimes.mirror import Mirror, StoreFault
from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.messages import Run

TRIES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, math.inf)
"""Waits between attempts to fetch what a worker made."""

GONE_S = 2.0
"""What is not there is there no more, where the next wait would be so long: a shared folder may show a file late."""

GIVE_S = 60.0
"""Runs fail when what their tasks need could not be put into the store for this long."""

FETCHES = 32
"""So many artifacts may be on their way from the store at once."""

_REMEDY = "Correct --store, and give the server's address and keys in the environment (AWS_ENDPOINT_URL and so on)."


@dataclass
class _Run:
    """What is known of a run: its folder in the store, and since when what its tasks need cannot be put there."""

    beginning: threading.Lock = field(default_factory=threading.Lock)
    mirror: Mirror | None = None
    refused: tuple[float, str] | None = None


class SharedStore:
    """The runs' artifacts in a store: what tasks need goes there, what they made comes from there.

    Args:
        url: of a folder in the store.
        engine: id of the engine.

    Raises:
        UserError: the address is none.

    """

    def __init__(self, url: str, engine: str) -> None:
        if urlsplit(url).password:
            raise UserError("the store's address holds a password", "Give keys in the environment.", USAGE)
        self._url, self._engine = url.rstrip("/"), engine
        self._runs: dict[str, _Run] = {}
        self._fetches = ThreadPoolExecutor(FETCHES, "fetches")

    async def reach(self) -> None:
        """Check that the store can be written; UserError says what to do."""
        try:
            await asyncio.to_thread(self._try)
        except StoreFault as fault:
            raise UserError(str(fault), _REMEDY, FAILED) from None
        except OSError as fault:
            raise UserError(f"cannot write to the store {self._url}: {fault}", _REMEDY, FAILED) from None

    def _try(self) -> None:
        Mirror(self._url, Path()).write(wire.MARK, self._engine.encode())

    def close(self) -> None:
        """Begin to fetch nothing more; what is on its way is not waited for."""
        self._fetches.shutdown(wait=False, cancel_futures=True)

    def addressed(self, request: Run) -> Run:
        """The request with the place of its run in the store."""
        run = parse_lease(request.lease)[0]
        self._runs.setdefault(run, _Run())
        return msgspec.structs.replace(request, remote=f"{self._url}/{run}")

    def forget(self, run: str) -> None:
        """A run has ended: nothing of it is put there or fetched any more."""
        self._runs.pop(run, None)

    def give(self, request: Run) -> None:
        """Put there what a task needs; blocks, and may be called from several threads.

        Raises:
            StoreFault: the store cannot be reached, or the run is over.
            OSError: it has no room, or what a task needs is not here.
        """
        if (run := self._runs.get(parse_lease(request.lease)[0])) is None:
            raise StoreFault("its run is over")
        try:
            self._give(request, run)
        except (OSError, StoreFault) as fault:
            since = time.monotonic() if run.refused is None else run.refused[0]
            run.refused = since, f"what a task needs cannot be put into the store: {fault}"
            raise
        run.refused = None

    def stuck(self, now: float) -> dict[str, str]:
        """The runs of which nothing could be put there for too long, and why; each is told once."""
        reasons = {}
        for name, run in self._runs.items():
            if run.refused is not None and now - run.refused[0] > GIVE_S:
                reasons[name], run.refused = run.refused[1], None
        return reasons

    def _give(self, request: Run, run: _Run) -> None:
        mirror = self._mirror(request, run)
        for file in marks_in(request.arguments):
            mirror.stored(file)
        inputs = [name for given in request.inputs.values() for name in ([given] if isinstance(given, str) else given)]
        mirror.share(name for name in (request.item, request.previous, *inputs) if name is not None)

    def _mirror(self, request: Run, run: _Run) -> Mirror:
        with run.beginning:
            if run.mirror is None:
                mirror = Mirror(request.remote, Path(request.store))
                mirror.write(wire.MARK, self._engine.encode())
                run.mirror = mirror
        return run.mirror

    async def take(self, reply: ItemEmitted | TaskFinished) -> None:
        """Fetch what a task made, before the engine hears of it; tries for a minute.

        Raises:
            FileNotFoundError: it is not there: it was removed.
            StoreFault: the store cannot be reached.
            OSError: it cannot be written here.
        """
        for pause in TRIES_S:
            try:
                await asyncio.get_running_loop().run_in_executor(self._fetches, self._fetch, reply)
            except FileNotFoundError:
                if pause >= GONE_S:
                    raise
            except (OSError, StoreFault):
                if pause == math.inf:
                    raise
            else:
                return
            await asyncio.sleep(pause)

    def _fetch(self, reply: ItemEmitted | TaskFinished) -> None:
        run = self._runs.get(parse_lease(reply.lease)[0])
        if run is not None and run.mirror is not None:
            run.mirror.get(reply.value)
