"""What an engine and a worker process say to each other: one JSON object a line."""

from __future__ import annotations

from typing import Any

import msgspec

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.graph import Path
from murakkab_optimizer.scheduler.events import (
    ItemEmitted,
    ModelLoaded,
    TaskFailed,
    TaskFinished,
    TaskProgressed,
    TaskStarted,
)


class Run(msgspec.Struct, frozen=True, tag=True):
    """Run one attempt; what is not named here is as in StartTask.

    Attributes:
        store: folder of the run's artifacts.
        remote: URL of the same in a store, for machines that do not share the folder; empty where they do.
        streams: whether the node may emit items.
        secrets: names of those whose values must not leave the worker.
        trace: context of the trace that the attempt is part of (W3C ``traceparent``); empty for none.
        unload: names of models to let go of first.

    """

    lease: str
    store: str
    card: ModelCard
    knobs: dict[str, Any]
    threads: int
    arguments: dict[str, Any]
    seed: int
    path: Path = ()
    item: str | None = None
    inputs: dict[str, str | tuple[str, ...]] = {}
    previous: str | None = None
    first_item: int = 0
    streams: bool = False
    secrets: tuple[str, ...] = ()
    trace: str = ""
    remote: str = ""
    unload: tuple[str, ...] = ()


class Load(msgspec.Struct, frozen=True, tag=True):
    """Load and warm a model, after letting go of those that ``unload`` names; ``knobs``: how it is wanted."""

    card: ModelCard
    threads: int = 1
    unload: tuple[str, ...] = ()
    knobs: dict[str, Any] = {}


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """Stop the attempt at its next quantum."""

    lease: str


class Stop(msgspec.Struct, frozen=True, tag=True):
    """End the process after the task in hand."""


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The worker process is up.

    Attributes:
        machine: whose threads it shares; empty for the engine's own.
        cores: threads that it adds to those of its machine.
        models: names of those that can be used there; None for all.
        held: names of those that it has loaded already.
        room_mb: MiB of its accelerator; 0 for none.

    """

    pid: int
    machine: str = ""
    cores: int = 0
    models: tuple[str, ...] | None = None
    held: tuple[str, ...] = ()
    room_mb: int = 0


Request = Run | Load | Cancel | Stop
Reply = Ready | TaskStarted | TaskProgressed | ItemEmitted | TaskFinished | TaskFailed | ModelLoaded
