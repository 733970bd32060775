"""What first tasks take is learnt from runs, and foretold of the next ones."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from murakkab.profiling.correct import learn
from murakkab.profiling.firsts import known_firsts
from murakkab.profiling.store import ProfileStore
from murakkab_optimizer.graph import Edge, Graph, Node
from murakkab_optimizer.plan import Configuration, NodePlan, Plan

GRAPH = Graph(
    "talk",
    (
        Node("script", "text-generation", {"duration": 60}, streams=True),
        Node("hosts", "image-to-video", {"height": 360}, (Edge("script", 1),), "script", depth=1),
    ),
    publish="hosts",
)
PLAN = Plan({name: NodePlan(Configuration(name, {"detail": "full"}), "") for name in ("script", "hosts")})

Events = list[dict[str, Any]]


def task(node: str, path: list[int], began: float, ended: float, *, done: str = "task.finished", **meta: Any) -> Events:
    place = [*path, 0] if done == "item.emitted" else path
    begun = {"event": "task.started", "node": node, "path": path, "t": began}
    return [begun, {"event": done, "node": node, "path": place, "t": ended, "seconds": ended - began, "meta": meta}]


def run(hosts_s: float = 0.2, **planned: Any) -> Events:
    begin = {"event": "run.planned", "cold": False, "t": 0.01} | planned
    script = task("script", [], 0.02, 0.03, done="item.emitted")
    shots = [*task("hosts", [0], 0.04, 0.03 + hosts_s), {"event": "segment.published", "t": 0.5}]
    return [begin, *script, *shots, *task("hosts", [1], 0.5, 9.0)]


def known(store: ProfileStore, graph: Graph = GRAPH, plan: Plan = PLAN) -> dict[str, float]:
    return known_firsts(graph, plan, store)


def test_the_median_of_earlier_runs_is_expected_from_when_a_task_was_handed_over(store: ProfileStore) -> None:
    for seconds in (0.2, 0.9, 0.3):
        learn(GRAPH, PLAN, {}, [], run(seconds), store)
    assert known(store) == {"script": 0.02, "hosts": 0.3}
    for _ in range(7):
        learn(GRAPH, PLAN, {}, [], run(0.1), store)
    assert known(store)["hosts"] == 0.1, "what the machine was once is forgotten"


def test_runs_that_are_made_otherwise_have_first_tasks_of_their_own(store: ProfileStore) -> None:
    learn(GRAPH, PLAN, {}, [], run(), store)
    script, hosts = GRAPH.nodes
    longer = msgspec.structs.replace(script, arguments={"duration": 600})
    larger = msgspec.structs.replace(hosts, arguments={"height": 720})
    assert known(store, msgspec.structs.replace(GRAPH, nodes=(longer, hosts))).keys() == {"script", "hosts"}
    assert known(store, msgspec.structs.replace(GRAPH, nodes=(script, larger))).keys() == {"script"}
    still = {**PLAN.nodes, "hosts": NodePlan(Configuration("hosts", {"detail": "still"}), "")}
    assert known(store, plan=Plan(still)).keys() == {"script"}


@pytest.mark.parametrize(
    "events",
    [
        run(cold=True),
        [{"event": "run.resumed", "t": 0.0}, *run()],
        [{"event": "segment.published", "t": 0.0}, *task("hosts", [0], 0.1, 0.2)],
        task("hosts", [0], 0.1, 0.2, cached=True),
        task("hosts", [1], 0.1, 0.2),
    ],
)
def test_other_tasks_say_nothing(events: Events, store: ProfileStore) -> None:
    learn(GRAPH, PLAN, {}, [], events, store)
    assert known(store) == {}
