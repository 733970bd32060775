"""Workflows are found by name or path, and the door shows what it promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import murakkab
from murakkab import language
from murakkab.language import WorkflowError, find_workflow, load_workflow, workflow_folder


def test_a_shipped_workflow_by_name():
    assert find_workflow("podcast") == workflow_folder() / "podcast.yaml"


def test_every_shipped_workflow_loads():
    files = sorted(workflow_folder().glob("*.yaml"))
    assert files
    for file in files:
        workflow = load_workflow(file)
        assert (workflow.name, workflow.file, workflow.source_text) == (file.stem, file, file.read_text())


def test_a_path(tmp_path: Path):
    file = tmp_path / "mine.yml"
    file.write_text("x")
    assert find_workflow(str(file)) == file


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("podcats", "'podcats': there is no shipped workflow of this name\n    did you mean 'podcast'?"),
        ("x", "shipped workflows: "),
        ("./podcast", "there is no such file"),
        ("/nowhere/podcast.yaml", "there is no such file\n    did you mean 'podcast'?"),
        ("a\0b.yaml", "there is no such file"),
        ("/" + "a" * 9000, "there is no such file"),
        ("a/" + "b" * 300 + ".yaml", "there is no such file"),
        ("", "there is no shipped workflow"),
    ],
)
def test_what_is_not_there(asked: str, message: str):
    with pytest.raises(WorkflowError) as caught:
        find_workflow(asked)
    assert message in str(caught.value)


def test_the_door_exports_what_it_names():
    assert sorted(language.__all__) == language.__all__
    assert all(hasattr(language, name) for name in language.__all__)


def test_the_version_is_that_of_the_distribution():
    assert murakkab.__version__[0].isdigit()
    with pytest.raises(AttributeError, match="no attribute 'versoin'"):
        _ = murakkab.versoin


def test_importing_the_package_imports_nothing_heavy():
    code = "import sys, murakkab; print(sorted({'pydantic', 'yaml', 'importlib.metadata'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    assert done.stdout.strip() == "[]"


def test_the_language_imports_no_slow_library():
    code = "import sys, murakkab.language; print(sorted({'networkx', 'numpy', 'rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
