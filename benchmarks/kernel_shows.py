"""The podcasts of ``kernel``: plain, with rungs on processors, and with rungs whose stages are done on accelerators."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from murakkab_optimizer.catalog import Needs
from murakkab_optimizer.graph import Edge, Graph, Node, Slo
from murakkab_optimizer.plan import Configuration, NodePlan, Plan, Rung

TURN_S = 5.0
PACES = (0.5, 0.3, 0.25, 0.15, 0.05)
"""Seconds of one core for a second of a shot, by rung; the last one is static."""

FILM, LIPS = "film model", "lips model"
STEPS = ((10, 10), (10, 5), (10, 3), (5, 0), (0, 0))
"""Steps of film and lips, by rung; the last one is static."""

FILM_S, LIPS_S = 0.8, 2.4
"""Seconds of one instance for a second of a shot, with all steps."""

EVENTS = 9 / TURN_S
"""Of a show in stages, for a second of it: a turn, and that each of its four tasks began and ended."""


class Show(msgspec.Struct, frozen=True):
    """What is made.

    Attributes:
        name: for the table.
        graph, plan: of every run.
        instances: on accelerators, by model, how many for each run.
        tempo: events a second for each run, so that shots are there when they are needed, or a little later; 0: one
            every millisecond, whatever is shown.

    """

    name: str
    graph: Graph
    plan: Plan
    instances: dict[str, int] = {}
    tempo: float = 0.0


def plain() -> Show:
    """No rungs."""
    return Show("", _graph("", "hosts"), _plan({"hosts": _one("hosts", 1.5)}))


def filmed() -> Show:
    """The same show on a timeline, so that its shots have rungs: five ways to do its one filming node."""
    hosts = _one("hosts", 1.5)
    return Show(", rungs", _graph("ordered", "hosts"), _plan({"hosts": hosts}, tuple(_ladder(hosts))))


def staged() -> Show:
    """Film, then lips, on accelerators; instances that cannot keep the best rung up."""
    rungs = tuple(_stages())
    graph, plan = _graph("ordered", "film", "lips"), _plan(rungs[0].nodes, rungs)
    return Show(", rungs in stages", graph, plan, {FILM: 1, LIPS: 2}, EVENTS)


def _graph(join: str, *stages: str) -> Graph:
    """A script, and for each of its turns a voice, the stages one after the other, and its place in the show."""
    turn, over = Edge("script", 1), "script"
    voiced = [
        Node(name, "image-to-video", {}, (turn, Edge(before, 1)), over, depth=1)
        for before, name in zip(("speech", *stages), stages, strict=False)
    ]
    nodes = (
        Node("script", "text-generation", streams=True, join=join),
        Node("speech", "text-to-speech", {}, (turn,), over, depth=1),
        *voiced,
        Node("package", "video-packaging", {}, (Edge(stages[-1], 1),), stages[-1], join="ordered", depth=1),
        Node("episode", "video-muxing", {}, (Edge("package", 0, many=True),)),
    )
    return Graph("podcast", nodes, publish="package", slo=Slo(ttff_s=1.0, realtime=True))


def _plan(shot: dict[str, Configuration], rungs: tuple[Rung, ...] = ()) -> Plan:
    """A small model for each node; writing takes no thread, so that every script can be written at once."""
    seconds = {"script": 1.0, "speech": 0.4, "package": 0.1, "episode": 0.5}
    chosen = {name: _one(name, needed, int(name != "script")) for name, needed in seconds.items()} | shot
    return Plan({name: NodePlan(one, "the only one") for name, one in chosen.items()}, rungs=rungs)


def _one(node: str, seconds: float, threads: int = 1) -> Configuration:
    return Configuration(f"{node} model", {}, Needs(threads, 50), seconds)


def _ladder(hosts: Configuration) -> Iterator[Rung]:
    """Five ways to make a shot."""
    for index, pace in enumerate(PACES):
        way = {"hosts": hosts if not index else msgspec.structs.replace(hosts, seconds=TURN_S * pace)}
        yield Rung(f"rung {index}", way, 1 - 0.1 * index, pace + 0.1, {"hosts": pace}, static=pace == PACES[-1])


def _stages() -> Iterator[Rung]:
    """Five ways to make a shot in stages; with no step a stage hands on what it is given."""
    for index, (film, lips) in enumerate(STEPS):
        paces = {"film": FILM_S * film / 10, "lips": LIPS_S * lips / 10}
        nodes = {"film": _stage(FILM, paces["film"], film), "lips": _stage(LIPS, paces["lips"], lips)}
        yield Rung(f"rung {index}", nodes, 1 - 0.2 * index, 0.0, paces, sum(paces.values()) * 2.5, not film)


def _stage(model: str, pace: float, steps: int) -> Configuration:
    if not steps:
        return Configuration("hand on", {"steps": 0}, Needs(0, 20))
    return Configuration(model, {"steps": steps}, Needs(0, 20), TURN_S * pace, "GPU", 1)
