from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from .conftest import Invoke
from .test_check import LOOP


def test_mermaid_goes_to_stdout(invoke: Invoke) -> None:
    answer = invoke("graph", "podcast")
    assert answer.code == 0
    assert answer.out.startswith("flowchart TD\n")
    assert '==>|"turn"|' in answer.out


@pytest.mark.parametrize("arguments", [("-o", "x.svg"), ("--format", "svg", "-o", "x"), ("--format", "svg")])
def test_svg_by_ending_or_by_word(invoke: Invoke, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    answer = invoke("graph", "podcast", *arguments)
    assert answer.code == 0
    text = answer.out or (tmp_path / arguments[-1]).read_text(encoding="utf-8")
    assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"


def test_a_workflow_with_problems_is_not_drawn(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(LOOP.replace("nodes.aloud", "nodes.alound"), encoding="utf-8")
    answer = invoke("graph", "bad.yaml", "-o", "x.svg")
    assert answer.code == 2
    assert "did you mean 'aloud'?" in answer.err
    assert not (tmp_path / "x.svg").exists()


def test_a_file_that_cannot_be_written_is_told(invoke: Invoke) -> None:
    answer = invoke("graph", "podcast", "-o", "none/x.svg")
    assert answer.code != 0
    assert "none/x.svg" in answer.err
    assert "unexpected" not in answer.err


def test_schema_is_printed_or_written(invoke: Invoke, tmp_path: Path) -> None:
    schema = json.loads(invoke("schema").out)
    assert "nodes" in schema["properties"]
    assert invoke("schema", "-o", "schema.json").out == ""
    assert json.loads((tmp_path / "schema.json").read_text(encoding="utf-8")) == schema
