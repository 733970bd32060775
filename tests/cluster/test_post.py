"""What an engine sends to slots through a store."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from murakkab.engine.broker import Broker
from murakkab.engine.letter import Letter
from murakkab.engine.post import PICKUP_S, Post
from murakkab.engine.shared import SharedStore
from murakkab.engine.slots import Seen
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.messages import Run
from tests.cluster.conftest import Server

pytest.importorskip("fsspec")

SLOT = wire.Slot("a-1", "a", "cpu", 1, 1, 100, "1", "d", "q.a-1", "a-1@a")


class Slow(SharedStore):
    """A store that takes nothing until it may."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"file://{folder}/shared", "e")
        self.may = threading.Event()

    def give(self, request: Run) -> None:
        assert self.may.wait(60)
        super().give(request)


def played(server: Server, folder: Path, scenario: Callable) -> None:
    async def go() -> None:
        broker, shared = Broker(server.url, "e"), Slow(folder)
        posted: list[str] = []

        def post(letter: Letter) -> None:
            posted.append(letter.lease)

        broker.post = post
        made = Post("e", broker, shared)
        request = Run("r/double/-#1", str(folder / "runs"), load_catalog()["toy-double"], {}, 1, {}, 0)
        try:
            await asyncio.wait_for(scenario(made, shared, made.addressed(request), posted), 60)
        finally:
            shared.may.set()
            await asyncio.to_thread(made.close)
            await broker.close()

    asyncio.run(go())


async def until(true: Callable[[], object]) -> None:
    while not true():
        await asyncio.sleep(0.01)


def test_nothing_waits_behind_what_is_put_into_the_store(server: Server, tmp_path: Path) -> None:
    async def scenario(made: Post, shared: Slow, request: Run, posted: list[str]) -> None:
        made.send(SLOT, request, "child")
        assert await made.do(lambda: "done") == "done"
        assert not posted
        assert "a-1" in made
        assert not made.is_overdue(Seen(SLOT, 0.0), time.monotonic() + 10 * PICKUP_S), "it is on its way"
        shared.may.set()
        await until(lambda: posted)
        assert posted == [request.lease]
        assert (tmp_path / "shared" / "r" / wire.MARK).read_text() == "e"
        assert shared._runs.keys() == {"r"}
        made.forget("r")
        assert not shared._runs

    played(server, tmp_path, scenario)


def test_an_order_that_nobody_waits_for_any_more_is_not_sent(server: Server, tmp_path: Path) -> None:
    async def scenario(made: Post, shared: Slow, request: Run, posted: list[str]) -> None:
        made.send(SLOT, request, "child")
        assert not made.withdraw("a-1", "r/double/-#2")
        assert made.withdraw("a-1", request.lease)
        assert "a-1" not in made
        shared.may.set()
        await until(lambda: not made._jobs)
        await made.do(lambda: None)
        assert not posted
        assert not made.withdraw("a-1", request.lease), "it is on its way no more"

    played(server, tmp_path, scenario)


def test_an_order_whose_files_cannot_be_stored_is_lost_at_once(server: Server, tmp_path: Path) -> None:
    async def scenario(made: Post, shared: Slow, request: Run, posted: list[str]) -> None:
        (tmp_path / "shared").write_text("a file, no folder")
        shared.may.set()
        made.send(SLOT, request, "child")
        await until(lambda: made.is_overdue(Seen(SLOT, 0.0), time.monotonic()))
        assert not posted

    played(server, tmp_path, scenario)


def test_what_is_sent_may_be_begun_at_once(server: Server, tmp_path: Path) -> None:
    """No countdown: what waits for its time at a worker is not acknowledged and comes again (``test_settings``)."""
    request = Run("r/double/-#1", str(tmp_path), load_catalog()["toy-double"], {}, 1, {}, 0)
    broker = Broker(server.url, "e")
    broker.post(Letter(SLOT, wire.Order("e", request), "child"))
    headers = json.loads(server.client.lpop(SLOT.queue))["headers"]
    assert (headers["task"], headers["eta"], headers["retries"]) == (wire.TASK, None, 0)
    asyncio.run(broker.close())
