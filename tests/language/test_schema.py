"""The JSON Schema that editors use says what the loader says."""

from __future__ import annotations

import jsonschema
import pytest
import yaml

from murakkab.language import WorkflowError, parse_workflow, workflow_folder
from murakkab.language.schema import SCHEMA_FILE, schema_text, workflow_schema

from .texts import workflow_text


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft7Validator:
    schema = workflow_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def test_the_committed_schema_is_the_generated_one():
    assert SCHEMA_FILE.read_text() == schema_text(), "run: python -m murakkab.language.schema > " + SCHEMA_FILE.name


def test_shipped_workflows_fit(validator: jsonschema.Draft7Validator):
    for file in workflow_folder().glob("*.yaml"):
        validator.validate(yaml.safe_load(file.read_text()))


GOOD = [
    workflow_text("n: {capability: x, any: [1, {b: c}], attempts: 5, streams: y}", outputs="stream: ${{ nodes.n }}"),
    workflow_text("n: {capability: x, attempts: '${{ inputs.i }}'}", inputs="i: {type: integer, default: 1}"),
    workflow_text(
        "n: {capability: x}",
        inputs="n: {type: number}\nb: {type: boolean}",
        slo="ttff: ${{ inputs.n }}\nrealtime: ${{ inputs.b }}",
    ),
    workflow_text("n: {repeat: 2, nodes: {m: {capability: x, when: true}}}\nv: {value: {a: 1}}"),
    workflow_text("n: {capability: x, with: {slo: 1}}"),
    workflow_text("n: {capability: x}", slo="ttff: 1m30s\nrealtime: true"),
    workflow_text("n: {capability: x}", slo="ttff: 0.5"),
]
BAD = [
    workflow_text("n: {}"),
    workflow_text("n: {capability: x, task: write}"),
    workflow_text("n: {capability: x, until: '${{ inputs.b }}'}", inputs="b: {type: boolean}"),
    workflow_text("n: {repeat: 2}"),
    workflow_text("n: {capability: x, nodes: {m: {capability: x}}}"),
    workflow_text("n: {value: 1, any: 2}"),
    workflow_text("n: {value: 1, attempts: 2}"),
    workflow_text("n: {uses: podcast, streams: turn}"),
    workflow_text("n: {capability: x, attempts: 0}"),
    workflow_text("n: {capability: x, attempts: many}"),
    workflow_text("n: {capability: x, join: orderly}"),
    workflow_text("n: {capability: x, for_each: turns}"),
    workflow_text("n: {capability: x, $node: y}"),
    workflow_text("1n: {capability: x}"),
    workflow_text("n: {capability: x}", inputs="a: {type: txt}"),
    workflow_text("n: {capability: x}", inputs="a: {type: text, minimum: 1}"),
    workflow_text("n: {capability: x}", inputs="a: {type: number, default: many}"),
    workflow_text("n: {capability: x}", inputs="a-b: {type: text}"),
    workflow_text("n: {capability: x}", slo="ttff: soon"),
    workflow_text("n: {capability: x}", slo="realtime: 'true'"),
    workflow_text("n: {capability: x}", slo="latency: soon"),
    workflow_text("n: {capability: x}", outputs="stream: n"),
    workflow_text("n: {capability: x}").replace("murakkab/v1", "murakkab/v2"),
    workflow_text("n: {capability: x}") + "extra: 1\n",
]


@pytest.mark.parametrize("text", GOOD)
def test_schema_and_loader_accept(validator: jsonschema.Draft7Validator, text: str):
    parse_workflow(text)
    validator.validate(yaml.safe_load(text))


@pytest.mark.parametrize("text", BAD)
def test_schema_and_loader_refuse(validator: jsonschema.Draft7Validator, text: str):
    with pytest.raises(WorkflowError):
        parse_workflow(text)
    assert not validator.is_valid(yaml.safe_load(text))
