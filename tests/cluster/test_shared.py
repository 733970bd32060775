"""What an engine puts into a store for its tasks, and what of it does not get there; the store is a folder."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from murakkab.engine.celery_fleet import CeleryFleet
from murakkab.engine.shared import GIVE_S, SharedStore
from murakkab_optimizer.scheduler.events import TaskFinished
from murakkab_runtimes.artifacts import ArtifactStore
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.mirror import Mirror, StoreFault
from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.messages import Run
from tests.cluster.conftest import Server
from tests.cluster.test_losses import announce

pytest.importorskip("fsspec")


def asked(folder: Path, run: str, item: str = "") -> Run:
    return Run(f"{run}/double/-#1", str(folder / run), load_catalog()["toy-double"], {}, 1, {}, 0, item=item or None)


def test_whatever_keeps_a_task_from_the_store_fails_its_run_and_no_other_one(tmp_path: Path) -> None:
    shared = SharedStore(f"file://{tmp_path}/shared", "e")
    missing, there = "ab" + 62 * "0", ArtifactStore(tmp_path / "good").put(list(range(1000)))
    gone = shared.addressed(asked(tmp_path, "gone", missing))
    good = shared.addressed(asked(tmp_path, "good", there))
    with pytest.raises(FileNotFoundError):
        shared.give(gone)
    shared.give(good)
    assert not shared.stuck(time.monotonic())
    late = time.monotonic() + GIVE_S + 1.0
    ((run, reason),) = shared.stuck(late).items()
    assert run == "gone"
    assert "what a task needs cannot be put into the store" in reason
    assert missing in reason
    assert not shared.stuck(late), "told once"


def test_an_engine_fails_the_run_whose_tasks_need_what_does_not_get_there(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("murakkab.engine.shared.GIVE_S", -1.0)
    monkeypatch.setattr("murakkab.engine.celery_fleet.POLL_S", 0.0)
    failing: list[tuple[str, str]] = []

    async def go() -> None:
        told = print, print, print, lambda reason, run="": failing.append((str(reason), run))
        fleet = CeleryFleet(server.url, f"file://{tmp_path}/shared", lambda: True, list, *told)
        try:
            with pytest.raises(FileNotFoundError):
                fleet._shared.give(fleet._shared.addressed(asked(tmp_path, "gone", "ab" + 62 * "0")))
            await fleet._look()
        finally:
            await fleet.stop()

    asyncio.run(go())
    ((reason, run),) = failing
    assert run == "gone"
    assert "cannot be put into the store" in reason


def test_an_upload_that_ends_after_its_run_brings_nothing_of_it_back(tmp_path: Path) -> None:
    shared = SharedStore(f"file://{tmp_path}/shared", "e")
    request = shared.addressed(asked(tmp_path, "r"))
    shared.forget("r")
    with pytest.raises(StoreFault, match="its run is over"):
        shared.give(request)
    assert not shared._runs
    assert not list(tmp_path.iterdir())
    shared.give(shared.addressed(request))
    assert list(shared._runs) == ["r"], "a run that is resumed"


def test_fetches_do_not_wait_for_other_work_beside_the_loop(tmp_path: Path) -> None:
    shared = SharedStore(f"file://{tmp_path}/shared", "e")
    shared.give(shared.addressed(asked(tmp_path, "r")))
    name = Mirror(f"file://{tmp_path}/shared/r", tmp_path / "there").put([1])
    end = threading.Event()

    async def go() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        busy = loop.run_in_executor(None, end.wait, 60)
        try:
            await asyncio.wait_for(shared.take(TaskFinished("r/double/-#1", name)), 20)
            assert not busy.done()
        finally:
            end.set()

    asyncio.run(go())
    shared.close()
    assert ArtifactStore(tmp_path / "r").load(name) == [1]


def test_a_run_whose_folder_cannot_be_begun_keeps_no_other_one_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = SharedStore(f"file://{tmp_path}/shared", "e")
    slow, quick = shared.addressed(asked(tmp_path, "slow")), shared.addressed(asked(tmp_path, "quick"))
    begun, end, write = threading.Event(), threading.Event(), Mirror.write

    def written(mirror: Mirror, name: str, content: bytes) -> None:
        if mirror.url.endswith("slow"):
            begun.set()
            end.wait(60)
        write(mirror, name, content)

    monkeypatch.setattr(Mirror, "write", written)
    with ThreadPoolExecutor(2) as threads:
        waiting = threads.submit(shared.give, slow)
        try:
            assert begun.wait(20)
            threads.submit(shared.give, quick).result(20)
            assert not waiting.done()
        finally:
            end.set()
        waiting.result(20)


def test_an_engine_that_stops_gives_its_slots_back_before_it_waits_for_the_store(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, end = threading.Event(), threading.Event()

    def slow(shared: SharedStore, request: Run) -> None:
        begun.set()
        end.wait(60)

    monkeypatch.setattr("murakkab.engine.celery_fleet.POLL_S", 0.0)
    monkeypatch.setattr(SharedStore, "give", slow)
    server.client.flushall()
    announce(server, "m-1", 1)

    async def go() -> None:
        fleet = CeleryFleet(server.url, f"file://{tmp_path}/shared", lambda: True, list, print, print, print, print)
        await fleet._look()
        fleet.run("m-1", asked(tmp_path, "r"))
        assert await asyncio.to_thread(begun.wait, 20)
        assert server.client.exists(wire.owner("m-1"))
        server.client.persist(wire.owner("m-1"))
        stopping = asyncio.create_task(fleet.stop())
        try:
            async with asyncio.timeout(20):
                while server.client.exists(wire.owner("m-1")):
                    await asyncio.sleep(0.01)
            assert not stopping.done()
        finally:
            end.set()
            await stopping

    asyncio.run(go())
