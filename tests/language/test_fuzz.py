"""No text whatever makes the loader raise anything but ``WorkflowError``."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from murakkab.language import (
    InputProblem,
    WorkflowError,
    check_inputs,
    compile_graph,
    find_workflow,
    parse_workflow,
)
from murakkab_optimizer.graph import Graph

PODCAST = find_workflow("podcast").read_text()
PIECES = [
    "${{", "}}", "${{ item }}", "${{ inputs.topic }}", "${{ nodes.script.text }}", "$${{", "&a", "*a", "<<: *a",
    "!!x ", "!", "|", ">-", "? ", "- ", ": ", "{", "}", "[", "]", "'", '"', "\\", "#", "---\n", "...\n",
    "%YAML 1.1\n", "\t", "\n", "\r", "\x85", "\u2028", "\ufeff", "\x00", "\ud800", "漢", "null", "~", "true", "yes",
    "1e999", ".nan", "-.inf", "0x1f", "9" * 5000, "type: choice\n", "for_each: ", "join: ordered\n", "streams: x\n",
    "capability: ", "$node: 1\n", "  ", "repeat: 3\n", "until: ", "uses: podcast\n", "task: read it aloud\n", "when: ",
    "function: a.py:b\n", "value: ", "returns: {a: b}\n", "${{ previous.a }}", "${{ (!item.b == 'c') }}",
    "${{ secrets.K }}",
]  # fmt: skip


def outcome(text: str) -> Graph | WorkflowError | InputProblem:
    """What loading the text, and where that works compiling it, leads to."""
    try:
        workflow = parse_workflow(text, "flow.yaml")
        return compile_graph(workflow, check_inputs(workflow, {}))
    except (WorkflowError, InputProblem) as fault:
        return fault


def survives(text: str) -> None:
    """Every problem is printable and inside the text; a graph is JSON."""
    found = outcome(text)
    if isinstance(found, Graph):
        json.dumps([node.arguments for node in found.nodes], allow_nan=False).encode()
        return
    assert str(found).replace("\n", "").isprintable()
    if isinstance(found, WorkflowError):
        rows = 1 + sum(text.count(line_break) for line_break in "\n\r\x85\u2028\u2029")
        assert found.problems
        assert all(0 <= p.line <= rows and p.column >= 0 for p in found.problems)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """The podcast with pieces cut out, doubled, moved and put in."""
    text = PODCAST
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from([0, 0, 1, 2, 5, 20, 200])))
        put = draw(st.sampled_from(PIECES) | st.text(max_size=5) | st.just(text[start:end] * 2))
        text = text[:start] + put + text[end:]
    return text


def _scalars() -> st.SearchStrategy[object]:
    odd = st.sampled_from([p for p in PIECES if p not in ("\x00", "\ud800")])
    return st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | odd | st.text(max_size=8)


KEYS = [
    "inputs", "nodes", "slo", "outputs", "metadata", "name", "type", "default", "minimum", "choices", "capability",
    "for_each", "join", "streams", "attempts", "ttff", "realtime", "topic", "stream", "model_config", "copy",
    "task", "uses", "function", "value", "repeat", "until", "when", "returns", "timeout", "cache", "where", "with",
    "quality", "objective", "latency", "device", "model", "spot", "n", "m", "l", "prompt", "text", "form",
]  # fmt: skip
TREES = st.recursive(
    _scalars(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def regrown(draw: st.DrawFn) -> str:
    """A right workflow in which parts are replaced by any tree; JSON is YAML."""
    node = {"capability": "x", "streams": "y", "a": "${{ inputs.topic }}", "b": "${{ nodes.m }}"}
    inner = {"capability": "x", "a": "${{ previous.i.b }}", "when": "${{ item.c == 'd' || inputs.topic != null }}"}
    body = {"i": inner, "j": {"value": {"k": "${{ nodes.i }}"}}}
    loop = {"repeat": 3, "until": "${{ nodes.j.k.done }}", "for_each": "${{ nodes.n }}", "nodes": body}
    step = {"task": "read this text aloud", "text": "${{ nodes.l.i.text }}", "where": {"device": "cpu"}}
    tree: dict[str, object] = {
        "apiVersion": "murakkab/v1",
        "kind": "Workflow",
        "metadata": {"name": "small"},
        "inputs": {"topic": {"type": "text", "default": "bees"}},
        "slo": {"ttff": "1s"},
        "nodes": {"n": node, "m": {"capability": "z"}, "l": loop, "s": step},
        "outputs": {"stream": "${{ nodes.n }}"},
    }
    for _ in range(draw(st.integers(1, 3))):
        group = draw(
            st.sampled_from(
                [tree, *(value for value in tree.values() if isinstance(value, dict)), node, loop, body, inner, step]
            )
        )
        if group:
            group[draw(st.sampled_from(sorted(group)) | st.sampled_from(KEYS))] = draw(TREES)
    return json.dumps(tree, ensure_ascii=draw(st.booleans()))


TEXTS = mutated() | regrown() | st.text(max_size=200) | st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=300, suppress_health_check=CHECKS)
@given(TEXTS)
def test_any_text(text: str):
    survives(text)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@settings(max_examples=20_000, derandomize=False, suppress_health_check=CHECKS)
@given(TEXTS)
def test_any_of_20000_texts(text: str):
    survives(text)
