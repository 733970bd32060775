"""The models that a worker of an accelerator holds: those that were not used for longest make room for others."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from murakkab_optimizer.catalog import Needs
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.workers.child import Child
from murakkab_runtimes.workers.held import ROOM
from murakkab_runtimes.workers.messages import Load, Run, Stop


def named(name: str, accelerator_mb: int) -> Any:
    return msgspec.structs.replace(load_catalog()["toy-trouble"], name=name, needs=Needs(accelerator_mb=accelerator_mb))


def served(*requests: Load | Run) -> tuple[Child, list[dict[str, Any]]]:
    said = io.BytesIO()
    child = Child("w", said)
    for request in (*requests, Stop()):
        child.requests.put(request)
    child.work()
    return child, [json.loads(line) for line in said.getvalue().splitlines()]


@pytest.mark.parametrize(("room", "held"), [("10000", ["small", "a", "c"]), ("30000", ["small", "b", "a", "c"])])
def test_what_was_not_used_for_longest_makes_room(monkeypatch: pytest.MonkeyPatch, room: str, held: list[str]) -> None:
    monkeypatch.setenv(ROOM, room)
    a, b, c, small = named("a", 4000), named("b", 5000), named("c", 6000), named("small", 0)
    child, _ = served(*map(Load, (small, a, b, a, c)))
    assert list(child._runtimes) == held


@pytest.mark.parametrize("accelerator_mb", [0, 8000])
def test_a_task_without_room_is_tried_again_alone_before_it_counts_as_too_large(
    tmp_path: Path, accelerator_mb: int
) -> None:
    arguments = {"how": "memory", "until": str(tmp_path / "never")}
    run = Run("r/trouble/-#1", str(tmp_path), named("large", accelerator_mb), {}, 1, arguments, 0)
    child, said = served(Load(named("other", accelerator_mb // 2)), run, run)
    first, again = (reply for reply in said if reply["type"] == "TaskFailed")
    assert (first.get("retry", True), first.get("memory", False)) == (True, False)
    assert "other models were let go" in first["error"]
    assert (again["retry"], again["memory"]) == (False, True)
    assert list(child._runtimes) == ["large"]
