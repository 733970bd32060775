"""The models that a worker of an accelerator holds: those that were not used for longest make room for others."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from murakkab.engine.fleet import WatchedFleet
from murakkab_optimizer.catalog import Needs
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.workers.child import Child
from murakkab_runtimes.workers.held import ROOM
from murakkab_runtimes.workers.messages import Load, Request, Run, Stop


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


@pytest.mark.parametrize("loads", [True, False])
def test_what_the_engine_names_is_let_go_of_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loads: bool) -> None:
    monkeypatch.setenv(ROOM, "10000")
    a, b, c, gone = named("a", 4000), named("b", 5000), named("c", 6000), ("b", "never held")
    arguments = {"how": "input", "until": str(tmp_path / "never")}
    run = Run("r/trouble/-#1", str(tmp_path), c, {}, 1, arguments, 0, unload=gone)
    child, _ = served(Load(a), Load(b), Load(c, unload=gone) if loads else run)
    assert list(child._runtimes) == ["a", "c"]


def test_what_a_worker_is_to_let_go_of_goes_with_the_next_request_once() -> None:
    class Noting(WatchedFleet):
        def send(self, worker: str, request: Request) -> None:
            sent.append((worker, getattr(request, "unload", ())))

        def _kill(self, worker: str, reason: str) -> None:
            raise AssertionError(reason)

    async def scenario() -> None:
        fleet = Noting()
        for model in ("b", "c"):
            fleet.unload("w", model)
        fleet.load("other", Load(named("a", 1)))
        fleet.run("w", Run("r/n/-#1", "", named("c", 1), {}, 1, {}, 0))
        fleet.load("w", Load(named("b", 1)))

    sent: list[tuple[str, tuple[str, ...]]] = []
    asyncio.run(scenario())
    assert sent == [("other", ()), ("w", ("b",)), ("w", ())]


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
