"""Silence of a slot means nothing while what it was sent, or what it said, is on its way through the store."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.redis_server import Server
from murakkab_optimizer.scheduler.events import ItemEmitted, TaskFailed
from murakkab_runtimes.mirror import Mirror
from murakkab_runtimes.workers.messages import Cancel, Run
from tests.cluster.lone_slot import A, Engine, play
from tests.cluster.test_losses import request

pytest.importorskip("fsspec")


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.005)


async def patience_ends(engine: Engine) -> None:
    """Wait for the end of the time that the slot has; it is given it again, or it is lost."""
    before = engine.fleet._watch[A]
    await until(lambda: engine.fleet._watch.get(A) is not before)


def send(engine: Engine, asked: Run) -> threading.Event:
    """Send a task; what it needs gets into the store once the event is set."""
    may, shared = threading.Event(), engine.fleet._shared
    give = shared.give

    def slowly(request: Run) -> None:
        assert may.wait(60)
        give(request)

    shared.give = slowly
    engine.fleet.run(A, asked)
    return may


def test_a_slot_is_not_hung_while_what_its_task_needs_is_put_into_the_store(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("murakkab.engine.watched.SILENCE_S", 0.05)

    async def scenario(engine: Engine) -> None:
        may = send(engine, request(tmp_path, 1))
        try:
            await patience_ends(engine)
            assert not engine.heard.lost
        finally:
            may.set()
        await until(lambda: engine.heard.lost)
        assert "it said nothing for 0 s and was ended" in engine.heard.lost[0][1]

    play(server, scenario, f"file://{tmp_path}/shared")


def test_a_slot_has_all_its_time_from_when_it_got_its_task(server: Server, tmp_path: Path) -> None:
    async def scenario(engine: Engine) -> None:
        may = send(engine, request(tmp_path, 1))
        ends = engine.fleet._watch[A][1].when()
        may.set()
        await until(lambda: engine.server.client.exists(f"q.{A}"))
        await until(lambda: engine.fleet._watch[A][1].when() > ends)

    play(server, scenario, f"file://{tmp_path}/shared")


def test_a_slot_that_said_that_it_stopped_is_not_ended_while_an_item_of_it_is_fetched(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("murakkab.engine.watched.CANCEL_S", 0.05)
    monkeypatch.setattr("murakkab.engine.shared.TRIES_S", (*[0.01] * 2000, math.inf))

    async def scenario(engine: Engine) -> None:
        lease = request(tmp_path, 1).lease
        send(engine, request(tmp_path / "here", 1)).set()
        await until(lambda: engine.server.client.exists(f"q.{A}"))
        name = Mirror(f"file://{tmp_path}/shared/r", tmp_path / "there").put([1])
        (file,) = (tmp_path / "shared").rglob(name)
        file.rename(tmp_path / "late")
        await engine.hear(ItemEmitted(lease, 0, name))
        await asyncio.sleep(0)
        engine.fleet.cancel(A, Cancel(lease))
        stopped = TaskFailed(lease, "cancelled", retry=False)
        await engine.hear(stopped, place=1)
        await patience_ends(engine)
        assert not engine.heard.lost
        (tmp_path / "late").rename(file)
        await until(lambda: stopped in engine.heard.replies)
        assert not engine.heard.lost

    play(server, scenario, f"file://{tmp_path}/shared")
