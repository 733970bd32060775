"""What all fleets have in common: who is at what, and the end of workers that hang."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

import msgspec

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.scheduler.events import ModelLoaded, TaskFailed, TaskFinished
from murakkab_runtimes.hub.weights import slowest_load_s
from murakkab_runtimes.workers.messages import Cancel, Load, Reply, Request, Run

CANCEL_S = 5.0
"""A worker that is still at a cancelled task after this long is ended."""

SILENCE_S = 300.0
"""A worker that says nothing about its task or its load for this long is taken for hung and ended."""

COMPILE_S = 1800.0
"""A model that torch compiles may say nothing for this long."""

_Asked = TypeVar("_Asked", Run, Load)


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
        self._wait(worker, _patience_s(request.card, {**request.card.knobs, **request.knobs}))
        self.send(worker, self._with_unloads(worker, request))

    def unload(self, worker: str, model: str) -> None:
        """Have a worker let go of a model, before the next thing that it is asked for."""
        self._unloads.setdefault(worker, []).append(model)

    def _with_unloads(self, worker: str, request: _Asked) -> _Asked:
        """A request, with what its worker is to let go of first: not what it asks for, not now and not later."""
        going = [name for name in self._unloads.pop(worker, ()) if name != request.card.name]
        if not going:
            return request
        self._unloads[worker] = going
        return msgspec.structs.replace(request, unload=tuple(going))

    def cancel(self, worker: str, request: Cancel) -> None:
        """Ask for a task to stop; a worker that does not is ended."""
        if self._busy.get(worker) == request.lease:
            self._forgiven.add(worker)
            self._wait(worker, CANCEL_S)
        self.send(worker, request)

    def ended(self, run: str) -> None:
        """A run is over; nothing of it is kept."""

    def _alive(self, name: str, reply: Reply) -> None:
        """Note that a worker said something. One whose task was cancelled may not have heard what to let go of."""
        if isinstance(reply, TaskFinished | TaskFailed | ModelLoaded):
            unheard = self._unloads.get(name) if getattr(reply, "error", "") == "cancelled" else None
            self._rest(name)
            if unheard:
                self._unloads[name] = unheard
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
        for name in list(self._watch):
            self._wait_again(name)

    def _wait_again(self, name: str) -> None:
        """Give a worker its time again, if it is watched."""
        if name in self._watch:
            self._wait(name, self._watch[name][0])

    def _too_long(self, name: str, seconds: float) -> None:
        if self._can_hear(name):
            self._kill(name, f"it said nothing for {seconds:.0f} s and was ended")
        else:
            self._wait(name, seconds)

    def _can_hear(self, name: str) -> bool:
        """Whether a worker has what it was sent, and what it says comes through: only then silence means something."""
        return True

    def _to_blame(self, name: str) -> bool:
        """Whether the task in a worker's hands, or its load, may be the cause of its end."""
        return name in self._watch and name not in self._forgiven

    async def _end(self, jobs: Collection[asyncio.Task[None]]) -> None:
        """Watch nobody any more, and end what is done beside the loop."""
        self._unwatch()
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)

    def _unwatch(self) -> None:
        for name in list(self._watch):
            self._let_be(name)


def _patience_s(card: ModelCard, knobs: Mapping[str, Any]) -> float:
    """How long a worker may say nothing of a task of a model, or of its load."""
    compiles = COMPILE_S if knobs.get("compile") is True else 0.0
    return max(SILENCE_S, slowest_load_s(card), compiles)
