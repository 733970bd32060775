"""The nouns of a plan: which configuration does each node, and why."""

from __future__ import annotations

from typing import Any

import msgspec

from murakkab_optimizer.catalog import Needs


class Configuration(msgspec.Struct, frozen=True):
    """A model with its knobs and the resources that one task of it takes.

    Attributes:
        model: its name.
        knobs: its settings.
        needs: ``threads`` 0 marks work too short to count (under about ten milliseconds of one core a task).
        seconds: expected time of one task, or 0 when nothing was measured yet.
        device: name of the device type; empty where the plan leaves it open.
        devices: accelerators of one instance; 0 on processors.
        quality: 0 to 1 within the capability.

    """

    model: str
    knobs: dict[str, Any] = {}
    needs: Needs = Needs()
    seconds: float = 0.0
    device: str = ""
    devices: int = 0
    quality: float = 0.0


class Instances(msgspec.Struct, frozen=True):
    """A group of equal instances of a model, shared by all nodes that are planned with it.

    ``devices`` are those of one instance; on processors its threads.
    """

    model: str
    device: str
    devices: int
    count: int = 1
    spot: bool = False
    region: str = ""


class Pin(msgspec.Struct, frozen=True):
    """What a person asks of one node: a model, some of its knobs, or both."""

    model: str | None = None
    knobs: dict[str, Any] = {}


class NodePlan(msgspec.Struct, frozen=True):
    """The choice for one node.

    Attributes:
        chosen: what will run.
        reason: one sentence, for people.
        alternatives: names of the models that could have been chosen, best first, each with why it was not.
        instances: that do it.
        runner_up: the best other model or device; where there is none, the best other settings; else None.
        provenance: where the expected time comes from, in words.

    """

    chosen: Configuration
    reason: str
    alternatives: tuple[tuple[str, str], ...] = ()
    instances: tuple[Instances, ...] = ()
    runner_up: Configuration | None = None
    provenance: str = ""


class Prediction(msgspec.Struct, frozen=True):
    """A promise of the whole, and what the plan is expected to give.

    Attributes:
        name: ``ttff``, ``latency``, ``cost``, ``energy``, ``quality``, or ``realtime``.
        unit: ``s``, ``US$``, ``Wh``, or empty. Of ``realtime``, seconds that the viewer would have to wait.
        value: expected; None where it cannot be told.
        limit: promised; None where nothing was.
        note: why it cannot be told, or what it rests on.
        cold: of times, what is expected where the models must be loaded first; promises are for loaded ones. None where
            nothing has to be loaded, or nobody knows how long it takes.

    """

    name: str
    unit: str
    value: float | None = None
    limit: float | None = None
    note: str = ""
    cold: float | None = None


class Relaxation(msgspec.Struct, frozen=True):
    """What giving a limit more room would buy.

    Attributes:
        limit: a promise, or ``devices A100`` or ``cores``.
        value: in force.
        relaxed: that was tried instead; None where the limit was dropped.
        objective: what would get better.
        before: of the objective, now.
        after: of the objective, then.

    """

    limit: str
    value: float
    relaxed: float | None
    objective: str
    before: float
    after: float


class Rung(msgspec.Struct, frozen=True):
    """One way to make a shot: what the nodes that film it are done with.

    Attributes:
        name: for people: the settings in which it differs from the other rungs.
        nodes: by node, its configuration in this rung.
        quality: share of that of the best rung.
        load: core-seconds that all nodes take for a second of the show when its shots are made so.
        paces: by node of the rung, seconds of work for a second of the show.
        first_s: seconds of its nodes to the first picture of the first shot of a show.
        static: nothing moves: a last resort.

    """

    name: str
    nodes: dict[str, Configuration]
    quality: float
    load: float
    paces: dict[str, float] = {}
    first_s: float = 0.0
    static: bool = False


class Plan(msgspec.Struct, frozen=True):
    """A configuration for every node of a graph that has a capability.

    Attributes:
        nodes: by name.
        notes: what is predicted of the promises of the whole, and what cannot be, for people.
        workflow: its name.
        cluster: name of the machines that it was made for.
        objective: what it makes best, the first one first.
        predictions: of every promise that can be made.
        relaxations: what giving way would buy, the most valuable first. The first is the *binding constraint*.
        instances: all, each group once.
        defaults: what nobody said and the plan rests on, for people.
        method: ``exact``, or ``greedy`` where the exact planner found nothing in time.
        gap: share by which a better plan could be better at most; None where that is not known.
        rungs: ways to make a shot, the best first; the configurations of ``nodes`` are one of them. Empty where there
            is nothing to choose.

    """

    nodes: dict[str, NodePlan]
    notes: tuple[str, ...] = ()
    workflow: str = ""
    cluster: str = ""
    objective: tuple[str, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    relaxations: tuple[Relaxation, ...] = ()
    instances: tuple[Instances, ...] = ()
    defaults: tuple[str, ...] = ()
    method: str = "greedy"
    gap: float | None = None
    rungs: tuple[Rung, ...] = ()

    @property
    def start(self) -> int:
        """Index of the rung that the configurations of the nodes are."""
        chosen = (
            i for i, rung in enumerate(self.rungs) if all(self.nodes[n].chosen == c for n, c in rung.nodes.items())
        )
        return next(chosen, 0)
