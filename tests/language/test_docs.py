"""What ``docs/language.md`` shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from murakkab.language import WorkflowError, check_inputs, compile_graph, parse_workflow
from murakkab.language.model import INPUT_TYPES, RESERVED, Slo, WhereSpec, Workflow

PAGE = (Path(__file__).parents[2] / "docs" / "language.md").read_text()
EXAMPLE = re.findall(r"```yaml\n(apiVersion.*?)```", PAGE, re.DOTALL)[0]


def test_the_example_compiles_without_a_warning():
    workflow = parse_workflow(EXAMPLE)
    assert workflow.warnings == ()
    assert compile_graph(workflow, check_inputs(workflow, {"topic": "bees"})).node("speech").join == "ordered"


def test_the_error_is_printed_as_shown():
    with pytest.raises(WorkflowError) as caught:
        parse_workflow(EXAMPLE.replace("${{ inputs.topic }}", "${{ inputs.topik }}"), "reader.yaml")
    assert f"```\n{caught.value}\n```" in PAGE


def test_every_key_is_described():
    keys = [field.alias or name for name, field in Workflow.model_fields.items()]
    described = re.findall(r"^\| `(\w+)` \|", PAGE.split("## Types")[0] + PAGE.split("## Places")[1], re.MULTILINE)
    assert set(described) == {*keys, *INPUT_TYPES, *RESERVED, *Slo.model_fields, *WhereSpec.model_fields}


FRAME = """
inputs: {question: text}
nodes:
  plan: {capability: x, streams: step}
  story: {capability: x}
  script: {capability: x}
"""
SNIPPETS = re.findall(r"```yaml\n(  \w.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=[snippet.split(":")[0].strip() for snippet in SNIPPETS])
def test_each_snippet_is_right(snippet: str, tmp_path: Path):
    (tmp_path / "tools.py").write_text("def count_words(text: str) -> int:\n    return len(text.split())\n")
    (tmp_path / "narrate.yaml").write_text(
        EXAMPLE.replace("topic: text", "text: text").replace("inputs.topic", "inputs.text")
    )
    parse_workflow("apiVersion: murakkab/v1\nkind: Workflow" + FRAME + snippet, str(tmp_path / "flow.yaml"))


def test_there_are_snippets():
    assert len(SNIPPETS) == 4
