"""A worker says of a task that did not fit into the memory of its device just that, and the next plan knows it."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import pytest

from murakkab.engine.errors import UserError
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.workers.child import Child
from murakkab_runtimes.workers.messages import Run, Stop
from tests.engine.conftest import TROUBLE, workflow
from tests.engine.test_engine import engine, finish


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


def test_what_found_no_room_is_not_planned_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MURAKKAB_CORRECTION", "")
    monkeypatch.setenv("MURAKKAB_PROFILES", str(tmp_path / "profiles"))
    flow = workflow(TROUBLE, tmp_path)

    async def scenario() -> None:
        async with engine(tmp_path) as made:
            run = await made.submit(flow, {"how": "memory", "until": str(tmp_path / "never")})
            assert (await finish(made, run))["status"] == "failed"
            with pytest.raises(UserError, match="toy-trouble: it found no room in"):
                await made.submit(flow, {"how": "memory", "until": ""})

    asyncio.run(scenario())
