"""What the tests of the Python door share."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest

from murakkab.flow import find_flow
from murakkab.language import Problem, Workflow, WorkflowError, check_inputs, compile_graph, parse_workflow
from murakkab_optimizer.graph import Graph

HEAD = """\
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Iterator, Literal
from pydantic import BaseModel
from murakkab import *
say = task(capability="toy-say")
write = task(capability="toy-write")
talk = task(capability="toy-talk", form="long", streams="turn")
@task
def count(text: str) -> int:
    return len(text.split())
"""
FIRST = HEAD.count("\n") + 3
"""The line of the first statement in a body."""


def module(folder: Path, text: str) -> str:
    """A Python file with a workflow ``flow``, as ``find_flow`` takes it."""
    file = folder / "made.py"
    file.write_text(text)
    return f"{file}:flow"


def from_body(folder: Path, body: str, *, parameters: str = 'topic: str = "bees"') -> Workflow:
    """The workflow of a function with that body."""
    text = f"{HEAD}@workflow\ndef flow({parameters}):\n{indent(dedent(body).strip(), '    ')}\n"
    return find_flow(module(folder, text))


def from_yaml(
    folder: Path, nodes: str, outputs: str, *, inputs: str = "topic: {type: text, default: bees}"
) -> Workflow:
    """The workflow of a file with those parts, in the same folder."""
    parts = {"inputs": inputs, "nodes": nodes, "outputs": outputs}
    head = "apiVersion: murakkab/v1\nkind: Workflow\nmetadata: {name: flow}\n"
    text = head + "".join(f"{key}:\n{indent(dedent(part).strip(), '  ')}\n" for key, part in parts.items())
    return parse_workflow(text, str(folder / "flow.yaml"))


def graph_of(workflow: Workflow, **inputs: object) -> Graph:
    """Its graph."""
    return compile_graph(workflow, check_inputs(workflow, inputs))


def problems_of(folder: Path, body: str, **more: str) -> list[Problem]:
    """What is wrong with a workflow whose function has that body; fails when nothing is."""
    with pytest.raises(WorkflowError) as caught:
        from_body(folder, body, **more)
    assert str(caught.value).isprintable() or "\n" in str(caught.value)
    return caught.value.problems


def marked(problem: Problem) -> tuple[int, str]:
    """Which statement of the body a problem is in (the first is 1), and the characters that are underlined."""
    return problem.line - FIRST + 1, problem.source_line[problem.column - 1 :][: problem.length]
