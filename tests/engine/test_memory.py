"""A worker says of a task that did not fit into the memory of its device just that."""

from __future__ import annotations

import io
import json

import pytest

from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.workers.child import Child
from murakkab_runtimes.workers.messages import Run, Stop


@pytest.mark.parametrize(("how", "memory"), [("memory", True), ("input", False)])
def test_a_worker_tells_why_a_task_failed(tmp_path, how, memory):
    said = io.BytesIO()
    child = Child("w", said)
    arguments = {"how": how, "until": str(tmp_path / "never")}
    child.requests.put(Run("r/trouble/-#1", str(tmp_path), load_catalog()["toy-trouble"], {}, 1, arguments, 0))
    child.requests.put(Stop())
    child.work()
    failed = json.loads(said.getvalue().splitlines()[-1])
    assert failed["type"] == "TaskFailed"
    assert (failed["retry"], failed.get("memory", False), failed["input_fault"]) == (False, memory, not memory)
