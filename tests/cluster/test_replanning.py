"""Plans follow the models that workers bring and take away."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from murakkab.engine import Engine
from murakkab.engine.resume import committed
from tests.cluster.conftest import Server, Worker, toy_environment, with_engine
from tests.engine.conftest import TOYS, workflow

CARD = """
apiVersion: murakkab/v1
kind: Model
name: toy-double-fine
capability: toy-double
adapter: toy-double
description: Doubles well, where the machine has what it needs.
licence: Apache-2.0
source: tests
quality: {value: 0.9, source: tests}
options: {needs_environment: TOY_FINE}
"""

LATER = """
apiVersion: murakkab/v1
kind: Workflow
metadata: {name: later, description: Doubles once a file is there.}
inputs:
  until: {type: text, description: The file}
nodes:
  wait:
    capability: toy-trouble
    how: hang
    with: {until: "${{ inputs.until }}"}
  numbers:
    capability: toy-count
    count: 2
    streams: number
  double:
    capability: toy-double
    for_each: ${{ nodes.numbers }}
    number: ${{ item.number }}
    after: ${{ nodes.wait }}
outputs:
  double: ${{ nodes.double }}
"""

Start = Callable[..., Worker]


@pytest.fixture
def start(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    cards = tmp_path / "cards"
    cards.mkdir()
    (cards / "fine.yaml").write_text(CARD)
    monkeypatch.setenv("MURAKKAB_CATALOG", os.pathsep.join([str(TOYS / "cards"), str(cards)]))
    started: list[Worker] = []

    def go(name: str, **env: str) -> Worker:
        env = {**toy_environment(), "MURAKKAB_CATALOG": os.environ["MURAKKAB_CATALOG"], **env}
        started.append(Worker(server.url, name, 2, tmp_path / f"{name}.log", **env))
        return started[-1]

    yield go
    with ThreadPoolExecutor() as ending:
        list(ending.map(Worker.end, started))


async def told(made: Engine, run: str, kind: str, node: str = "") -> dict:
    async for event in made.events(run):
        if event["event"] == kind and node in ("", event.get("node")):
            return event
    raise AssertionError(f"no {kind}")


async def again(made: Engine, run: str, kind: str) -> None:
    """What was told before the run was resumed is told once more."""
    seen = 0
    async for event in made.events(run):
        seen += event["event"] == kind
        if seen == 2:
            return
    raise AssertionError(f"no {kind} after it was resumed")


async def waiting(made: Engine, folder: Path, file: Path, **options: object) -> str:
    """A run whose first step waits for a file."""
    run = await made.submit(workflow(LATER, folder), {"until": str(file)}, **options)
    await told(made, run, "task.started", "wait")
    return run


def test_plans_follow_the_models_that_workers_have(
    server: Server, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("murakkab.engine.replanning.PATIENCE_S", 1.0)
    monkeypatch.setattr("murakkab.engine.celery_fleet.WAIT_S", 90.0)
    start("plain")

    async def scenario(made: Engine) -> None:
        first = await waiting(made, tmp_path, tmp_path / "1")
        fine = start("fine", TOY_FINE="1")
        new = await asyncio.wait_for(told(made, first, "run.replanned"), 90)
        assert new["changes"] == [{"node": "double", "before": "toy-double", "after": "toy-double-fine"}]
        (tmp_path / "1").touch()
        end = await asyncio.wait_for(made.wait(first), 90)
        assert end["status"] == "succeeded", end
        assert (await told(made, first, "task.started", "double"))["model"] == "toy-double-fine"
        assert committed(made.store.folder(first)).plan.nodes["double"].chosen.model == "toy-double-fine"

        second = await waiting(made, tmp_path, tmp_path / "2")
        pinned = await waiting(made, tmp_path, tmp_path / "2", use=["double=toy-double-fine"])
        plan = committed(made.store.folder(first)).plan
        given = await waiting(made, tmp_path, tmp_path / "2", plan=plan)
        leaves = asyncio.create_task(asyncio.to_thread(fine.end))
        back = await asyncio.wait_for(told(made, second, "run.replanned"), 90)
        assert "no worker has toy-double-fine any more" in back["reason"]
        for run in (pinned, given):
            stuck = await asyncio.wait_for(told(made, run, "run.waiting"), 90)
            assert "toy-double-fine, which double needs" in stuck["reason"]
        (tmp_path / "2").touch()
        assert (await asyncio.wait_for(made.wait(second), 90))["status"] == "succeeded"
        assert (await told(made, second, "task.started", "double"))["model"] == "toy-double"
        for run in (pinned, given):
            end = await asyncio.wait_for(made.wait(run), 90)
            assert end["status"] == "failed"
            assert "start a worker with it, then resume" in end["error"]
        monkeypatch.setattr("murakkab.engine.replanning.PATIENCE_S", 90.0)
        for run in (pinned, given):
            await made.resume(run)
        for run in (pinned, given):
            await asyncio.wait_for(again(made, run, "run.waiting"), 90)
        start("again", TOY_FINE="1")
        for run in (pinned, given):
            assert (await asyncio.wait_for(made.wait(run), 90))["status"] == "succeeded"
            events = [event async for event in made.events(run)]
            assert not [event for event in events if event["event"] == "run.replanned"], "what was asked for holds"
        assert await leaves == 0

    with_engine(server.url, tmp_path, scenario)
