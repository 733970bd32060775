"""Parameters of a Python workflow become its inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.flow.flows import from_body

INPUTS: dict[str, dict[str, Any]] = {
    "x: str": {"type": "text"},
    "x: str = ''": {"type": "text", "default": ""},
    "x='bees'": {"type": "text", "default": "bees"},
    "x: str | None = None": {"type": "text", "optional": True},
    "x: 'str | None'": {"type": "text", "optional": True},
    "x: str | None = 'a'": {"type": "text", "default": "a"},
    "x: float = 60": {"type": "number", "default": 60},
    "x: int": {"type": "integer"},
    "x: bool = False": {"type": "boolean", "default": False},
    "x: Path": {"type": "document"},
    "x: Path | None = None": {"type": "document", "optional": True},
    "x: Literal['a', 'b'] = 'b'": {"type": "choice", "choices": ["a", "b"], "default": "b"},
    "*, x: str": {"type": "text"},
    "x: str, /": {"type": "text"},
    "x: Annotated[str, 'What it is']": {"type": "text", "description": "What it is"},
    "x: Annotated[str | None, Input('What it is')] = None": {
        "type": "text",
        "optional": True,
        "description": "What it is",
    },
    "x: Annotated[str, Input('What it is')] | None = None": {
        "type": "text",
        "optional": True,
        "description": "What it is",
    },
    "x: Annotated[float, Input('Long', minimum=1, maximum=9, unit='s')] = 2": {
        "type": "number",
        "default": 2,
        "minimum": 1,
        "maximum": 9,
        "unit": "s",
        "description": "Long",
    },
}


@pytest.mark.parametrize("parameters", INPUTS)
def test_a_parameter(parameters: str, tmp_path: Path):
    workflow = from_body(tmp_path, 'return {"a": write(x=x)}', parameters=parameters)
    assert workflow.inputs["x"].model_dump(exclude_unset=True) == INPUTS[parameters]


def test_an_enumeration(tmp_path: Path):
    body = 'return {"a": write(x=x)}'
    parameters = "x: Enum('Voice', {'LOW': 'low', 'HIGH': 'high'}) = 'low'"
    declared = from_body(tmp_path, body, parameters=parameters).inputs["x"]
    assert declared.model_dump(exclude_unset=True) == {"type": "choice", "choices": ["low", "high"], "default": "low"}


def test_nothing_given_makes_no_inputs(tmp_path: Path):
    assert from_body(tmp_path, 'return {"a": write(x=1)}', parameters="").inputs == {}
