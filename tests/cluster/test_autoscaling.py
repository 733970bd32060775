"""Workers are started for what waits, and let go when nothing does."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from pathlib import Path

import pytest

from murakkab.engine import Engine
from murakkab.engine.broker import Broker
from murakkab.scaling import Autoscaler, Bounds, LocalProcesses
from murakkab_optimizer.policies.scaling import BacklogPolicy
from tests.cluster.conftest import Server, with_engine
from tests.engine.conftest import SUMS, workflow


@pytest.mark.soak
def test_workers_come_for_a_run_and_go_after_it(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From none to some to none; the one that goes last is at a task and ends it."""
    monkeypatch.setattr("murakkab_optimizer.policies.scaling.backlog.CALM_S", 1.0)
    monkeypatch.setattr("murakkab.scaling.autoscaler.LOOK_S", 0.2)
    monkeypatch.setattr("murakkab.engine.celery_fleet.WAIT_S", 90.0)
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
