"""A workflow that others use, and ways to write and compile flows, for the tests of the language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from murakkab.language import Workflow, WorkflowError, check_inputs, compile_graph, load_workflow
from murakkab_optimizer.graph import Graph

from .texts import workflow_text

INNER = """
apiVersion: murakkab/v1
kind: Workflow
inputs:
  text: text
  loud: {type: boolean, default: false}
  tries: {type: integer, default: 2}
nodes:
  parts: {capability: x, text: "Say: ${{ inputs.text }}!", streams: part}
  speak: {capability: x, for_each: "${{ nodes.parts }}", part: "${{ item }}", loud: "${{ inputs.loud }}"}
  all: {capability: x, parts: "${{ nodes.speak }}", attempts: "${{ inputs.tries }}"}
outputs:
  parts: ${{ nodes.speak }}
  whole: ${{ nodes.all.audio }}
"""


def compiled(workflow: Workflow, **given: Any) -> Graph:
    return compile_graph(workflow, check_inputs(workflow, given))


def written(folder: Path, nodes: str, **parts: str) -> Workflow:
    (folder / "inner.yaml").write_text(INNER)
    (folder / "tools.py").write_text("def count(text: str, times: int = 1) -> int:\n    return len(text) * times\n")
    (folder / "flow.yaml").write_text(workflow_text(nodes, **parts))
    return load_workflow(folder / "flow.yaml")


def complaints(folder: Path, nodes: str, **parts: str) -> list[str]:
    with pytest.raises(WorkflowError) as caught:
        written(folder, nodes, **parts)
    return [f"{problem.message}; {problem.hint}" for problem in caught.value.problems]
