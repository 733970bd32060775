"""Small shows to simulate, and what they are simulated with."""

from __future__ import annotations

import msgspec

from murakkab_optimizer.catalog import Needs
from murakkab_optimizer.graph import Edge, Graph, Node, Slo
from murakkab_optimizer.plan import Configuration, NodePlan, Plan

TURN_S = 5.0
WATCHED = Slo(ttff_s=2.0, realtime=True)


def show(slo: Slo = WATCHED, turns: int = 4) -> Graph:
    """One section with a script of turns of five seconds, a voice and a picture for each, shown in order."""
    form = {"duration": turns * TURN_S}
    nodes = (
        Node("outline", "text-generation", {"form": "outline", **form}, streams=True),
        Node("script", "text-generation", {"form": "dialogue"}, (Edge("outline", 1),), "outline", True, "ordered", 1),
        Node("speech", "text-to-speech", {}, (Edge("script", 2),), "script", depth=2),
        Node("hosts", "image-to-video", {}, (Edge("script", 2), Edge("speech", 2)), "script", depth=2),
        Node("package", "video-packaging", {}, (Edge("hosts", 2),), "hosts", join="ordered", depth=2),
        Node("episode", "video-muxing", {}, (Edge("package", 0, many=True),)),
    )
    return Graph("show", nodes, publish="package", slo=slo)


def filmed(sections: int) -> Graph:
    """A show of sections of 20 s, filmed in clips."""
    graph = show(turns=4 * sections)
    hosts = msgspec.structs.replace(graph.node("hosts"), streams=True)
    package = msgspec.structs.replace(graph.node("package"), edges=(Edge("hosts", 3),), depth=3)
    others = [node for node in graph.nodes if node.name not in ("hosts", "package")]
    return msgspec.structs.replace(graph, nodes=(*others, hosts, package))


def plan(hosts_s: float = 1.0, script_s: float = 0.4) -> Plan:
    """One thread for each step but packaging, which is too short to count."""
    seconds = {"outline": 0.0, "script": script_s, "speech": 0.2, "hosts": hosts_s, "package": 0.0, "episode": 0.1}
    return Plan(
        {
            name: NodePlan(Configuration(f"{name} model", {}, Needs(int(name != "package"), 50), one), "the only one")
            for name, one in seconds.items()
        }
    )


def request(latency_s: float, seconds: float) -> tuple[Graph, Plan]:
    """One task with a deadline, as a chat has."""
    graph = Graph("request", (Node("answer", "work"),), slo=Slo(latency=latency_s))
    return graph, Plan({"answer": NodePlan(Configuration("llm", {}, Needs(1, 50), seconds), "the only one")})
