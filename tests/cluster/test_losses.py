"""What an engine makes of slots and brokers that fall silent: a real Redis, and a slot that only announces itself."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchmarks.redis_server import Server
from murakkab.engine.celery_fleet import CeleryFleet
from murakkab.engine.hearing import UNHEARD
from murakkab.engine.outage import AWAY_S, News, Outage
from murakkab_optimizer.scheduler.events import TaskFailed
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.messages import Cancel, Run

LOST_S = "murakkab.engine.slots.LOST_S"


class Heard:
    """What the fleet tells its engine."""

    def __init__(self) -> None:
        self.failed: list[TaskFailed] = []
        self.lost: list[tuple[str, str, bool]] = []
        self.waiting: list[tuple[str, str]] = []
        self.failing: list[tuple[str, str]] = []

    def reply(self, worker: str, reply: object) -> None:
        self.failed += [reply] if isinstance(reply, TaskFailed) else []

    def gone(self, *told: Any) -> None:
        self.lost.append(told)

    def delay(self, reason: str, run: str) -> None:
        self.waiting.append((reason, run))

    def barren(self, reason: str | Exception, run: str = "") -> None:
        self.failing.append((str(reason), run))


def announce(server: Server, name: str, beat: int, *, version: str = "", draining: bool = False) -> None:
    """Say of a slot what its worker says."""
    facts = {"width": 1, "memory_mb": 100, "queue": f"q.{name}", "hostname": f"{name}@m"}
    same = {"version": version or wire.this_version(), "digest": wire.catalogue_digest()}
    slot = wire.Slot(name, "m", "cpu", 1, **facts, **same, models=("toy-double",), beat=beat, draining=draining)
    state = wire.State(f"child of {name}", os.getpid())
    server.client.set(wire.announcement(name), msgspec.json.encode(slot))
    server.client.set(wire.state(name), msgspec.json.encode(state))
    server.client.zadd(wire.SLOTS, {name: time.time()})


def request(folder: Path, attempt: int) -> Run:
    return Run(f"r/double/-#{attempt}", str(folder), load_catalog()["toy-double"], {}, 1, {}, 0)


def with_fleet(
    server: Server, heard: Heard, scenario: Callable[[CeleryFleet], Awaitable[None]], store: str = ""
) -> None:
    async def go() -> None:
        told = heard.delay, heard.reply, heard.gone, heard.barren
        fleet = CeleryFleet(server.url, store, lambda: True, list, *told)
        try:
            await scenario(fleet)
        finally:
            await fleet.stop()

    asyncio.run(go())


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    monkeypatch.setattr("murakkab.engine.celery_fleet.POLL_S", 0.0)
    server.client.flushall()


def test_a_task_is_not_to_blame_for_the_machines_that_go_while_they_are_at_it(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard()

    async def scenario(fleet: CeleryFleet) -> None:
        for attempt in range(1, UNHEARD + 1):
            assert not heard.failed
            while not fleet.pids():
                announce(server, "m-1", attempt)
                await fleet._look()
            fleet.run("m-1", request(tmp_path, attempt))
            with monkeypatch.context() as silence:
                silence.setattr(LOST_S, -1.0)
                await fleet._look()

    with_fleet(server, heard, scenario)
    assert heard.lost == [("m-1", "nothing was heard of it on m", False)] * UNHEARD
    (failed,) = heard.failed
    assert f"{UNHEARD} workers ended at it and it is not tried again" in failed.error


def test_a_broker_that_stands_still_ends_no_process(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task is cancelled while the broker stands still: its slot cannot say that it heard."""
    monkeypatch.setattr("murakkab.engine.watched.CANCEL_S", 0.05)
    monkeypatch.setattr("murakkab.engine.outage.SILENT_S", -1.0)
    heard = Heard()

    async def scenario(fleet: CeleryFleet) -> None:
        announce(server, "m-1", 1)
        await fleet._look()
        fleet.run("m-1", request(tmp_path, 1))
        fleet.cancel("m-1", Cancel("r/double/-#1"))
        await asyncio.sleep(0.2)
        assert not heard.lost
        monkeypatch.setattr("murakkab.engine.outage.SILENT_S", 60.0)
        while not heard.lost:
            await asyncio.sleep(0.01)

    with_fleet(server, heard, scenario)
    assert "it said nothing for 0 s and was ended" in heard.lost[0][1]


def test_a_broker_that_refuses_is_told_at_once_and_fails_runs_after_a_while(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard()

    async def scenario(fleet: CeleryFleet) -> None:
        announce(server, "m-1", 1)
        await fleet._look()
        server.client.config_set("maxmemory", 1)
        for _ in range(3):
            await fleet._look()
        assert len(heard.waiting) == 1
        assert not heard.failing
        monkeypatch.setattr("murakkab.engine.outage.REFUSED_S", -1.0)
        await fleet._look()
        server.client.config_set("maxmemory", 0)
        await fleet._look()
        assert not fleet._outage.fault

    try:
        with_fleet(server, heard, scenario)
    finally:
        server.client.config_set("maxmemory", 0)
    ((told, run),) = heard.waiting
    assert re.match(r"the broker redis://.* refuses: .*maxmemory", told)
    assert not run
    assert heard.failing == [(f"{told}: mend it, then resume the run", "")]


def test_a_broker_that_is_away_is_told_after_some_seconds() -> None:
    outage = Outage("redis://there", 0.0)
    assert outage.goes_on(OSError("refused"), 1.0) == News()
    assert outage.goes_on(OSError("refused"), 6.0).waiting == "the broker redis://there does not answer: refused"
    assert outage.goes_on(OSError("refused"), 7.0) == News(), "told once"
    assert outage.goes_on(TimeoutError(), AWAY_S + 1.0).failing.startswith("the broker redis://there does not answer")
    outage.over(AWAY_S + 2.0)
    assert outage.goes_on(OSError("refused"), AWAY_S + 3.0) == News()


def test_a_slot_that_has_another_version_in_mid_run_is_lost_with_that_reason(server: Server) -> None:
    heard = Heard()

    async def scenario(fleet: CeleryFleet) -> None:
        announce(server, "m-1", 1)
        await fleet._look()
        announce(server, "m-1", 2, version="0")
        await fleet._look()

    with_fleet(server, heard, scenario)
    ((name, reason, blame),) = heard.lost
    assert "it has murakkab 0, the engine" in reason
    assert (name, blame) == ("m-1", False)
