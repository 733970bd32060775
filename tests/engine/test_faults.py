"""Whatever goes wrong inside the engine ends the run with a reason; nothing hangs."""

from __future__ import annotations

import asyncio
import errno
import os
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from murakkab.engine import Engine, EngineOptions, UserError
from murakkab.engine.driver import Driver
from murakkab.engine.journal import Journal, read_journal, told
from murakkab.engine.run import LiveRun
from murakkab.engine.watched import WatchedFleet
from murakkab_optimizer.scheduler import Scheduler
from murakkab_optimizer.scheduler import events as ev
from murakkab_optimizer.scheduler.commands import LoadModel
from murakkab_optimizer.simulator import replay
from tests.engine.conftest import SUMS, TROUBLE, workflow


async def ends(made: Engine, folder: Path, inputs: dict | None = None) -> dict:
    run = await made.submit(workflow(SUMS, folder), inputs or {"count": 3})
    return await asyncio.wait_for(made.wait(run), 30)


def with_engine(folder: Path, scenario: Callable) -> None:
    async def go() -> None:
        made = Engine(EngineOptions(folder / "runs", cores=2))
        try:
            await made.start()
            await scenario(made)
        finally:
            await made.close()

    asyncio.run(go())


def break_once(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, fault: Exception, kind: type) -> None:
    """Let a method raise the first time that it is called with an argument of that kind."""
    real, left = getattr(owner, name), [fault]

    def method(self: object, what: object, *rest: object) -> object:
        if isinstance(what, kind) and left:
            raise left.pop()
        return real(self, what, *rest)

    monkeypatch.setattr(owner, name, method)


@pytest.mark.parametrize(
    ("owner", "name", "kind"),
    [
        (Scheduler, "handle", ev.ItemEmitted),
        (LiveRun, "told", ev.ItemEmitted),
        (Driver, "_start_task", object),
        (WatchedFleet, "run", str),
    ],
)
def test_an_unforeseen_fault_fails_the_run_and_the_engine_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: type, name: str, kind: type
) -> None:
    break_once(monkeypatch, owner, name, RuntimeError("a screw came loose"), kind)

    async def scenario(made: Engine) -> None:
        end = await ends(made, tmp_path)
        assert end["status"] == "failed"
        assert "a screw came loose" in end["error"]
        (log,) = (tmp_path / "runs" / ".engines").glob("*/faults.log")
        assert str(log) in end["error"]
        assert "Traceback" in log.read_text()
        assert (await ends(made, tmp_path))["status"] == "succeeded"
        assert all(worker.lease is None for worker in made._driver.scheduler._fleet.workers.values())

    with_engine(tmp_path, scenario)


def test_a_model_that_cannot_be_loaded_for_a_reason_nobody_foresaw_keeps_no_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(made: Engine) -> None:
        workers = made._driver.scheduler._fleet.workers
        while not workers:
            await asyncio.sleep(0.01)
        break_once(monkeypatch, WatchedFleet, "load", RuntimeError("a screw came loose"), str)
        name, worker = next(iter(workers.items()))
        worker.loading = "toy-double"
        made._driver._carry_out(LoadModel(name, "toy-double"), made._driver.now())
        async with asyncio.timeout(20):
            while worker.loading:
                await asyncio.sleep(0.01)
        (log,) = (tmp_path / "runs" / ".engines").glob("*/faults.log")
        assert "a screw came loose" in log.read_text()
        assert (await ends(made, tmp_path))["status"] == "succeeded"

    with_engine(tmp_path, scenario)


def test_a_full_disk_that_keeps_a_task_from_its_worker_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_once(monkeypatch, WatchedFleet, "run", OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), str)

    async def scenario(made: Engine) -> None:
        end = await ends(made, tmp_path)
        assert re.search(r"cannot write to .*: No space left on device: free some space, then resume", end["error"])
        assert str(tmp_path / "runs") in end["error"]
        assert (await ends(made, tmp_path))["status"] == "succeeded"

    with_engine(tmp_path, scenario)


@pytest.mark.parametrize("kind", [ev.RunSubmitted, ev.ItemEmitted, ev.TaskFinished])
def test_an_event_that_cannot_be_journaled_fails_the_run_and_the_engine_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type
) -> None:
    break_once(monkeypatch, Journal, "event", OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), kind)

    async def scenario(made: Engine) -> None:
        end = await ends(made, tmp_path)
        assert end["status"] == "failed"
        assert "No space left" in end["error"]
        for _ in range(2):
            assert (await ends(made, tmp_path))["status"] == "succeeded"
        assert all(worker.lease is None for worker in made._driver.scheduler._fleet.workers.values())

    with_engine(tmp_path, scenario)
    check_replay(tmp_path)


def check_replay(folder: Path) -> None:
    """The engine's journal says all that the scheduler was told: it answers as it did."""
    (journal,) = (folder / "runs" / ".engines").glob("*/journal.jsonl")
    entries = list(read_journal(journal))
    events = [(entry.now, entry.event) for entry in entries if entry.event is not None]
    answers = [msgspec.json.encode(tuple(map(told, found))) for found in replay(events, cores=2) if found]
    assert answers == [msgspec.json.encode(entry.commands) for entry in entries if entry.commands is not None]


def test_workers_that_never_come_up_fail_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "murakkab_runtimes").mkdir()
    (tmp_path / "murakkab_runtimes" / "__init__.py").write_text("raise SystemExit(7)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)

    async def scenario(made: Engine) -> None:
        end = await ends(made, tmp_path)
        assert end["status"] == "failed"
        assert "no worker process can be started" in end["error"]
        assert "exit code 7" in end["error"]

    with_engine(tmp_path, scenario)


def test_a_run_that_cannot_begin_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise UserError("cannot take in the file")

    monkeypatch.setattr("murakkab.engine.engine.import_files", fail)

    async def scenario(made: Engine) -> None:
        with pytest.raises(UserError, match="cannot take in"):
            await ends(made, tmp_path)
        assert made.store.list() == []

    with_engine(tmp_path, scenario)


def test_a_run_whose_model_left_the_catalogue_is_not_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(made: Engine) -> None:
        run = await made.submit(workflow(TROUBLE, tmp_path), {"how": "input", "until": str(tmp_path / "never")})
        await asyncio.wait_for(made.wait(run), 30)
        monkeypatch.setattr("murakkab.engine.planning.load_catalog", dict)
        with pytest.raises(UserError, match="not in the catalogue"):
            await made.resume(run)

    with_engine(tmp_path, scenario)


@pytest.mark.parametrize(
    "report", [{"position_s": float("nan")}, {"position_s": 1, "stall_s": float("inf")}, {"position_s": 1, "rate": 0}]
)
def test_a_report_that_no_journal_can_hold_is_refused(tmp_path: Path, report: dict) -> None:
    made = Engine(EngineOptions(tmp_path / "runs", cores=1))
    with pytest.raises(UserError, match="report is wrong"):
        asyncio.run(made.playback("r", report))


def test_a_worker_that_does_not_hear_is_ended_and_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("murakkab.engine.watched.CANCEL_S", 0.2)

    async def scenario(made: Engine) -> None:
        run = await made.submit(workflow(TROUBLE, tmp_path), {"how": "deaf", "until": str(tmp_path / "never")})
        async for event in made.events(run):
            if event["event"] == "task.started":
                break
        before = set(made._driver.fleet.pids().values())
        await made.cancel(run)
        for _ in range(100):
            await asyncio.sleep(0.05)
            after = set(made._driver.fleet.pids().values())
            if len(after) == len(before) and after != before:
                break
        assert len(before - after) == 1
        assert (await ends(made, tmp_path))["status"] == "succeeded"

    with_engine(tmp_path, scenario)


def test_a_silent_worker_is_ended_and_the_run_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(made: Engine) -> None:
        await ends(made, tmp_path)
        monkeypatch.setattr("murakkab.engine.watched.SILENCE_S", 1.0)
        run = await made.submit(workflow(TROUBLE, tmp_path), {"how": "deaf", "until": str(tmp_path / "never")})
        end = await asyncio.wait_for(made.wait(run), 60)
        assert end["status"] == "failed"
        assert "said nothing for 1 s" in end["error"]

    with_engine(tmp_path, scenario)
