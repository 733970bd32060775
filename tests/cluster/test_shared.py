"""What an engine puts into a store for its tasks, and what of it does not get there; the store is a folder."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from murakkab.engine.celery_fleet import CeleryFleet
from murakkab.engine.shared import GIVE_S, SharedStore
from murakkab_runtimes.artifacts import ArtifactStore
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.mirror import StoreFault
from murakkab_runtimes.workers.messages import Run
from tests.cluster.conftest import Server

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
