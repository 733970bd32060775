"""The nouns of a simulation. All times are virtual seconds since its beginning."""

from __future__ import annotations

import math

import msgspec

from murakkab_optimizer.graph import Graph, Path
from murakkab_optimizer.plan import Plan
from murakkab_optimizer.scheduler import Command, Event
from murakkab_optimizer.simulator.deployment import Instance


class Job(msgspec.Struct, frozen=True):
    """A run that is asked for.

    Attributes:
        run: its name; no two jobs have the same.
        at_s: when it is submitted.
        graph: with its inputs filled in.
        plan: the configuration of each node.
        watched: whether a viewer plays it from its first item on and the player tells where it is.

    """

    run: str
    at_s: float
    graph: Graph
    plan: Plan
    watched: bool = True


class Fault(msgspec.Struct, frozen=True):
    """Workers are lost.

    Attributes:
        at_s: when.
        share: of the workers that are there, 0 to 1; at least one is lost.
        back_s: seconds until as many others join; None: never.
        blame: whether the tasks in hand may be the cause, and their attempts count (a crash; not an eviction).
        spot: whether only spot instances are lost, which ones by chance; else those that joined last first.
        workers: names of those that are lost; empty: a share.

    """

    at_s: float
    share: float = 0.0
    back_s: float | None = None
    blame: bool = False
    spot: bool = False
    workers: tuple[str, ...] = ()


class Holding(msgspec.Struct):
    """An instance while it was held; ``ends`` is infinite as long as it was not lost."""

    worker: str
    instance: Instance
    begins: float
    ends: float = math.inf


class Made(msgspec.Struct, frozen=True):
    """What an attempt will turn out to take, from the moment at which the model is loaded.

    Attributes:
        seconds: until it ends.
        items: of a streaming node, for each item when it is there and how many seconds of the show it is.
        seen_s: so much of it, from its beginning, was timed beside the other tasks of a run: those do not slow it down
            once more. Other runs do.

    """

    seconds: float
    items: tuple[tuple[float, float], ...] = ()
    seen_s: float = 0.0


class Span(msgspec.Struct, frozen=True):
    """What a worker did: a task, or loading a model (``run`` empty, ``node`` the model).

    ``devices`` accelerators of type ``device`` were at it, or that many threads of processors.
    """

    worker: str
    run: str
    node: str
    path: Path
    begins: float
    ends: float
    threads: int
    outcome: str = "done"
    device: str = ""
    devices: int = 0


class Show(msgspec.Struct):
    """What the viewer of a run saw.

    Attributes:
        first_s: when the first item was there; None where there was none.
        ends_s: when all that is there will have been played.
        stall_s: seconds that the viewer waited for data since.
        shown_s: length of what is there.

    """

    first_s: float | None = None
    ends_s: float = 0.0
    stall_s: float = 0.0
    shown_s: float = 0.0

    def published(self, now: float, seconds: float) -> None:
        """An item of that length is there."""
        if self.first_s is None:
            self.first_s = self.ends_s = now
        elif now > self.ends_s:
            self.stall_s += now - self.ends_s
            self.ends_s = now
        self.ends_s += seconds
        self.shown_s += seconds

    def position(self, now: float) -> float:
        """Second of the show that the viewer sees."""
        return self.shown_s - max(self.ends_s - now, 0.0)


class End(msgspec.Struct, frozen=True):
    """How a run ended."""

    at_s: float
    status: str
    error: str = ""


class Recorded(msgspec.Struct, frozen=True):
    """All that happened.

    Attributes:
        log: every event with its time and what the kernel answered: a journal.
        spans: what workers did, in the order of the ends.
        shows: by run.
        ends: by run; those that did not end are missing.
        holdings: of instances on accelerators, where the simulation has a deployment.

    """

    log: list[tuple[float, Event, list[Command]]]
    spans: list[Span]
    shows: dict[str, Show]
    ends: dict[str, End]
    holdings: list[Holding] = []
