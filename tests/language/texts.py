"""Workflow texts that the tests of the language share."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from murakkab.language import Problem, Workflow, WorkflowError, parse_workflow

HEAD = "apiVersion: murakkab/v1\nkind: Workflow\nmetadata: {name: small}\n"


def workflow_text(nodes: str, *, inputs: str = "", outputs: str = "", slo: str = "") -> str:
    """A workflow of the given parts, each written without its heading. The first node name is on line 5."""
    parts = {"nodes": nodes, "inputs": inputs, "slo": slo, "outputs": outputs}
    return HEAD + "".join(f"{key}:\n{indent(dedent(text).strip(), '  ')}\n" for key, text in parts.items() if text)


def parsed(nodes: str, **parts: str) -> Workflow:
    """The workflow of the given parts."""
    return parse_workflow(workflow_text(nodes, **parts))


def problems_of(text: str) -> list[Problem]:
    """What is wrong with the text; fails when nothing is."""
    with pytest.raises(WorkflowError) as caught:
        parse_workflow(text, "flow.yaml")
    return caught.value.problems


def told(text: str) -> list[tuple[int, int, str]]:
    """Line, column and marked characters of every problem."""
    return [(p.line, p.column, p.source_line[p.column - 1 :][: p.length]) for p in problems_of(text)]
