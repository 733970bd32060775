"""What engines and slots agree on: names of keys, the announcement of a slot, and when the two fit each other.

A slot runs one attempt at a time. Every key begins with ``murakkab:``, so that a Redis may be shared.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import version

import msgspec

from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.workers.binding import Accelerator
from murakkab_runtimes.workers.messages import Load, Run
from murakkab_runtimes.workers.messages import Reply as WorkerReply

BEAT_S = 1.0
"""Time between two announcements of a slot."""

FORGET_S = 60
"""A slot that was not heard of for this long is no longer listed."""

OWNER_MS = 4_000
"""A slot that its engine does not ask for again within this time is free for others."""

REPLIES_S = 3600
"""How long replies wait for an engine."""

MARK = ".engine"
"""File in a run's artifacts by which a worker knows that it sees the same folder as the engine."""

SLOTS = "murakkab:slots"
ENGINES = "murakkab:engines"
SCALED = "murakkab:scaled"
"""Key that is there as long as somebody starts workers for what waits."""

TASK = "murakkab.attempt"


class Slot(msgspec.Struct, frozen=True):
    """What a slot announces.

    Attributes:
        name: unique in the cluster.
        machine: where it is.
        device: type of its device: ``cpu``, or that of the accelerator.
        cores: threads that it adds to what its machine may use.
        width: threads that its machine may use.
        memory_mb: of the machine, or of the accelerator.
        version: of Murakkab there.
        digest: of the catalogue there.
        beat: grows with every announcement.
        draining: it takes no more tasks and leaves.
        pace: by class of work, how much slower a core there is than those that the shipped profiles were measured on;
            empty where nobody knows, and for accelerators.
        queue: of Celery, to which its tasks go.
        hostname: of its Celery worker.
        models: names of those that can be used there.
        accelerator: that its process is bound to; None for processors.
        packages: of those that lighter settings of models need, those that are there.

    """

    name: str
    machine: str
    device: str
    cores: int
    width: int
    memory_mb: int
    version: str
    digest: str
    queue: str
    hostname: str
    models: tuple[str, ...] = ()
    accelerator: Accelerator | None = None
    beat: int = 0
    draining: bool = False
    pace: dict[str, float] = {}
    packages: tuple[str, ...] = ()


def announced(name: str, text: bytes) -> Slot:
    """What a slot announces; one whose announcement cannot be read is of a version that fits no engine."""
    try:
        return msgspec.json.decode(text, type=Slot)
    except msgspec.MsgspecError:
        machine = name.rpartition("-")[0]
        return Slot(name, machine, "", 0, 0, 0, version="(unknown)", digest="", queue="", hostname="")


class Total(msgspec.Struct, frozen=True):
    """What a process has done with one model: attempts by how they ended, and seconds of those that were finished."""

    finished: int = 0
    failed: int = 0
    seconds: float = 0.0


class State(msgspec.Struct, frozen=True):
    """What the process that does a slot's work says of itself.

    Attributes:
        child: of this process and no other.
        pid: on its machine.
        engine: whose attempt it is at; empty when it is idle.
        lease: the attempt.
        models: that it holds.
        full: it has no room to write and takes no tasks until it has.
        totals: by model, what it has done.

    """

    child: str
    pid: int
    engine: str = ""
    lease: str = ""
    models: tuple[str, ...] = ()
    full: bool = False
    totals: dict[str, Total] = {}


class Waiting(msgspec.Struct, frozen=True):
    """What an engine tells of the tasks that wait for workers of one kind.

    Attributes:
        queue: the kind: ``cpu``, or the type of an accelerator.
        tasks: how many wait.
        work_s: core-seconds (or device-seconds) that they are expected to take.
        oldest_s: seconds for which the first of them has waited.
        slack_s: seconds until the first must begin; None where none waits.
        demand: core-seconds that the shows which are watched take for a second.

    """

    queue: str
    tasks: int = 0
    work_s: float = 0.0
    oldest_s: float = 0.0
    slack_s: float | None = None
    demand: float = 0.0


class Died(msgspec.Struct, frozen=True, tag=True):
    """The process of a slot ended at an attempt, told by the one that watches it."""

    lease: str
    reason: str


class Returned(msgspec.Struct, frozen=True, tag=True):
    """A slot cannot go on with an attempt, for a reason that lies with its machine; another one can make it."""

    lease: str
    reason: str


class Unfit(msgspec.Struct, frozen=True, tag=True):
    """A slot cannot use the artifacts of an attempt's run; another machine may. ``model`` is that of the attempt."""

    lease: str
    reason: str
    model: str


Back = Returned | Unfit


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The process of a slot does not wait for more: what was sent to it directly must go by Celery. Redis says this."""

    lease: str


class Said(msgspec.Struct, frozen=True):
    """One entry in the stream of an engine.

    ``number`` counts those of ``child``, so that none is taken twice; ``place`` those of one order from 0 on, so that
    one which a broker lost is missed.
    """

    slot: str
    child: str
    number: int
    place: int
    reply: WorkerReply | Died | Back | Refused


class Order(msgspec.Struct, frozen=True):
    """What an engine sends to a slot."""

    engine: str
    request: Run | Load


def told(text: bytes | None) -> State | None:
    """What the process of a slot says of itself; None where it said nothing that can be read."""
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=State)
    except msgspec.MsgspecError:
        return None


def announcement(slot: str) -> str:
    """Key of what a slot announces."""
    return f"murakkab:slot:{slot}"


def state(slot: str) -> str:
    """Key of the state of a slot's process."""
    return f"murakkab:state:{slot}"


def owner(slot: str) -> str:
    """Key of the engine that alone may use a slot."""
    return f"murakkab:owner:{slot}"


def replies(engine: str) -> str:
    """Key of the stream of what slots say to an engine."""
    return f"murakkab:replies:{engine}"


def waiting(engine: str) -> str:
    """Key of what waits for workers at an engine."""
    return f"murakkab:waiting:{engine}"


def cancelled(engine: str, lease: str) -> str:
    """Key that is there once an engine has cancelled an attempt."""
    return f"murakkab:cancelled:{engine}:{lease}"


def attempted(engine: str, lease: str) -> str:
    """Key that is there once a slot has begun an attempt."""
    return f"murakkab:attempted:{engine}:{lease}"


def session(child: str) -> str:
    """Key that is there, with the id of the engine, as long as a process takes what follows its first order."""
    return f"murakkab:session:{child}"


def following(child: str) -> str:
    """Key of the list of orders that follow."""
    return f"murakkab:following:{child}"


def queue(device: str, slot: str) -> str:
    """Celery queue of a slot."""
    return f"murakkab.{device}.{slot}"


def this_version() -> str:
    """Version of Murakkab in this process."""
    return version("murakkab")


def catalogue_digest() -> str:
    """Twelve hexadecimal digits that are equal where the models of the catalogue are."""
    cards = [card for _, card in sorted(load_catalog().items())]
    return hashlib.sha256(msgspec.json.encode(cards, order="deterministic")).hexdigest()[:12]


def misfit(slot: Slot, version: str, digest: str) -> str:
    """Why an engine of that version and catalogue cannot use a slot; empty when it can."""
    if slot.version != version:
        return f"it has murakkab {slot.version}, the engine {version}: install the same on both"
    if slot.digest != digest:
        return (
            f"its catalogue ({slot.digest}) is not that of the engine ({digest}): "
            "install the same packages and name the same folders in MURAKKAB_CATALOG on both"
        )
    return ""
