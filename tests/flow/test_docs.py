"""``docs/python.md`` is followed to the letter."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from murakkab.flow import Flow, find_flow
from murakkab.flow.work import OPTIONS
from murakkab.language import WorkflowError
from tests.flow.flows import graph_of

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text()
BLOCKS = dict(re.findall(r"```python\n# (\w+\.py)\n(.*?)```", PAGE, re.DOTALL))
SHOWN = re.findall(r"```\n(.*?)```", re.sub(r"```python.*?```", "", PAGE, flags=re.DOTALL), re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with every file of the page, and the working directory."""
    for name, text in BLOCKS.items():
        (tmp_path / name).write_text(f"# {name}\n{text}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(folder: Path, file: str) -> str:
    done = subprocess.run([sys.executable, file], capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_block_is_a_file_with_a_name():
    assert PAGE.count("```python\n") == len(BLOCKS) == 5


@pytest.mark.parametrize("name", ["reader", "steps"])
def test_the_workflows_are_right(name: str, folder: Path):
    workflow = find_flow(f"{name}.py:{name}")
    assert workflow.warnings == ()
    assert graph_of(workflow).nodes


def test_the_functions_are_run(folder: Path):
    assert run(folder, "words.py") == SHOWN[0]


def test_the_error_is_told_as_shown(folder: Path):
    with pytest.raises(WorkflowError) as caught:
        find_flow("refine.py:refine")
    assert f"{caught.value}\n" == SHOWN[1]
    text = (folder / "refine.py").read_text().replace("longest(ending.text)", "longest(ending)")
    (folder / "mended.py").write_text(text)
    assert graph_of(find_flow("mended.py:refine")).node("rounds").repeat == 3


def test_the_program_prints_what_is_shown(folder: Path):
    assert run(folder, "program.py") == SHOWN[2]


def test_all_options_are_named():
    assert all(f"`{name}`" in PAGE for name in OPTIONS)
    assert all(f"{name}=" in PAGE for name in ("runs", "seed", "use", "llm"))
    assert Flow.options.__doc__
