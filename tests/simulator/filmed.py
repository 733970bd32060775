"""A show whose shots can be made on several rungs, and a plant that is slow for a while."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from murakkab_optimizer.catalog import Needs
from murakkab_optimizer.graph import Edge, Graph, Node, Slo
from murakkab_optimizer.plan import Configuration, NodePlan, Plan, Rung
from murakkab_optimizer.scheduler.commands import MakeShot, StartTask
from murakkab_optimizer.simulator import Job, Made, PlannedWork, Recorded, Simulation
from murakkab_optimizer.simulator.nouns import Show

TURN_S = 5.0
WATCHED = Slo(ttff_s=1.5, realtime=True)
RUNGS = (("fine", 1.6, 1.0), ("normal", 1.1, 0.9), ("fast", 0.6, 0.8), ("still", 0.15, 0.3))
"""Name, seconds of work for a second of the show, and quality."""


def show(turns: int, slo: Slo = WATCHED) -> Graph:
    """Turns that are spoken, filmed in clips, brought to the canvas and shown in order."""
    duration = {"duration": turns * TURN_S}
    nodes = (
        Node("script", "text-generation", {"form": "dialogue", **duration}, streams=True, join="ordered"),
        Node("speech", "text-to-speech", {}, (Edge("script", 1),), "script", depth=1),
        Node("film", "image-to-video", {}, (Edge("script", 1), Edge("speech", 1)), "script", streams=True, depth=1),
        Node("canvas", "video-to-video", {}, (Edge("film", 2),), "film", depth=2),
        Node("package", "video-packaging", {}, (Edge("canvas", 2),), "canvas", join="ordered", depth=2),
    )
    return Graph("show", nodes, publish="package", slo=slo)


def plan(start: int = 0, rungs: tuple[tuple[str, float, float], ...] = RUNGS) -> Plan:
    """One thread for each step but packaging and what hands clips on, which are too short to count."""

    def configured(name: str, seconds: float, threads: int = 1, **knobs: object) -> Configuration:
        return Configuration(f"{name} model", dict(knobs), Needs(threads, 50), seconds)

    nodes = {
        "script": configured("script", 1.0, 0),
        "speech": configured("speech", 0.3),
        "package": configured("package", 0.0, 0),
    }
    ladder = tuple(
        Rung(
            name=name,
            nodes={
                "film": configured("film", pace * TURN_S, detail=name),
                "canvas": configured("canvas", 0.0, 0),
            },
            quality=quality,
            load=pace + 0.3 / TURN_S,
            paces={"film": pace, "canvas": 0.0},
            first_s=pace,
            static=name == "still",
        )
        for name, pace, quality in rungs
    )
    chosen = nodes | ladder[start].nodes
    return Plan({name: NodePlan(one, "the only one") for name, one in chosen.items()}, rungs=ladder)


class Slowed(PlannedWork):
    """Work that takes ``factor`` times as long if it begins between two moments."""

    def __init__(self, begins: float, ends: float, factor: float, noise: float = 0.0, seed: int = 0) -> None:
        super().__init__(noise, noise, seed, {"film": 4})
        self.window, self.factor = (begins, ends), factor
        self.now: Callable[[], float] = lambda: 0.0

    def made(self, graph: Graph, task: StartTask) -> Made:
        made = super().made(graph, task)
        if not self.window[0] <= self.now() < self.window[1]:
            return made
        items = tuple((at * self.factor, seconds) for at, seconds in made.items)
        return msgspec.structs.replace(made, seconds=made.seconds * self.factor, items=items)


def play(
    job: Job, rungs: str = "adaptive", cores: int = 2, slow: tuple[float, float, float] = (0.0, 0.0, 1.0),
    noise: float = 0.0, seed: int = 0,
) -> Recorded:  # fmt: skip
    """Simulate one run."""
    work = Slowed(*slow, noise, seed)
    simulation = Simulation(cores, work, rungs=rungs)
    work.now = lambda: simulation.now
    return simulation.run([job])


def shots(record: Recorded) -> list[tuple[float, MakeShot]]:
    """When each shot was begun, and how."""
    return [(now, one) for now, _, commands in record.log for one in commands if isinstance(one, MakeShot)]


def seen(record: Recorded, run: str = "r") -> Show:
    return record.shows[run]
