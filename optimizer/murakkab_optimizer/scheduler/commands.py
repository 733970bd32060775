"""What the kernel asks the engine to do."""

from __future__ import annotations

from typing import Any

import msgspec

from murakkab_optimizer.graph import Path
from murakkab_optimizer.plan import Configuration


class StartTask(msgspec.Struct, frozen=True, tag=True):
    """Run one attempt on a worker.

    Attributes:
        lease: names the attempt; its result counts only while the lease is held.
        item: reference of the item that it runs over, if any.
        inputs: by source node, the reference of its value, or of all its items in order.
        previous: in an ordered join, the reference of the value before, if any.
        first_item: number of items that an earlier attempt committed; they need not be made again.
        deadline: when the result is needed, in the clock of ``now``.

    """

    lease: str
    worker: str
    run: str
    node: str
    path: Path
    attempt: int
    configuration: Configuration
    deadline: float
    item: str | None = None
    inputs: dict[str, str | tuple[str, ...]] = {}
    previous: str | None = None
    first_item: int = 0


class Evaluate(msgspec.Struct, frozen=True, tag=True):
    """Read a condition or make the value of a node that has no capability; answer with ``Evaluated``.

    Attributes:
        what: ``when`` for the node's condition; ``value`` for the value of an evaluated node; ``round`` for the value
            of round ``index`` of a loop and its ``until``.
        item: reference of the item that the task runs over, if any.
        inputs: as in StartTask.
        previous: as in StartTask.

    """

    run: str
    node: str
    path: Path
    what: str
    index: int = 0
    item: str | None = None
    inputs: dict[str, str | tuple[str, ...]] = {}
    previous: str | None = None


class CancelTask(msgspec.Struct, frozen=True, tag=True):
    """Stop the attempt at the next quantum; its result no longer counts."""

    lease: str
    worker: str


class LoadModel(msgspec.Struct, frozen=True, tag=True):
    """Load and warm a model on a worker before its first task, in the settings of the plan that wants it."""

    worker: str
    model: str
    knobs: dict[str, Any] = {}


class UnloadModel(msgspec.Struct, frozen=True, tag=True):
    """Let go of a model that a worker holds, before the next thing that it is asked for."""

    worker: str
    model: str


class Publish(msgspec.Struct, frozen=True, tag=True):
    """Show the viewer item number ``index`` of the published node."""

    run: str
    node: str
    path: Path
    index: int
    value: str


class MakeShot(msgspec.Struct, frozen=True, tag=True):
    """The shot at ``path`` of the timeline is made on a rung of the plan: all its tasks are.

    Attributes:
        rung: its name.
        index: its place in the plan; 0 is the best.
        quality: share of that of the best one.
        reason: why, for people.
        seconds: length of the shot, as it was written.
        buffer_s: seconds of the show that were ready and not shown yet.

    """

    run: str
    path: Path
    rung: str
    index: int
    quality: float
    reason: str
    seconds: float = 0.0
    buffer_s: float = 0.0


class FinishRun(msgspec.Struct, frozen=True, tag=True):
    """The run ended.

    ``status`` is succeeded, failed or cancelled; ``input_fault`` says that it failed for what the user gave;
    ``outputs`` are the whole values of the last nodes.
    """

    run: str
    status: str
    error: str = ""
    input_fault: bool = False
    outputs: dict[str, str | tuple[str, ...]] = {}


class SetTimer(msgspec.Struct, frozen=True, tag=True):
    """Send TimerFired(name) at time ``at``, in the clock of ``now``."""

    name: str
    at: float


Command = StartTask | Evaluate | CancelTask | LoadModel | UnloadModel | Publish | MakeShot | FinishRun | SetTimer
