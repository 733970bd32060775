"""The nouns of assignment: steps of a run, the ways to do each, what is promised, and what comes out.

A ``Problem`` is what a workflow, a catalogue, profiles and a cluster come down to. ``evaluate`` says what an
``Assignment`` gives; every planner is measured by it.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from murakkab_optimizer.hardware import Cluster

Pool = tuple[str, int, int]
"""Model, index of an offer and devices of one instance: instances of a pool are shared by all steps that use it."""

INFINITE = float("inf")

SLACK = 1e-9
"""What a limit may be missed by, relative; of seconds of the show's pace, absolute."""


class Candidate(msgspec.Struct, frozen=True):
    """One way to do a step.

    Attributes:
        model: name of its card.
        knobs: settings.
        offer: index of the offer of the cluster that its devices come from.
        devices: of one instance: accelerators, or threads where the offer is of processor cores (0: too short to
            count).
        task_s: seconds of one task of the step on an idle instance.
        first_s: seconds from the start of a task to its first item; 0: as ``task_s``.
        quality: 0 to 1 within the capability.
        power_w: watts of one instance at work, all its devices together; 0 where nobody knows.
        memory_mb: MiB of memory of the machines that a held instance takes; where candidates that were chosen share
            a pool, the largest.
        load_s: seconds to load a new instance; in a shared pool the largest, too.
        known: whether its times were ever measured or cited.

    """

    model: str
    task_s: float
    knobs: dict[str, Any] = {}
    offer: int = 0
    devices: int = 1
    first_s: float = 0.0
    quality: float = 1.0
    power_w: float = 0.0
    memory_mb: float = 0.0
    load_s: float = 0.0
    known: bool = True

    @property
    def pool(self) -> Pool:
        """The pool that its instances belong to."""
        return (self.model, self.offer, self.devices)


class Need(msgspec.Struct, frozen=True):
    """A step needs another one: item by item as they come, or (``whole``) all of it."""

    step: str
    whole: bool = False


class Step(msgspec.Struct, frozen=True):
    """A node of the graph, as the planner sees it.

    Attributes:
        name: of the node.
        tasks: how many a run has.
        needs: steps that stand before it.
        serial: whether its tasks run one after the other.
        candidates: ways to do it; at least one. A step that needs no model has one of no devices and no time.

    """

    name: str
    tasks: int
    candidates: tuple[Candidate, ...]
    needs: tuple[Need, ...] = ()
    serial: bool = False


class Tie(msgspec.Struct, frozen=True):
    """Where ``step`` is done in one of ``when``, ``other`` must be done in one of ``then`` (indices of candidates)."""

    step: str
    when: frozenset[int]
    other: str
    then: frozenset[int]


class Limits(msgspec.Struct, frozen=True):
    """Promises of a run; infinite (of quality: 0) where nothing is promised.

    Attributes:
        ttff_s: seconds to the first item that is shown; with ``realtime``, to the earliest start without a later wait.
        realtime: items are shown as they are needed; the show lasts ``Problem.video_s``. Without ``ttff_s`` it starts
            with its first item, and everything that feeds it keeps its pace.
        latency_s: seconds until all is done.
        cost_usd: US dollars.
        energy_wh: watt-hours.
        quality: share of the best quality that the candidates could give, see ``Outcome.quality``.

    """

    ttff_s: float = INFINITE
    realtime: bool = False
    latency_s: float = INFINITE
    cost_usd: float = INFINITE
    energy_wh: float = INFINITE
    quality: float = 0.0


Objective = Literal["quality", "latency", "ttff", "cost", "energy"]


class Problem(msgspec.Struct, frozen=True):
    """What is to be planned.

    Attributes:
        steps: each behind those that it needs.
        cluster: whose offers the candidates name.
        shown: the step whose items the viewer sees; empty where there is none.
        video_s: seconds that the show lasts; 0 where there is none.
        limits: promises.
        objectives: what to make best, the first one first; ties are broken by the next one.
        ties: what must go together.
        reserve: share of the processor cores that is kept free for real time.
        held: instances that run already, by pool; they need no loading.

    """

    steps: tuple[Step, ...]
    cluster: Cluster
    shown: str = ""
    video_s: float = 0.0
    limits: Limits = Limits()
    objectives: tuple[Objective, ...] = ("quality",)
    ties: tuple[Tie, ...] = ()
    reserve: float = 0.0
    held: dict[Pool, int] = {}


class Use(msgspec.Struct, frozen=True):
    """How a step is done: the index of its candidate, and how many instances of the pool it uses at most at a time."""

    candidate: int
    instances: int = 1


Assignment = tuple[Use, ...]
"""One ``Use`` for each step of the problem, in order."""


class Outcome(msgspec.Struct, frozen=True):
    """What an assignment gives.

    Attributes:
        ttff_s: seconds to the first shown item, or with ``realtime`` the earliest start without a wait; 0 where
            nothing is shown.
        first_s: seconds to the first shown item.
        latency_s: seconds until all is done.
        cost_usd: US dollars.
        energy_wh: watt-hours.
        quality: product over the steps of quality divided by the best quality of any candidate of the step.
        load: core-seconds a second of the show; 0 where nothing is shown.
        devices: used of each offer; of processor cores, those that tasks use at one time at most.
        memory_mb: of the machines, each pool counted once an instance.

    """

    ttff_s: float
    first_s: float
    latency_s: float
    cost_usd: float
    energy_wh: float
    quality: float
    load: float
    devices: tuple[int, ...]
    memory_mb: float

    def value(self, objective: Objective) -> float:
        """The figure that an objective wants small; of quality, what is lost of it."""
        if objective == "quality":
            return 1.0 - self.quality
        return {"latency": self.latency_s, "ttff": self.ttff_s, "cost": self.cost_usd, "energy": self.energy_wh}[
            objective
        ]


class Solution(msgspec.Struct, frozen=True):
    """A plan of a problem.

    Attributes:
        assignment: what is done how.
        outcome: what it gives.
        bound: no assignment has a smaller value of the first objective.
        method: ``greedy`` where the search neither improved the greedy start nor proved it; else ``exact``. How good it
            is proven to be is told by ``bound`` alone.

    """

    assignment: Assignment
    outcome: Outcome
    bound: float
    method: Literal["exact", "greedy"]


class Infeasible(Exception):
    """No assignment keeps all that is promised.

    Attributes:
        nearest: by promise (``ttff``, ``latency``, ``cost``, ``energy``, ``quality``, ``realtime``), the value that can
            be had if all the others are kept, where one alone is in the way; else values that can be had together.
        alone: whether giving way at any one of them is enough.

    """

    def __init__(self, message: str, nearest: dict[str, float], *, alone: bool) -> None:
        super().__init__(message)
        self.nearest, self.alone = nearest, alone


class Undecided(Exception):
    """Time was over before there was a plan, or the proof that there is none."""


class Relaxation(msgspec.Struct, frozen=True):
    """What giving way at one limit would buy.

    Attributes:
        limit: ``ttff``, ``realtime``, ``latency``, ``cost``, ``energy``, ``quality``, ``devices``, ``cores`` or
            ``memory``.
        offer: index of the offer, of ``devices`` and ``cores``; else -1.
        now: the limit in force (of ``realtime`` 1).
        instead: the limit that it would be; infinite (of quality and realtime 0) where it is dropped.
        value: the first objective then (see ``Outcome.value``).
        gain: relative improvement of the first objective, more than 0.

    """

    limit: str
    now: float
    instead: float
    value: float
    gain: float
    offer: int = -1
