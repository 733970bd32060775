"""Large and hostile files are checked in little time."""

from __future__ import annotations

import time

import pytest

from murakkab.language import WorkflowError, parse_workflow

from .texts import workflow_text


def chain(count: int, *, streams: bool) -> str:
    """Nodes that each refer to the one before; with ``streams`` each also runs over its items, and some stream."""
    lines = ["n0: {capability: x, streams: a}"]
    for i in range(1, count):
        more = f", for_each: '${{{{ nodes.n{i - 1} }}}}'" + (", streams: a" if i % 100 == 0 else "") if streams else ""
        lines.append(
            f"n{i}: {{capability: x, t: 'after ${{{{ nodes.n{i - 1} }}}} and ${{{{ nodes.n{i // 2} }}}}'{more}}}"
        )
    return "\n".join(lines)


@pytest.mark.parametrize("streams", [False, True])
def test_a_thousand_nodes_are_checked_in_less_than_a_second(streams: bool):
    text = workflow_text(chain(1000, streams=streams), outputs="last: ${{ nodes.n999 }}")
    taken = []
    for _ in range(3):
        start = time.process_time()
        workflow = parse_workflow(text)
        taken.append(time.process_time() - start)
    assert min(taken) < 1
    assert workflow.warnings == ()


def hostile(kind: str) -> str:
    match kind:
        case "unknown names":
            inputs = "\n".join(f"topic{i}: {{type: text}}" for i in range(9000))
            wrong = ", ".join(f"'${{{{ inputs.tpic{i} }}}}'" for i in range(9000))
            return workflow_text(f"n: {{capability: x, t: [{wrong}]}}", inputs=inputs)
        case "circles":
            names = [f"n{i}" for i in range(150)]
            all_of_them = ", ".join(f"'${{{{ nodes.{name} }}}}'" for name in names)
            return workflow_text("\n".join(f"{name}: {{capability: x, t: [{all_of_them}]}}" for name in names))
        case "streams":
            nodes = [
                f"n{i}: {{capability: x, streams: a, for_each: '${{{{ nodes.n{i - 1} }}}}'}}" for i in range(1, 9000)
            ]
            return workflow_text("\n".join(["n0: {capability: x, streams: a}", *nodes]))
        case "repeated keys":
            return "a: 1\n" * 150_000
        case "one end":
            return workflow_text("n: {capability: x, t: '" + "${{" * 50_000 + "}}'}")
        case "openings":
            return workflow_text("n: {capability: x, t: '" + "${{" * 50_000 + "'}")
    return workflow_text("n: {capability: x, t: '" + "${{ item }}" * 30_000 + "'}")


@pytest.mark.parametrize(
    "kind", ["unknown names", "circles", "streams", "repeated keys", "one end", "openings", "expressions"]
)
def test_a_hostile_file_costs_seconds_at_most(kind: str):
    text = hostile(kind)
    start = time.process_time()
    with pytest.raises(WorkflowError):
        parse_workflow(text)
    assert time.process_time() - start < 10
