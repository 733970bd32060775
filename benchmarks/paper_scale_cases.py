"""The plans of ``paper_scale``: the podcast of StreamWise on its allocations, and how soon it could begin at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from murakkab.cli import sources
from murakkab.cli.plan import planned_graph
from murakkab.cli.plan_making import PlanOptions, make_request
from murakkab_optimizer.graph import Graph, Node, Slo, Where
from murakkab_optimizer.hardware import Cluster
from murakkab_optimizer.plan import Plan
from murakkab_optimizer.planner import plan_workflow
from murakkab_optimizer.planner.workload import OPENING_S, workload
from murakkab_runtimes.catalog import load_profiles

ROOT = Path(__file__).resolve().parent.parent
WORKFLOW, CLUSTER = (ROOT / "examples" / "streamwise" / "podcast.yaml", "256xA100+64xH200")
PINS = ("outline=gemma-3-27b", "script=gemma-3-27b", "speech=kokoro-82m")
QUALITY = 0.95
"""Share of the best quality; above that of an up-scaler on processors, so that the podcast's own one is taken."""

PLANNED_TTFF_S, STUDIO_S = 22.0, 0.5
SECOND = ("gemma-3-27b", "framepack-denoiser", "framepack-vae")
"""Models of which there are two instances at least."""

FPS, CHUNK_FRAMES = 30, 36


class Case(msgspec.Struct, frozen=True):
    """A plan on its allocation."""

    name: str
    graph: Graph
    plan: Plan
    cluster: Cluster
    plan_s: float


def case(name: str, limit_s: float) -> Case:
    """Make the plan of a case."""
    slo = (f"ttff={PLANNED_TTFF_S}s", f"quality={QUALITY}")
    options = PlanOptions(cluster=CLUSTER, slo=slo, use=PINS, time_limit_s=limit_s)
    graph, _ = planned_graph(sources.load(str(WORKFLOW)), {}, options)
    if name != "spot":
        graph = _with(graph, lambda node: {"slo": Slo(latency=STUDIO_S)} if node.name == "studio" else {})
    request = msgspec.structs.replace(make_request(graph, options), relax=False)
    if name == "mixed":
        graph = _with(graph, lambda node: {} if node.name == "lips" else {"where": _staying(node.where)})
        request = msgspec.structs.replace(request, graph=graph, cluster=_reserved(request.cluster))
    began = time.perf_counter()
    plan = plan_workflow(request)
    return Case(name, graph, _doubled(plan), request.cluster, time.perf_counter() - began)


def _staying(where: Where) -> Where:
    return msgspec.structs.replace(where, spot=False)


def _with(graph: Graph, change: Callable[[Node], dict[str, Any]]) -> Graph:
    nodes = tuple(msgspec.structs.replace(node, **change(node)) for node in graph.nodes)
    return msgspec.structs.replace(graph, nodes=nodes)


def _reserved(cluster: Cluster) -> Cluster:
    """The same cluster with H200 that stay."""
    offers = (msgspec.structs.replace(o, spot=False) if o.device.name == "H200" else o for o in cluster.offers)
    return msgspec.structs.replace(cluster, name=f"{cluster.name}, H200 reserved", offers=tuple(offers))


def _doubled(plan: Plan) -> Plan:
    """Two instances at least of some models."""
    held = (msgspec.structs.replace(g, count=max(g.count, 2)) if g.model in SECOND else g for g in plan.instances)
    return msgspec.structs.replace(plan, instances=tuple(held))


def bounds(one: Case) -> Iterator[tuple[str, float]]:
    """No allocation of these devices shows a moving picture sooner, by the published times.

    The picture that film begins with, its speaker, half of the steps of the film, its decoding, up-scaling (or
    resampling on processors, as the plan has it) and packaging, one after the other, each on the devices that do it
    fastest, and nothing waits. ``shot`` is for the first shot as the workflow cuts it, ``chunk`` for the 36 frames that
    the authors' denoiser makes at a time.
    """
    for name, seconds in (("shot", OPENING_S), ("chunk", CHUNK_FRAMES / FPS)):
        frames = seconds * FPS
        enlarged = min(_least("real-esrgan-x2", frames), _resampled(one) * seconds)
        film = _least("framepack-denoiser", frames) / 2 + _least("framepack-vae", frames)
        packed = one.plan.nodes["package"].chosen.seconds / workload(one.graph).nodes["package"].seconds
        yield (name, round(_least("flux-1-dev", 1) + _least("yolo11x", 1) + film + enlarged + packed * seconds, 3))


def _least(model: str, units: float) -> float:
    """Seconds of the fastest instance of a model on the cluster's devices, at the size of the podcast."""
    found = [p for p in load_profiles() if p.model == model and p.device in ("A100", "H200")]
    sized = [p for p in found if p.conditions.get("width", 640) == 640]
    return min(profile.seconds(units) for profile in sized)


def _resampled(one: Case) -> float:
    """Seconds of resampling for a second of the show, where a rung has it."""
    paces = [r.paces["upscale"] for r in one.plan.rungs if not r.nodes["upscale"].devices]
    return min(paces, default=float("inf"))
