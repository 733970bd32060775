"""The engine's workers, wherever they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from murakkab_runtimes.workers.binding import Accelerator
from murakkab_runtimes.workers.messages import Cancel, Load, Reply, Run

OnReply = Callable[[str, Reply], None]
OnLost = Callable[[str, str, bool], None]


class OnBarren(Protocol):
    """Called with why no run, or the named one, can go on: in words, or the fault that nothing foresaw."""

    def __call__(self, reason: str | Exception, run: str = "") -> None:
        """Fail them."""


class Fleet(Protocol):
    """The workers of an engine, wherever they are.

    It tells of them by callbacks in the engine's event loop: ``on_reply`` with a worker's name and each of its replies,
    the first one Ready; ``on_lost`` with name, reason and whether the task or the load in hand may be to blame;
    ``on_barren`` when no run, or one of them, can go on.
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

    def packages(self) -> frozenset[str]:
        """Import names, of what lighter settings of models need, that all of its workers with an accelerator have."""

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
