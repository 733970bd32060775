"""An engine that starts where another one has all workers: a real Redis, and a slot that only announces itself."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from benchmarks.redis_server import Server
from murakkab.engine.celery_fleet import CeleryFleet
from tests.cluster.test_losses import Heard, announce


def test_an_engine_that_starts_beside_a_busy_one_waits_and_tells_its_runs_once(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in {"celery_fleet.POLL_S": 0.01, "bare.TELL_S": -1.0}.items():
        monkeypatch.setattr(f"murakkab.engine.{name}", seconds)
    monkeypatch.setattr("murakkab.engine.first_slot.TAKEN_S", 0.0, raising=False)
    server.client.flushall()
    busy, late = Heard(), Heard()
    begun = threading.Event()

    def fleet(heard: Heard, has_work: Callable[[], bool]) -> CeleryFleet:
        told = heard.delay, heard.reply, heard.gone, heard.barren
        return CeleryFleet(server.url, "", has_work, list, *told)

    async def go() -> None:
        first, second = fleet(busy, lambda: True), fleet(late, begun.is_set)
        beat = asyncio.create_task(announcing(server))
        try:
            await first.start()
            await second.start()
            assert not late.waiting, "it has no run yet, to which this could be told"
            begun.set()
            assert first._owned() == ["m-1"]
            assert not second._owned()
            while not late.waiting:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            assert not busy.lost
            await first.stop()
            while not second._owned():
                await asyncio.sleep(0.01)
        finally:
            beat.cancel()
            await first.stop()
            await second.stop()

    asyncio.run(asyncio.wait_for(go(), 60))
    ((reason, run),) = late.waiting
    assert (reason.endswith("are at work for other engines"), run) == (True, "")
    assert not late.failing


async def announcing(server: Server) -> None:
    while True:
        announce(server, "m-1", int(10 * time.monotonic()))
        await asyncio.sleep(0.2)
