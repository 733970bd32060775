"""Workers are started for what waits, and let go when nothing does."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from pathlib import Path

import msgspec
import pytest

from murakkab.engine import Engine
from murakkab.engine.broker import Broker, Look
from murakkab.engine.slots import LOST_S
from murakkab.scaling import Autoscaler, Bounds, LocalProcesses
from murakkab_optimizer.policies.scaling import BacklogPolicy
from murakkab_runtimes.workers.cluster import wire
from tests.cluster.conftest import Server, with_engine
from tests.engine.conftest import SUMS, workflow


@pytest.mark.soak
def test_workers_come_for_a_run_and_go_after_it(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From none to some to none; the one that goes last is at a task and ends it."""
    monkeypatch.setattr("murakkab_optimizer.policies.scaling.backlog.CALM_S", 1.0)
    monkeypatch.setattr("murakkab.scaling.autoscaler.LOOK_S", 0.2)
    monkeypatch.setattr("murakkab.engine.celery_fleet.WAIT_S", 3.0)
    told: list[str] = []
    backend = LocalProcesses(server.url, 1, lambda: scaler.idle, told.append)
    scaler = Autoscaler("cpu", Bounds(0, 2, 1.0), BacklogPolicy(), backend, told.append)

    async def scenario(made: Engine) -> None:
        run = await made.submit(workflow(SUMS, tmp_path), {"count": 4, "pause": 0.5})
        assert backend.workers("cpu"), "an engine that starts waits for a worker"
        end = await asyncio.wait_for(made.wait(run), 60)
        assert end["status"] == "succeeded", end

    async def scale(stop: asyncio.Event) -> None:
        broker = Broker(server.url, "")
        job = asyncio.create_task(scaler.run(broker))
        await stop.wait()
        while backend.workers("cpu"):
            await asyncio.sleep(0.05)
        job.cancel()
        await broker.close()

    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    beside = threading.Thread(target=loop.run_until_complete, args=(scale(stop),))
    beside.start()
    try:
        with_engine(server.url, tmp_path, scenario)
    finally:
        loop.call_soon_threadsafe(stop.set)
        beside.join(60)
        loop.close()
        backend.close()
    assert told[0].startswith("cpu: 1 workers")
    assert told[-1].startswith("cpu: 0 workers (nothing waits)")


class Asked:
    """Has no workers, and notes how many it is asked for."""

    def __init__(self) -> None:
        self.wanted: list[int] = []

    def scale(self, queue: str, n: int) -> None:
        self.wanted.append(n)

    def workers(self, queue: str) -> set[str]:
        return set()

    def close(self) -> None:
        pass


FITS = wire.Slot("m1-1", "m1", "cpu", 1, 1, 100, wire.this_version(), "", "q", "m1-1@m1")


@pytest.mark.parametrize(
    ("what", "full", "age_s", "wanted"),
    [
        ({}, False, 0.5, 0),
        ({"draining": True}, False, 0.5, 1),
        ({"version": "0"}, False, 0.5, 1),
        ({"digest": "0123456789ab"}, False, 0.5, 1),
        ({"device": "H100"}, False, 0.5, 1),
        ({}, True, 0.5, 1),
        ({}, False, 2 * LOST_S, 1),
    ],
)
def test_only_workers_that_take_tasks_count_as_there(what: dict, full: bool, age_s: float, wanted: int) -> None:
    backend = Asked()
    scaler = Autoscaler("cpu", Bounds(0, 4, 1.0), BacklogPolicy(), backend, lambda _: None)
    slot = msgspec.structs.replace(FITS, **{"digest": wire.catalogue_digest(), **what})
    state = wire.State("child", 1, full=full)
    scaler.look(Look([(slot, state, age_s)], set(), 1), [wire.Waiting("cpu", tasks=5)], 0.0)
    assert backend.wanted == [wanted]


def test_what_another_version_tells_is_left_out(server: Server) -> None:
    for engine, told in (("a", b'[{"queue": "cpu", "tasks": 3}]'), ("b", b'[{"queue": 1}]'), ("c", b"{")):
        server.client.set(wire.waiting(engine), told)
        server.client.zadd(wire.ENGINES, {engine: time.time()})

    async def read() -> list[wire.Waiting]:
        broker = Broker(server.url, "")
        try:
            return await broker.waiting()
        finally:
            await broker.close()

    assert asyncio.run(read()) == [wire.Waiting("cpu", tasks=3)]
    server.client.delete(wire.ENGINES)


def test_the_idle_go_first_and_what_dies_is_told_and_replaced(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("murakkab.scaling.backend.RETRY_S", 0.0)
    told: list[str] = []
    idle: set[str] = set()
    backend = LocalProcesses(server.url, 1, lambda: idle, told.append)
    backend.scale("cpu", 3)
    first, second, third = sorted(backend.workers("cpu"))
    idle.add(second)
    backend.scale("cpu", 2)
    assert backend.workers("cpu") == {first, third}
    backend.scale("cpu", 1)
    assert backend.workers("cpu") == {first}, "then the youngest"
    os.kill(backend.process_ids()[first], signal.SIGKILL)
    while backend.workers("cpu"):
        pass
    assert told == [f"worker {first} ended with exit code -9"]
    backend.scale("cpu", 1)
    assert len(backend.workers("cpu")) == 1
    with pytest.raises(ValueError, match="not 'A100'"):
        backend.scale("A100", 1)
    backend.close()
    assert backend.workers("cpu") == set()
