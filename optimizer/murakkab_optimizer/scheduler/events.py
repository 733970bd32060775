"""What the kernel is told. Every event is journaled before it is acted on.

``lease`` names one attempt at one task (see ``lease_name``); an event with a lease that is no longer held has no
effect, so a task that is delivered twice counts once. ``value`` is the reference of a stored JSON artifact; the
kernel never looks inside.
"""

from __future__ import annotations

import msgspec

from murakkab_optimizer.graph import Graph, Path
from murakkab_optimizer.plan import Plan

Meta = dict[str, int | float | str | bool]


class RunSubmitted(msgspec.Struct, frozen=True, tag=True):
    """A new run; ``graph`` has its inputs filled in."""

    run: str
    graph: Graph
    plan: Plan


class DoneItem(msgspec.Struct, frozen=True):
    """An item that an earlier engine committed: of ``node``, at ``path``."""

    node: str
    path: Path
    value: str
    meta: Meta = {}


class Decision(msgspec.Struct, frozen=True):
    """Whether the condition of ``node`` held at ``path``, read by an earlier engine."""

    node: str
    path: Path
    holds: bool


class ShotMade(msgspec.Struct, frozen=True):
    """The shot at ``path`` of the timeline was begun on the rung of that name."""

    path: Path
    rung: str


class RunResumed(msgspec.Struct, frozen=True, tag=True):
    """A run goes on after its engine stopped. What it carries is neither made nor read again.

    Attributes:
        items: the committed items of streaming nodes and, from the second on, the rounds of loops.
        finished: the values of finished tasks, evaluated ones and loops among them, in the order of their commits.
        decided: what was read of conditions.
        shots: those that were begun; they go on as they began.
        times: how often the run was resumed, this time included: the leases of each time have names of their own.

    """

    run: str
    graph: Graph
    plan: Plan
    items: tuple[DoneItem, ...] = ()
    finished: tuple[DoneItem, ...] = ()
    decided: tuple[Decision, ...] = ()
    shots: tuple[ShotMade, ...] = ()
    times: int = 0


class RunCancelled(msgspec.Struct, frozen=True, tag=True):
    """The user asked for the run to stop."""

    run: str


class PlanChanged(msgspec.Struct, frozen=True, tag=True):
    """Tasks that start from now on use ``plan``."""

    run: str
    plan: Plan


class TaskStarted(msgspec.Struct, frozen=True, tag=True):
    """The worker took the task up."""

    lease: str


class TaskProgressed(msgspec.Struct, frozen=True, tag=True):
    """``done`` is the finished share in 0..1."""

    lease: str
    done: float


class ItemEmitted(msgspec.Struct, frozen=True, tag=True):
    """A task of a streaming node committed its item number ``index``."""

    lease: str
    index: int
    value: str
    meta: Meta = {}


class TaskFinished(msgspec.Struct, frozen=True, tag=True):
    """The attempt committed ``value`` after ``seconds`` of work.

    ``left`` names the models that its worker let go of by itself, since the last event of such a kind.
    """

    lease: str
    value: str
    meta: Meta = {}
    seconds: float = 0.0
    left: tuple[str, ...] = ()


class TaskFailed(msgspec.Struct, frozen=True, tag=True):
    """The attempt ended without a result.

    ``retry`` False means that another one would end alike, ``input_fault`` that what the user gave is to blame,
    ``memory`` that it did not fit into the memory of its device. ``left`` is as in TaskFinished.
    """

    lease: str
    error: str
    retry: bool = True
    input_fault: bool = False
    memory: bool = False
    left: tuple[str, ...] = ()


class Evaluated(msgspec.Struct, frozen=True, tag=True):
    """The answer to ``Evaluate``.

    ``value`` is the reference of a stored value, ``holds`` what became of the condition (``when`` or ``until``).
    ``error`` says why there is no answer; the run fails with it.
    """

    run: str
    node: str
    path: Path
    what: str
    index: int = 0
    value: str = ""
    holds: bool = True
    error: str = ""


class WorkerJoined(msgspec.Struct, frozen=True, tag=True):
    """A worker process is ready to take one task at a time.

    Attributes:
        machine: whose threads it shares with the other workers there; empty for those that the scheduler was given.
        cores: threads that it adds to those of its machine.
        models: names of those that can be used there; None for all.
        held: names of those that it has loaded already.
        room_mb: MiB of its accelerator; 0 for none, or where that is not known.

    """

    worker: str
    machine: str = ""
    cores: int = 0
    models: tuple[str, ...] | None = None
    held: tuple[str, ...] = ()
    room_mb: int = 0


class WorkerLost(msgspec.Struct, frozen=True, tag=True):
    """A worker is gone. ``blame`` says whether its task, or its load, may be the cause (and the attempt counts)."""

    worker: str
    reason: str
    blame: bool = True


class ModelLoaded(msgspec.Struct, frozen=True, tag=True):
    """The worker holds the model now (``error`` empty) or failed to load it; ``left`` is as in TaskFinished."""

    worker: str
    model: str
    error: str = ""
    left: tuple[str, ...] = ()


class ModelsExpected(msgspec.Struct, frozen=True, tag=True):
    """Runs with these configurations are to come: hold their models ready."""

    graph: Graph
    plan: Plan


class PlaybackMoved(msgspec.Struct, frozen=True, tag=True):
    """The viewer's player is at ``position_s`` and has waited ``stall_s`` for data so far.

    ``rate`` says how many seconds of the show it plays in a second.
    """

    run: str
    position_s: float
    stall_s: float = 0.0
    rate: float = 1.0


class PlaybackLeft(msgspec.Struct, frozen=True, tag=True):
    """All who played the run are gone."""

    run: str


class TimerFired(msgspec.Struct, frozen=True, tag=True):
    """The timer that a SetTimer command asked for."""

    name: str


Event = (
    RunSubmitted
    | RunResumed
    | RunCancelled
    | PlanChanged
    | TaskStarted
    | TaskProgressed
    | ItemEmitted
    | TaskFinished
    | TaskFailed
    | Evaluated
    | WorkerJoined
    | WorkerLost
    | ModelLoaded
    | ModelsExpected
    | PlaybackMoved
    | PlaybackLeft
    | TimerFired
)


def path_label(path: Path) -> str:
    """``(2, 1, 0)`` as ``2.1.0``; the empty path as ``-``."""
    return ".".join(map(str, path)) or "-"


def parse_path(label: str) -> Path:
    """Inverse of ``path_label``."""
    return () if label == "-" else tuple(map(int, label.split(".")))


def lease_name(run: str, node: str, path: Path, attempt: int, times: int = 0) -> str:
    """The name of one attempt: ``run/node/2.1#1``. Attempts count from 1; of a run resumed twice it is ``...#1~2``."""
    return f"{run}/{node}/{path_label(path)}#{attempt}" + (f"~{times}" if times else "")


def parse_lease(lease: str) -> tuple[str, str, Path, int]:
    """Run, node, path and attempt of what ``lease_name`` named."""
    task, attempt = lease.rsplit("#", 1)
    run, node, label = task.rsplit("/", 2)
    return run, node, parse_path(label), int(attempt.partition("~")[0])
