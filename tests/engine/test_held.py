"""The models that a worker of an accelerator holds: those that were not used for longest make room for others."""

from __future__ import annotations

import asyncio
import io
import json
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from murakkab.engine import Engine, EngineOptions
from murakkab.engine.watched import WatchedFleet
from murakkab_optimizer.catalog import Needs
from murakkab_optimizer.scheduler.events import ModelLoaded, TaskFailed, TaskFinished
from murakkab_runtimes.artifacts import ArtifactStore
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.workers.child import Child
from murakkab_runtimes.workers.held import ROOM, Held
from murakkab_runtimes.workers.messages import Load, Request, Run, Stop
from tests.engine.conftest import workflow


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
def test_what_a_worker_lets_go_of_by_itself_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loads: bool
) -> None:
    monkeypatch.setenv(ROOM, "10000")
    a, b, c, d = named("a", 4000), named("b", 5000), named("c", 6000), named("d", 2000)
    arguments = {"how": "memory", "until": str(tmp_path / "never")}
    asked = [Run(f"r/trouble/-#{at}", str(tmp_path), one, {}, 1, arguments, 0) for at, one in enumerate((c, d))]
    _, said = served(Load(a), Load(b), *([Load(c), Load(d, unload=("c",))] if loads else asked))
    ends = [reply for reply in said if reply["type"] in ("ModelLoaded", "TaskFailed")]
    assert [reply.get("left", []) for reply in ends] == [[], [], ["a", "b"], [] if loads else ["c"]]


@pytest.mark.parametrize(("offload", "held"), [("none", ["a", "c"]), ("model", ["c"])])
def test_what_is_off_loaded_keeps_its_place(monkeypatch: pytest.MonkeyPatch, offload: str, held: list[str]) -> None:
    monkeypatch.setenv(ROOM, "10000")
    models = Held(lambda name: nullcontext())
    a = msgspec.structs.replace(named("a", 5000), knobs={"offload": offload})
    models.get(a, 1, {}).meter = SimpleNamespace(held_mb=1, peak_mb=1)
    models.get(named("c", 6000), 1, {})
    assert list(models) == held


@pytest.mark.parametrize("loads", [True, False])
def test_what_the_engine_names_is_let_go_of_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loads: bool) -> None:
    monkeypatch.setenv(ROOM, "10000")
    a, b, c, gone = named("a", 4000), named("b", 5000), named("c", 6000), ("b", "never held")
    arguments = {"how": "input", "until": str(tmp_path / "never")}
    run = Run("r/trouble/-#1", str(tmp_path), c, {}, 1, arguments, 0, unload=gone)
    child, _ = served(Load(a), Load(b), Load(c, unload=gone) if loads else run)
    assert list(child._runtimes) == ["a", "c"]


def test_a_worker_lets_go_of_models_for_a_task_that_was_cancelled_before_it_began(tmp_path: Path) -> None:
    child = Child("w", io.BytesIO())
    child._cancelled.add("r/trouble/-#1")
    task = Run("r/trouble/-#1", str(tmp_path), named("c", 1), {}, 1, {}, 0, unload=("a",))
    for request in (Load(named("a", 1)), Load(named("b", 1)), task, Stop()):
        child.requests.put(request)
    child.work()
    assert list(child._runtimes) == ["b"]


class Noting(WatchedFleet):
    """Workers that never answer.

    Attributes:
        sent: what they were to let go of, with each request.

    """

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, tuple[str, ...]]] = []

    def send(self, worker: str, request: Request) -> None:
        self.sent.append((worker, getattr(request, "unload", ())))

    def _kill(self, worker: str, reason: str) -> None:
        raise AssertionError(reason)


@pytest.mark.parametrize(("error", "unload"), [("cancelled", ("b",)), ("it broke", ())])
def test_what_a_worker_may_not_have_heard_of_is_told_again(error: str, unload: tuple[str, ...]) -> None:
    async def scenario() -> Noting:
        fleet = Noting()
        fleet.unload("w", "b")
        fleet.run("w", Run("r/n/-#1", "", named("c", 1), {}, 1, {}, 0))
        fleet._alive("w", TaskFailed("r/n/-#1", error))
        for model in "db":
            fleet.load("w", Load(named(model, 1)))
        fleet._alive("w", ModelLoaded("w", "b"))
        fleet.load("w", Load(named("d", 1)))
        fleet._unwatch()
        return fleet

    assert asyncio.run(scenario()).sent == [("w", ("b",)), ("w", unload), ("w", ()), ("w", ())]


def test_what_a_worker_is_to_let_go_of_goes_with_the_next_request_once() -> None:
    async def scenario() -> Noting:
        fleet = Noting()
        for model in ("b", "c"):
            fleet.unload("w", model)
        fleet.load("other", Load(named("a", 1)))
        fleet.run("w", Run("r/n/-#1", "", named("c", 1), {}, 1, {}, 0))
        fleet._alive("w", TaskFinished("r/n/-#1", ""))
        fleet.load("w", Load(named("d", 1)))
        fleet._unwatch()
        return fleet

    assert asyncio.run(scenario()).sent == [("other", ()), ("w", ("b",)), ("w", ())]


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


FORMATS = """
apiVersion: murakkab/v1
kind: Workflow
nodes:
  own: {capability: toy-format}
  round: {capability: toy-format, with: {before: "${{ nodes.own }}"}}
outputs: {own: "${{ nodes.own }}", round: "${{ nodes.round }}"}
"""


def test_a_model_is_loaded_in_the_settings_of_its_plan(tmp_path: Path) -> None:
    async def made() -> dict[str, Any]:
        engine = Engine(EngineOptions(tmp_path / "runs", cores=1))
        await engine.start()
        try:
            run = await engine.submit(workflow(FORMATS, tmp_path), {}, use=["round.format=round"], cache=False)
            end = await asyncio.wait_for(engine.wait(run), 60)
            assert end["status"] == "succeeded", end["error"]
            found: dict[str, Any] = end["outputs"]
            return found
        finally:
            await engine.close()

    found = asyncio.run(made())
    assert [(found[node]["format"], found[node]["asked"]) for node in ("own", "round")] == [
        ("plain", "plain"),
        ("round", "round"),
    ]


def test_a_model_is_loaded_anew_only_for_settings_that_hold_from_its_loading_on(tmp_path: Path) -> None:
    card = load_catalog()["toy-format"]
    wanted = [{"format": "round", "loud": False}, {"format": "round", "loud": True}, {}, {"format": "square"}]
    tasks = [Run(f"r/n/-#{n}", str(tmp_path), card, knobs, 1, {}, 0) for n, knobs in enumerate(wanted)]
    _, said = served(Load(card, knobs={"format": "round"}), *tasks)
    assert [reply["type"] for reply in said].count("TaskFinished") == 4
    made = [ArtifactStore(tmp_path).get(reply["value"]) for reply in said if reply["type"] == "TaskFinished"]
    loads = [one["load"] - made[0]["load"] for one in made]
    assert (loads, [one["format"] for one in made]) == ([0, 0, 0, 1], ["round", "round", "round", "square"])


def test_a_model_that_could_not_be_loaded_is_told_as_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scheduler counts it as held from the task on that wants it."""

    class Broken:
        loaded_with = ()

        def __init__(self, *_: object) -> None:
            raise OSError("no weights")

    held = Held(lambda _: nullcontext())
    held.get(named("whole", 0), 1, {})
    monkeypatch.setattr("murakkab_runtimes.workers.held.runtime_class", lambda _: Broken)
    with pytest.raises(OSError, match="no weights"):
        held.get(named("broken", 0), 1, {})
    assert held.take_left() == ("broken",)
    assert list(held) == ["whole"]
    assert held.take_left() == ()
