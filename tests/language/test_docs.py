"""What ``docs/language.md`` shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from murakkab.language import WorkflowError, check_inputs, compile_graph, parse_workflow
from murakkab.language.model import INPUT_TYPES, RESERVED, Slo, Workflow

PAGE = (Path(__file__).parents[2] / "docs" / "language.md").read_text()
EXAMPLE = re.findall(r"```yaml\n(apiVersion.*?)```", PAGE, re.DOTALL)[0]


def test_the_example_compiles_without_a_warning():
    workflow = parse_workflow(EXAMPLE)
    assert workflow.warnings == ()
    assert compile_graph(workflow, check_inputs(workflow, {"topic": "bees"})).publish == "speech"


def test_the_error_is_printed_as_shown():
    with pytest.raises(WorkflowError) as caught:
        parse_workflow(EXAMPLE.replace("${{ inputs.topic }}", "${{ inputs.topik }}"), "reader.yaml")
    assert f"```\n{caught.value}\n```" in PAGE


def test_every_key_is_described():
    keys = [field.alias or name for name, field in Workflow.model_fields.items()]
    described = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert set(described) == {*keys, *INPUT_TYPES, *RESERVED, *Slo.model_fields}
