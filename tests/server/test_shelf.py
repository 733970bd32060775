"""The workflows that are offered: the shipped ones and those of a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from murakkab.server.errors import Refusal
from murakkab.server.workflows import Shelf, describe
from tests.cli.conftest import SAY
from tests.cli.test_options import ALL_TYPES
from tests.server.hosting import Hosted, hosted


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mine")
    (folder / "types.yaml").write_text(ALL_TYPES, encoding="utf-8")
    (folder / "bad.yaml").write_text(SAY.replace("inputs.text", "inputs.txt"), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def mine(folder: Path, scratch: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    with hosted(tmp_path_factory.mktemp("runs"), scratch, workflows=folder) as running:
        yield running


def test_a_folder_adds_workflows_with_everything_that_a_form_needs(mine: Hosted) -> None:
    shelf = httpx.get(f"{mine.address}/api/workflows", timeout=20).json()
    workflows = {workflow["name"]: workflow for workflow in shelf["workflows"]}
    assert workflows["podcast"]["stream"] is True
    types = workflows["types"]
    assert (types["stream"], types["outputs"]) == (False, ["speech"])
    required = {name: item["required"] for name, item in types["inputs"].items()}
    assert required == {name: name == "words" for name in types["inputs"]}
    assert types["inputs"]["mood"]["choices"] == ["calm", "merry"]
    assert types["inputs"]["share"] | {"minimum": 0, "maximum": 1, "default": 0.5} == types["inputs"]["share"]


def test_a_file_with_problems_is_told_and_not_offered(mine: Hosted) -> None:
    shelf = httpx.get(f"{mine.address}/api/workflows", timeout=20).json()
    assert "say" not in {workflow["name"] for workflow in shelf["workflows"]}
    assert "did you mean 'text'?" in shelf["broken"]["bad.yaml"]


def test_a_workflow_of_the_folder_runs(mine: Hosted) -> None:
    request = {"workflow": "types", "inputs": {"words": "hello", "loud": False}}
    answer = httpx.post(f"{mine.address}/api/runs", json=request, timeout=20)
    assert answer.status_code == 201
    assert mine.engine.inputs["loud"] is False
    assert httpx.post(f"{mine.address}/api/runs", json={"workflow": "types"}, timeout=20).json()["inputs"]["words"]


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "say.yaml"
    file.write_text(SAY, encoding="utf-8")
    shelf = Shelf(tmp_path)
    assert describe(shelf.workflow("say")).description == "Says a text."
    file.write_text(SAY.replace("Says", "Tells"), encoding="utf-8")
    os.utime(file, ns=(1, 1))
    assert describe(shelf.workflow("say")).description == "Tells a text."
    file.unlink()
    with pytest.raises(Refusal, match="no workflow is called 'say'"):
        shelf.workflow("say")
