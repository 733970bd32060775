"""Every shipped workflow that is also written in Python gives the same graph."""

from __future__ import annotations

from pathlib import Path

import pytest

from murakkab.flow import find_flow
from murakkab.language import Workflow, check_inputs, compile_graph, find_workflow, load_workflow, workflow_folder
from murakkab_optimizer.graph import Graph

EXAMPLES = Path(__file__).parents[2] / "examples" / "python"
SHIPPED = sorted(path.stem for path in EXAMPLES.glob("*.py"))


def pair(name: str) -> tuple[Workflow, Workflow]:
    """The workflow of the file and that of the Python function."""
    function = name.replace("-", "_")
    return load_workflow(find_workflow(name.replace("_", "-"))), find_flow(f"{EXAMPLES / name}.py:{function}")


def inputs_for(workflow: Workflow, folder: Path) -> dict[str, object]:
    """A value for every input that a run must give."""
    (folder / "given.txt").write_text("a text")
    given: dict[str, object] = {}
    for name, declared in workflow.inputs.items():
        if declared.type in ("text", "number", "integer", "boolean", "choice"):
            if declared.required:
                values = {"text": "bees", "number": 1.0, "integer": 1, "boolean": True}
                given[name] = values.get(declared.type) or declared.choices[0]
        else:
            given[name] = str(folder / "given.txt")
    return given


def graph_of(workflow: Workflow, given: dict[str, object]) -> Graph:
    return compile_graph(workflow, check_inputs(workflow, given))


def test_every_shipped_workflow_is_written_in_python():
    assert {name.replace("_", "-") for name in SHIPPED} == {path.stem for path in workflow_folder().glob("*.yaml")}


@pytest.mark.parametrize("name", SHIPPED)
def test_the_graphs_are_equal(name: str, tmp_path: Path):
    written, recorded = pair(name)
    given = inputs_for(written, tmp_path)
    assert graph_of(recorded, given) == graph_of(written, given)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_inputs_are_equal(name: str):
    written, recorded = pair(name)
    assert recorded.inputs == written.inputs
    assert (recorded.metadata, recorded.slo) == (written.metadata, written.slo)
    assert recorded.warnings == written.warnings == ()
