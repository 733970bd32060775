"""The engine's workers, and those that are processes of its own: replaced when they die, ended when they hang."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from murakkab.profiling.accelerators import accelerators
from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.scheduler.events import ModelLoaded, TaskFailed, TaskFinished
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.hub.weights import slowest_load_s
from murakkab_runtimes.workers.binding import Accelerator, environment, takes
from murakkab_runtimes.workers.local import LocalWorker
from murakkab_runtimes.workers.messages import Cancel, Load, Ready, Reply, Request, Run

CANCEL_S = 5.0
"""A worker that is still at a cancelled task after this long is ended."""

SILENCE_S = 300.0
"""A worker that says nothing about its task or its load for this long is taken for hung and ended."""

COMPILE_S = 1800.0
"""A model that torch compiles may say nothing for this long."""

_RESTART_S = (0.0, 0.2, 1.0, 5.0)

_NONE = "no worker process can be started"

_Asked = TypeVar("_Asked", Run, Load)

OnReply = Callable[[str, Reply], None]
OnLost = Callable[[str, str, bool], None]


class OnBarren(Protocol):
    """Called with why no run, or the named one, can go on: in words, or the fault that nothing foresaw."""

    def __call__(self, reason: str | Exception, run: str = "") -> None:
        """Fail them."""


class Fleet(Protocol):
    """The workers of an engine, wherever they are.

    It tells of them by callbacks in the engine's event loop: ``on_reply`` with a worker's name and each of its replies,
    the first one Ready; ``on_lost`` with name, reason and whether the task in hand may be to blame; ``on_barren`` when
    no run, or one of them, can go on.
    """

    async def start(self) -> None:
        """Begin; workers report Ready when they are up."""

    async def stop(self) -> None:
        """Let go of all workers."""

    def pids(self) -> dict[str, int]:
        """Process ids by worker, of those on this machine."""

    def models(self) -> frozenset[str] | None:
        """Names of the models that its workers can use; None for those of this machine."""

    def accelerators(self) -> Sequence[Accelerator]:
        """Those that its workers are bound to, each one once."""

    def pace(self) -> Mapping[str, float]:
        """By class of work, how much slower the cores are than those of the shipped profiles; empty: this machine's."""

    def run(self, worker: str, request: Run, timeout_s: float = 0.0) -> None:
        """Hand a task over and watch it; one that may take ``timeout_s`` may be silent for as long."""

    def load(self, worker: str, request: Load) -> None:
        """Ask for a model to be loaded and watch it."""

    def unload(self, worker: str, model: str) -> None:
        """Have a worker let go of a model, before the next thing that it is asked for."""

    def cancel(self, worker: str, request: Cancel) -> None:
        """Ask for a task to stop; a worker that does not is ended."""

    def ended(self, run: str) -> None:
        """A run is over: nothing of it is needed any more."""


FleetMaker = Callable[[OnReply, OnLost, OnBarren], Fleet]


class WatchedFleet(ABC):
    """Knows who is at what, and ends workers that hang."""

    def __init__(self) -> None:
        self._busy: dict[str, str] = {}
        self._silence: dict[str, float] = {}
        self._watch: dict[str, tuple[float, asyncio.TimerHandle]] = {}
        self._forgiven: set[str] = set()
        self._unloads: dict[str, list[str]] = {}

    @abstractmethod
    def send(self, worker: str, request: Request) -> None:
        """Pass a request on; one to a worker that is gone is dropped."""

    @abstractmethod
    def _kill(self, worker: str, reason: str) -> None:
        """End a worker at once."""

    def run(self, worker: str, request: Run, timeout_s: float = 0.0) -> None:
        """Hand a task over and watch it; one that may take ``timeout_s`` may be silent for as long."""
        self._busy[worker] = request.lease
        self._silence[worker] = max(_patience_s(request.card, request.knobs), timeout_s)
        self._wait(worker, self._silence[worker])
        self.send(worker, self._with_unloads(worker, request))

    def load(self, worker: str, request: Load) -> None:
        """Ask for a model to be loaded and watch it."""
        self._wait(worker, _patience_s(request.card, request.card.knobs))
        self.send(worker, self._with_unloads(worker, request))

    def unload(self, worker: str, model: str) -> None:
        """Have a worker let go of a model, before the next thing that it is asked for."""
        self._unloads.setdefault(worker, []).append(model)

    def _with_unloads(self, worker: str, request: _Asked) -> _Asked:
        """A request, with what its worker is to let go of first."""
        going = tuple(name for name in self._unloads.pop(worker, ()) if name != request.card.name)
        return msgspec.structs.replace(request, unload=going) if going else request

    def cancel(self, worker: str, request: Cancel) -> None:
        """Ask for a task to stop; a worker that does not is ended."""
        if self._busy.get(worker) == request.lease:
            self._forgiven.add(worker)
            self._wait(worker, CANCEL_S)
        self.send(worker, request)

    def ended(self, run: str) -> None:
        """A run is over; nothing of it is kept."""

    def _alive(self, name: str, reply: Reply) -> None:
        """Note that a worker said something."""
        if isinstance(reply, TaskFinished | TaskFailed | ModelLoaded):
            self._rest(name)
        elif name in self._busy and name not in self._forgiven:
            self._wait(name, self._silence.get(name, SILENCE_S))

    def _rest(self, name: str) -> None:
        self._busy.pop(name, None)
        self._silence.pop(name, None)
        self._unloads.pop(name, None)
        self._forgiven.discard(name)
        self._let_be(name)

    def _let_be(self, name: str) -> None:
        if name in self._watch:
            self._watch.pop(name)[1].cancel()

    def _wait(self, name: str, seconds: float) -> None:
        self._let_be(name)
        self._watch[name] = seconds, asyncio.get_running_loop().call_later(seconds, self._too_long, name, seconds)

    def _wait_anew(self) -> None:
        """Give all workers that are watched their time again."""
        for name, (seconds, _) in list(self._watch.items()):
            self._wait(name, seconds)

    def _too_long(self, name: str, seconds: float) -> None:
        if self._can_hear():
            self._kill(name, f"it said nothing for {seconds:.0f} s and was ended")
        else:
            self._wait(name, seconds)

    def _can_hear(self) -> bool:
        """Whether what workers say comes through now: only then silence means something."""
        return True

    def _to_blame(self, name: str) -> bool:
        """Whether the task in a worker's hands may be the cause of its end."""
        return name in self._busy and name not in self._forgiven

    def _unwatch(self) -> None:
        for name in list(self._watch):
            self._let_be(name)


def _patience_s(card: ModelCard, knobs: Mapping[str, Any]) -> float:
    """How long a worker may say nothing of a task of a model, or of its load."""
    compiles = COMPILE_S if knobs.get("compile") is True else 0.0
    return max(SILENCE_S, slowest_load_s(card), compiles)


class LocalFleet(WatchedFleet):
    """A fixed number of worker processes with names ``w1``, ``w2``, ...; a replacement gets a new name.

    Each accelerator of the machine has a worker more, which sees no other one and does what needs it; the others see
    none and do the rest.

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
        self._unwatch()
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in self._workers.values()))

    def models(self) -> None:
        """All that this machine can use."""

    def accelerators(self) -> Sequence[Accelerator]:
        """Those of this machine."""
        return self._accelerators

    def pace(self) -> Mapping[str, float]:
        """That of this machine."""
        return {}

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
