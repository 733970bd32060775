"""The shipped podcast: its graph as a golden, and how fast it loads."""

from __future__ import annotations

import json
import re
import statistics
import time
from pathlib import Path

import msgspec
import pytest

from murakkab.language import check_inputs, compile_graph, find_workflow, load_workflow
from murakkab_optimizer.graph import Graph

GOLDEN = {
    # node: (depth, depth of its items, for_each, ordered, {source: depth of the edge, None for all items})
    "cast": (0, 0, None, False, {}),
    "reading": (0, 0, None, False, {}),
    "music": (0, 0, None, False, {}),
    "outline": (0, 1, None, False, {"reading": 0, "cast": 0}),
    "script": (1, 2, "outline", True, {"outline": 1, "reading": 0, "cast": 0}),
    "scene": (1, 1, "outline", False, {"outline": 1}),
    "speech": (2, 2, "script", False, {"script": 2}),
    "hosts": (2, 3, "script", False, {"script": 2, "speech": 2, "scene": 1, "music": 0, "cast": 0}),
    "upscale": (3, 3, "hosts", False, {"hosts": 3}),
    "package": (3, 3, "upscale", True, {"upscale": 3}),
    "episode": (0, 0, None, False, {"package": None, "script": None}),
}


@pytest.fixture
def graph() -> Graph:
    workflow = load_workflow(find_workflow("podcast"))
    return compile_graph(workflow, check_inputs(workflow, {"topic": "bees", "duration": "1m30s"}))


def test_edges_and_depths(graph: Graph):
    found = {
        n.name: (n.depth, n.item_depth, n.for_each, n.ordered, {e.source: None if e.many else e.depth for e in n.edges})
        for n in graph.nodes
    }
    assert found == GOLDEN


def test_nodes_stand_behind_their_sources(graph: Graph):
    names = [node.name for node in graph.nodes]
    assert all(names.index(edge.source) < names.index(node.name) for node in graph.nodes for edge in node.edges)


def test_promises_and_publication(graph: Graph):
    assert (graph.name, graph.publish, graph.slo.ttff_s, graph.slo.realtime) == ("podcast", "package", 1.0, True)


def test_arguments_hold_inputs_and_marks(graph: Graph):
    assert graph.node("outline").arguments == {
        "form": "outline",
        "topic": "bees",
        "source": {"$node": "reading", "path": []},
        "script": None,
        "duration": 90,
        "cast": {"$node": "cast", "path": []},
    }
    assert graph.node("speech").arguments == {"text": {"$item": ["text"]}, "voice": {"$item": ["voice"]}}


def test_a_given_document_becomes_a_file_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "paper.md").write_text("# Bees")
    monkeypatch.chdir(tmp_path)
    workflow = load_workflow(find_workflow("podcast"))
    graph = compile_graph(workflow, check_inputs(workflow, {"source": "paper.md"}))
    assert graph.node("reading").arguments == {"file": {"$file": str((tmp_path / "paper.md").resolve())}}


def test_the_graph_is_json(graph: Graph):
    assert msgspec.convert(json.loads(msgspec.json.encode(graph)), Graph) == graph


def test_nothing_odd_in_it():
    assert load_workflow(find_workflow("podcast")).warnings == ()


def test_the_modeline_leads_to_the_schema():
    file = find_workflow("podcast")
    modeline = re.match(r"# yaml-language-server: \$schema=(\S+)\n", file.read_text())
    assert modeline
    assert (file.parent / modeline[1]).resolve().is_file()


def test_it_loads_in_less_than_50_ms():
    file = find_workflow("podcast")
    seconds = []
    for _ in range(7):
        start = time.perf_counter()
        load_workflow(file)
        seconds.append(time.perf_counter() - start)
    assert statistics.median(seconds) < 0.05
