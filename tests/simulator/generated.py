"""A show whose shots are generated on accelerators in stages, each by instances of its own."""

from __future__ import annotations

from murakkab_optimizer.catalog import Needs
from murakkab_optimizer.graph import Edge, Graph, Node, Slo
from murakkab_optimizer.hardware import Cluster, DeviceType, Offer
from murakkab_optimizer.plan import Configuration, Instances, NodePlan, Plan, Prediction, Rung
from murakkab_optimizer.scheduler.commands import MakeShot
from murakkab_optimizer.simulator import Fault, Job, PlannedWork, Recorded, Simulation, deployment, schedulable

TURN_S = 5.0
FILM, DECODER, LIPS = "film model", "decoder", "lips model"
GPU = DeviceType("GPU", 3.6, 1.8, None, 50, 400, 4)
CORE = DeviceType("cpu", 0.0, None, None, 0, 0, 1, "cpu")
CLUSTER = Cluster("farm", (Offer(GPU, 64), Offer(CORE, 16, spot=False)))
PACES = {"film": 0.3, "decode": 0.15, "lips": 5.0}
"""Seconds of one instance for a second of the show."""


def show(turns: int = 60, ttff_s: float = 1.0) -> Graph:
    """Turns that are spoken, filmed, decoded, given lips, and shown in order."""
    over = "script"
    nodes = (
        Node("script", "text-generation", {"form": "dialogue", "duration": turns * TURN_S}, (), None, True, "ordered"),
        Node("speech", "text-to-speech", {}, (Edge("script", 1),), over, depth=1),
        Node("film", "video-denoising", {}, (Edge("script", 1), Edge("speech", 1)), over, depth=1),
        Node("decode", "video-decoding", {}, (Edge("script", 1), Edge("film", 1)), over, depth=1),
        Node("lips", "lip-sync", {}, (Edge("script", 1), Edge("decode", 1)), over, depth=1),
        Node("package", "video-packaging", {}, (Edge("script", 1), Edge("lips", 1)), over, join="ordered", depth=1),
    )
    return Graph("show", nodes, publish="package", slo=Slo(ttff_s=ttff_s, realtime=True))


def on_gpus(model: str, pace: float, devices: int, **knobs: object) -> Configuration:
    return Configuration(model, dict(knobs), Needs(1, 4000), pace * TURN_S, "GPU", devices, 0.8)


def on_cores(model: str, seconds: float, **knobs: object) -> Configuration:
    return Configuration(model, dict(knobs), Needs(0, 20), seconds, "cpu", 0, 0.8)


def rung(name: str, quality: float, *, film: int, lips: int, static: bool = False) -> Rung:
    """A rung of so many steps; with none a stage hands on what it is given."""
    nodes = {
        "film": on_gpus(FILM, PACES["film"] * film / 10, 2, steps=film) if film else on_cores(FILM, 0.0, steps=0),
        "decode": on_gpus(DECODER, PACES["decode"], 1) if film else on_cores(DECODER, 0.0),
        "lips": on_gpus(LIPS, PACES["lips"] * lips / 10, 4, steps=lips) if lips else on_cores(LIPS, 0.0, steps=0),
    }
    paces = {node: one.seconds / TURN_S for node, one in nodes.items()}
    return Rung(name, nodes, quality, 0.0, paces, sum(paces.values()) * 2.5, static)


RUNGS = (
    rung("full", 1.0, film=10, lips=10),
    rung("lips 5", 0.8, film=10, lips=5),
    rung("draft", 0.4, film=5, lips=0),
    rung("still", 0.1, film=0, lips=0, static=True),
)


def plan(lips: int = 8, film: int = 2, decoders: int = 2, *, spot: tuple[str, ...] = (LIPS,)) -> Plan:
    """So many instances of each stage; spot ones of the models that are named."""
    chosen = {"script": on_cores("writer", 1.0), "speech": on_cores("voice", 0.1), "package": on_cores("packer", 0.05)}
    chosen |= RUNGS[0].nodes
    groups = ((FILM, 2, film), (DECODER, 1, decoders), (LIPS, 4, lips))
    instances = tuple(Instances(model, "GPU", size, count, model in spot) for model, size, count in groups)
    return Plan(
        {name: NodePlan(one, "the only one") for name, one in chosen.items()},
        predictions=(Prediction("quality", "", 0.9),),
        instances=(*instances, Instances("writer", "cpu", 1, 6)),
        rungs=RUNGS,
    )


def play(
    made: Plan, *faults: Fault, graph: Graph | None = None, rungs: str = "adaptive", noise: float = 0.05, seed: int = 0
) -> Recorded:
    """Simulate one run of a plan on its own instances."""
    held = deployment(made, CLUSTER)
    simulation = Simulation(
        16, PlannedWork(noise, noise, seed), rungs=rungs, deployment=held, warm=True, seed=seed,
        loads={one.holds: 5.0 for one in held.instances},
    )  # fmt: skip
    return simulation.run([Job("r", 0.0, graph or show(), schedulable(made))], faults, until=3000.0)


def shots(record: Recorded) -> dict[tuple[int, ...], MakeShot]:
    """Each shot as it was made at last."""
    made = [one for _, _, commands in record.log for one in commands if isinstance(one, MakeShot)]
    return {shot.path: shot for shot in made}
