"""Workflows written in Python inside other workflows."""

from __future__ import annotations

from pathlib import Path

import pytest

from murakkab.language import WorkflowError, load_workflow

FLOWS = """
from murakkab import task, workflow


@task(capability="text-to-speech")
def speech(text: str) -> dict: ...


@workflow(name="inner")
def inner(text: str):
    return {"audio": speech(text=text).audio}


@workflow(name="outer")
def outer(topic: str):
    told = inner(text=f"All about {topic}")
    return {"audio": told.audio}
"""

USER = """
apiVersion: murakkab/v1
kind: Workflow
nodes:
  told: {uses: "./flows.py:NAME", text: Hello}
outputs: {audio: "${{ nodes.told.audio }}"}
"""


def test_a_flow_calls_another(tmp_path: Path) -> None:
    from murakkab import find_flow

    (tmp_path / "flows.py").write_text(FLOWS)
    flow = find_flow(f"{tmp_path / 'flows.py'}:outer")
    (node,) = flow.flat.nodes.values()
    assert (node.name, node.capability) == ("told.speech", "text-to-speech")
    assert node.arguments["text"] == {"$join": ["All about ", {"$input": "topic"}]}


def test_yaml_uses_a_flow(tmp_path: Path) -> None:
    (tmp_path / "flows.py").write_text(FLOWS)
    (tmp_path / "flow.yaml").write_text(USER.replace("NAME", "inner"))
    assert list(load_workflow(tmp_path / "flow.yaml").flat.nodes) == ["told.speech"]


def test_a_flow_that_is_not_there_is_told_at_its_place(tmp_path: Path) -> None:
    (tmp_path / "flows.py").write_text(FLOWS)
    (tmp_path / "flow.yaml").write_text(USER.replace("NAME", "iner"))
    with pytest.raises(WorkflowError, match="iner"):
        load_workflow(tmp_path / "flow.yaml")
