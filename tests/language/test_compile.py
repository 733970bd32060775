"""References become marks and edges; inputs are filled in."""

from __future__ import annotations

from typing import Any

import pytest

from murakkab.language import InputProblem, Workflow, check_inputs, compile_graph
from murakkab_optimizer.graph import Edge, Graph

from .texts import parsed


def compiled(workflow: Workflow, **given: Any) -> Graph:
    return compile_graph(workflow, check_inputs(workflow, given))


def arguments(text: str, *, inputs: str = "", **given: Any) -> dict[str, Any]:
    """Arguments of a node over the items of ``turns``."""
    nodes = "turns: {capability: x, streams: turn}\nn:\n  capability: y\n  for_each: ${{ nodes.turns }}\n  " + text
    return compiled(parsed(nodes, inputs=inputs), **given).node("n").arguments


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${{ item }}", {"$item": []}),
        ("${{item.text}}", {"$item": ["text"]}),
        ("${{ item.look.hair-colour }}", {"$item": ["look", "hair-colour"]}),
        ("${{ nodes.turns.text }}", {"$node": "turns", "path": ["text"]}),
        ("Hello ${{ item.name }}!", {"$join": ["Hello ", {"$item": ["name"]}, "!"]}),
        ("${{ item.a }}${{ item.b }}", {"$join": [{"$item": ["a"]}, {"$item": ["b"]}]}),
        ("$${{ item }} is written so", "${{ item }} is written so"),
        ("costs $5 {{ or }} less", "costs $5 {{ or }} less"),
        ("\"${{ item.text == 'a }} b' }}!\"", {"$join": [{"$is": "==", "of": [{"$item": ["text"]}, "a }} b"]}, "!"]}),
        ("[1, {b: '${{ item }}'}, null, true]", [1, {"b": {"$item": []}}, None, True]),
    ],
)
def test_references_become_marks(written: str, value: Any):
    assert arguments(f"a: {written}") == {"a": value}


@pytest.mark.parametrize(
    ("declared", "given", "alone", "inside"),
    [
        ("{type: text}", "bees", "bees", "on bees now"),
        ("{type: text}", "${{ item }}", "${{ item }}", "on ${{ item }} now"),
        ("{type: text, optional: true}", None, None, "on  now"),
        ("{type: number}", "2.50", 2.5, "on 2.5 now"),
        ("{type: number}", 3, 3, "on 3 now"),
        ("{type: boolean}", True, True, "on true now"),
        ("{type: choice, choices: [a, b]}", "b", "b", "on b now"),
    ],
)
def test_inputs_are_filled_in_and_never_read_as_expressions(declared: str, given: Any, alone: Any, inside: str):
    text = "a: ${{ inputs.q }}\n  b: on ${{ inputs.q }} now\n  c: ${{ item }} on ${{ inputs.q }}"
    found = arguments(text, inputs=f"q: {declared}", q=given)
    assert (found["a"], found["b"]) == (alone, inside)
    assert found["c"] == {"$join": [{"$item": []}, inside.removesuffix(" now").replace("on", " on", 1)]}


LINEAGE = """
sections: {capability: x, streams: section}
turns: {capability: x, for_each: "${{ nodes.sections }}", streams: turn}
image: {capability: x, for_each: "${{ nodes.sections }}"}
voice: {capability: x, for_each: "${{ nodes.turns }}", own: "${{ nodes.turns.text }}", up: "${{ nodes.sections }}"}
mixed: {capability: x, for_each: "${{ nodes.voice }}", image: "${{ nodes.image }}", turn: "${{ nodes.turns }}"}
across: {capability: x, for_each: "${{ nodes.image }}", turns: "${{ nodes.turns }}", image: "${{ nodes.image.file }}"}
other: {capability: x, streams: other}
apart: {capability: x, for_each: "${{ nodes.other }}", image: "${{ nodes.image }}", other: "${{ nodes.other }}"}
once: {capability: x, images: "${{ nodes.image }}", one: "${{ nodes.once2.a.b }}", twice: "${{ nodes.once2 }}"}
once2: {capability: x}
"""


def test_an_edge_is_aligned_when_the_reader_belongs_to_the_item():
    graph = compiled(parsed(LINEAGE))
    found = {node.name: node.edges for node in graph.nodes}
    assert found["voice"] == (Edge("turns", 2), Edge("sections", 1))
    assert found["mixed"] == (Edge("voice", 2), Edge("image", 1), Edge("turns", 2))
    assert found["across"] == (Edge("image", 1), Edge("turns", 1, many=True))
    assert found["apart"] == (Edge("other", 1), Edge("image", many=True))
    assert found["once"] == (Edge("image", many=True), Edge("once2"))
    assert {n.name: (n.depth, n.item_depth) for n in graph.nodes} == {
        "sections": (0, 1), "turns": (1, 2), "image": (1, 1), "voice": (2, 2), "mixed": (2, 2),
        "across": (1, 1), "other": (0, 1), "apart": (1, 1), "once": (0, 0), "once2": (0, 0),
    }  # fmt: skip


def test_nodes_are_sorted_and_equal_workflows_give_equal_graphs():
    graph = compiled(parsed(LINEAGE))
    names = [node.name for node in graph.nodes]
    assert names.index("once2") < names.index("once")
    assert compiled(parsed(LINEAGE)) == graph


def test_promises_may_come_from_inputs():
    workflow = parsed(
        "n: {capability: x, attempts: '${{ inputs.tries }}'}",
        inputs="wait: {type: number, unit: s}\nlive: {type: boolean}\ntries: {type: integer}",
        slo="ttff: ${{ inputs.wait }}\nrealtime: ${{ inputs.live }}",
    )
    assert workflow.warnings[0].message == "nothing uses the node 'n'"
    graph = compiled(workflow, wait="500ms", live="yes", tries=5)
    assert (graph.slo.ttff_s, graph.slo.realtime, graph.node("n").attempts) == (0.5, True, 5)
    with pytest.raises(InputProblem, match="tries: expected a whole number from 1 to 100, got the number 0"):
        compiled(workflow, wait=1, live=True, tries=0)


@pytest.mark.parametrize(("written", "seconds"), [("1s", 1), ("500ms", 0.5), ("2", 2), ("0.25", 0.25), ("1m", 60)])
def test_times(written: str, seconds: float):
    assert compiled(parsed("n: {capability: x}", slo=f"ttff: {written}")).slo.ttff_s == seconds


def test_defaults_of_a_small_workflow():
    graph = compiled(parsed("n: {capability: x}"))
    assert (graph.publish, graph.slo.ttff_s, graph.slo.realtime, graph.node("n").attempts) == (None, None, False, 3)


def test_outputs_name_nodes_and_fields():
    workflow = parsed("n: {capability: x}", outputs="film: ${{ nodes.n.video }}")
    assert compiled(workflow).outputs == {"film": ("n", ("video",))}
