"""Workers that are processes of the engine: replaced when they die, ended when they hang."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from murakkab.engine.fleet import OnBarren, OnLost, OnReply
from murakkab.engine.watched import WatchedFleet
from murakkab.profiling.accelerators import accelerators
from murakkab_optimizer.scheduler.events import TaskFailed, TaskFinished
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.workers.binding import Accelerator, environment, takes
from murakkab_runtimes.workers.local import LocalWorker
from murakkab_runtimes.workers.messages import Ready, Reply, Request

_RESTART_S = (0.0, 0.2, 1.0, 5.0)

_NONE = "no worker process can be started"


class LocalFleet(WatchedFleet):
    """A fixed number of worker processes with names ``w1``, ``w2``, ...; a replacement gets a new name.

    Each accelerator of the machine, or group of those that are bound together, has a worker more, which sees no other
    ones and does what needs it; the others see none and do the rest.

    Args:
        folder: takes the workers' logs.
        size: number of workers.
        on_reply: called with the worker's name and each of its replies.
        on_lost: called with name, reason and whether the task in hand may be to blame.
        on_barren: called when one process after the other ends before it is up and none is.
    """

    def __init__(
        self,
        folder: Path,
        size: int,
        on_reply: OnReply,
        on_lost: OnLost,
        on_barren: OnBarren,
    ) -> None:
        super().__init__()
        self._folder, self._size = folder, size
        self._on_reply, self._on_lost, self._on_barren = on_reply, on_lost, on_barren
        self._workers: dict[str, LocalWorker] = {}
        self._accelerators = accelerators()
        self._bound: dict[str, Accelerator] = {}
        self._up: set[str] = set()
        self._stillborn = 0
        self._jobs: set[asyncio.Task[None]] = set()
        self._count = 0
        self._deaths = 0
        self._stopping = False

    async def start(self) -> None:
        """Start all workers; they report Ready when they are up."""
        await asyncio.gather(*map(self._spawn, [*([None] * self._size), *self._accelerators]))

    async def stop(self) -> None:
        """End all workers."""
        self._stopping = True
        await self._end(self._jobs)
        await asyncio.gather(*(worker.stop() for worker in self._workers.values()))

    def models(self) -> None:
        """All that this machine can use."""

    def accelerators(self) -> Sequence[Accelerator]:
        """Those of this machine."""
        return self._accelerators

    def pace(self) -> Mapping[str, float]:
        """That of this machine."""
        return {}

    def packages(self) -> frozenset[str]:
        """Whatever this machine has is looked up here."""
        return frozenset()

    def pids(self) -> dict[str, int]:
        """Process ids by worker."""
        return {name: worker.pid for name, worker in self._workers.items() if worker.pid is not None}

    def send(self, worker: str, request: Request) -> None:
        """Pass a request on; one to a worker that is gone is dropped."""
        if found := self._workers.get(worker):
            found.send(request)

    def _kill(self, worker: str, reason: str) -> None:
        if found := self._workers.get(worker):
            found.kill(reason)

    async def _spawn(self, accelerator: Accelerator | None) -> None:
        self._count += 1
        name = f"w{self._count}"
        worker = LocalWorker(name, self._folder / f"{name}.log", self._heard, self._died, self._sees(accelerator))
        self._workers[name] = worker
        if accelerator is not None:
            self._bound[name] = accelerator
        try:
            await worker.start()
        except OSError:
            del self._workers[name]
            self._bound.pop(name, None)
            raise

    def _sees(self, accelerator: Accelerator | None) -> dict[str, str]:
        """The environment that shows a worker its accelerator, and hides the others, where there are any."""
        return environment(accelerator) if self._accelerators else {}

    def _usable(self, name: str) -> tuple[str, ...] | None:
        """Models that a worker can use; None for all, where there is no accelerator."""
        if not self._accelerators:
            return None
        bound = self._bound.get(name)
        return tuple(card.name for card in load_catalog().values() if takes(bound, card))

    def _heard(self, name: str, reply: Reply) -> None:
        if isinstance(reply, Ready):
            self._up.add(name)
            self._stillborn = 0
            bound = self._bound.get(name)
            reply = msgspec.structs.replace(
                reply, models=self._usable(name), room_mb=bound.memory_mb if bound is not None else 0
            )
        self._alive(name, reply)
        if isinstance(reply, TaskFinished | TaskFailed):
            self._deaths = 0
        self._on_reply(name, reply)

    def _died(self, name: str, reason: str) -> None:
        self._workers.pop(name, None)
        accelerator = self._bound.pop(name, None)
        blame = self._to_blame(name)
        self._rest(name)
        reason = f"{reason}; its log is {self._folder / name}.log"
        self._on_lost(name, reason, blame)
        if not self._stopping:
            self._count_stillborn(name, reason)
            delay = _RESTART_S[min(self._deaths, len(_RESTART_S) - 1)]
            self._deaths += 1
            job = asyncio.create_task(self._respawn(delay, accelerator))
            self._jobs.add(job)
            job.add_done_callback(self._jobs.discard)

    def _count_stillborn(self, name: str, reason: str) -> None:
        if name in self._up:
            self._up.discard(name)
            return
        self._stillborn += 1
        if not self._up and self._stillborn >= self._size:
            self._on_barren(f"{_NONE}: {reason}")

    async def _respawn(self, delay: float, accelerator: Accelerator | None) -> None:
        """Start a replacement, however long the machine has no room for one."""
        while True:
            await asyncio.sleep(delay)
            try:
                await self._spawn(accelerator)
            except OSError as fault:
                if not self._up:
                    self._on_barren(f"{_NONE}: {fault}")
                delay = _RESTART_S[-1]
            else:
                return
