"""A small show, its catalogue and its machines, to plan with."""

from __future__ import annotations

from typing import Any

import msgspec

from murakkab_optimizer.catalog import ModelCard, Needs, Quality
from murakkab_optimizer.graph import Edge, Graph, Node, Slo
from murakkab_optimizer.hardware import Cluster, DeviceType, Offer
from murakkab_optimizer.plan import Plan, Prediction
from murakkab_optimizer.planner import PlanRequest, plan_workflow
from murakkab_optimizer.profiles import Profile

CORE = DeviceType("cpu", 0.05, peak_w=4.0, server_size=2, kind="cpu")
GPU = DeviceType(
    "G100", 4.0, spot=1.0, evictions_per_hour=0.0, idle_w=50.0, peak_w=400.0, server_size=1, memory_mb=80000
)


def machines(cores: int = 2, *offers: Offer) -> Cluster:
    return Cluster("small", (Offer(CORE, cores, spot=False), *offers), billing="used")


def model(name: str, capability: str, quality: float, *, gpu_mb: int = 0, **more: Any) -> ModelCard:
    needs = Needs(1, 50, gpu_mb)
    return ModelCard(name, capability, "a", "d", "l", "s", quality=Quality(quality, "test"), needs=needs, **more)


def speed(name: str, unit_s: float, unit: str = "audio-second", **more: Any) -> Profile:
    return Profile(name, unit, unit_s, **more)


WRITER, PEN, WRAP = (
    model("writer", "text-generation", 0.5),
    model("pen", "image-to-video", 0.5),
    model("wrap", "pack", 1),
)
CARDS = [
    WRITER,
    PEN,
    WRAP,
    model("fine", "text-to-speech", 0.9),
    model("plain", "text-to-speech", 0.6),
    model("grand", "text-to-speech", 1.0, gpu_mb=8000),
]
SPEEDS = [
    speed("writer", 0.02),
    speed("pen", 0.004, "frame"),
    speed("wrap", 0.01, "clip"),
    speed("fine", 0.6),
    speed("plain", 0.05),
    speed("grand", 0.02, device="G100"),
]


def show(slo: Slo | None = None, *, speech: dict[str, Any] | None = None, duration: float = 60) -> Graph:
    """A script of turns that are spoken, drawn and packed in order."""
    script = Node("script", "text-generation", {"form": "dialogue", "duration": duration}, streams=True)
    said = Node("speech", "text-to-speech", {}, (Edge("script", 1),), "script", depth=1)
    drawn = Node("video", "image-to-video", {"fps": 20}, (Edge("speech", 1),), "speech", streams=True, depth=1)
    packed = Node("package", "pack", {}, (Edge("video", 2),), "video", depth=2, join="ordered")
    said = msgspec.structs.replace(said, **(speech or {}))
    return Graph("show", (script, said, drawn, packed), publish="package", slo=slo or Slo())


def request(graph: Graph, cluster: Cluster | None = None, **more: Any) -> PlanRequest:
    asked: dict[str, Any] = {"cards": CARDS, "profiles": SPEEDS, "relax": False} | more
    return PlanRequest(graph=graph, cluster=cluster or machines(), **asked)


def planned(graph: Graph, cluster: Cluster | None = None, **more: Any) -> Plan:
    return plan_workflow(request(graph, cluster, **more))


def spoken(plan: Plan) -> tuple[str, str]:
    """Model and reason of the node 'speech'."""
    return plan.nodes["speech"].chosen.model, plan.nodes["speech"].reason


def told(plan: Plan, name: str) -> Prediction:
    """What is said of a promise."""
    return next(said for said in plan.predictions if said.name == name)
