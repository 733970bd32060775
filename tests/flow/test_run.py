"""Workflows are run from Python, with real workers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from murakkab.engine import UserError
from murakkab.language import InputProblem, WorkflowError
from tests.flow.counting import add, counting, empty, lengthen, split


def test_a_run_gives_its_outputs(tmp_path: Path):
    made = counting.options(runs=tmp_path / "runs", seed=1).run("one skipped three", start=100)
    note = Path(made.pop("note"))
    assert made == {"lengths": [3, 8], "total": 11, "half": 6}
    assert note.read_text() == "11 6"
    assert note.is_relative_to(tmp_path / "runs")


def test_a_run_inside_of_an_event_loop_that_fails(tmp_path: Path):
    async def run() -> dict[str, Any]:
        return counting.options(runs=tmp_path).run(text="one bad three")

    with pytest.raises(UserError, match=r"split\(\) failed at counting\.py:\d+: ValueError: no good word"):
        asyncio.run(run())


def test_inputs_are_checked_before_anything_runs(tmp_path: Path):
    flow = counting.options(runs=tmp_path / "runs")
    with pytest.raises(InputProblem, match="text: it is needed"):
        flow.run()  # type: ignore[call-arg]
    with pytest.raises(InputProblem, match="start: expected a whole number"):
        flow.run("x", start="many")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="txt"):
        flow.run(txt="x")  # type: ignore[call-arg]
    assert not (tmp_path / "runs").exists()


def test_outside_of_a_workflow_tasks_are_functions():
    assert add([1, 2]) == 3
    assert [part.text for part in split("a b")] == ["a", "b"]
    assert (lengthen.__name__, lengthen.__doc__) == ("lengthen", None)
    with pytest.raises(WorkflowError, match=r"counting\(\) runs nothing\n(.|\n)*counting\.run"):
        counting("x")


def test_a_workflow_is_written_down_once():
    assert counting.workflow is counting.workflow
    assert counting.__name__ == "counting"
    assert counting.workflow.metadata.description == "Counts letters and halves numbers."


def test_warnings_are_those_of_a_file():
    (warning,) = empty.workflow.warnings
    assert warning.message == "nothing uses the input 'text'"
    assert warning.source_line == 'def empty(text: str = "x") -> dict[str, Any]:'
    assert warning.column == len("def empty(") + 1
