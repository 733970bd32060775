"""The same workflow on workers of other processes: same result, and what goes wrong costs a retry and no more."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from murakkab.engine import Engine, EngineOptions, UserError
from murakkab.engine.letter import REPEATED_S, Letter
from murakkab_optimizer.scheduler.events import TaskFinished
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.messages import Run
from tests.cluster.conftest import Server, Worker, wait_for, with_engine
from tests.engine.conftest import SUMS, TROUBLE, workflow

ASLEEP = """
apiVersion: murakkab/v1
kind: Workflow
inputs:
  note: text
nodes:
  asleep:
    function: tools.py:sleeps
    note: ${{ inputs.note }}
outputs:
  asleep: ${{ nodes.asleep }}
"""

SLEEPS = """
import subprocess
from pathlib import Path


def sleeps(note: str) -> str:
    file = Path(note)
    if file.exists():
        return "awake"
    with subprocess.Popen(["sleep", "600"]) as process:
        file.with_suffix(".part").write_text(str(process.pid))
        file.with_suffix(".part").rename(file)
    return "slept"
"""


async def ends(made: Engine, folder: Path, text: str = SUMS, **inputs: object) -> dict:
    run = await made.submit(workflow(text, folder), inputs)
    return await asyncio.wait_for(made.wait(run), 60)


async def until_event(made: Engine, run: str, kind: str, node: str | None = None) -> dict:
    async for event in made.events(run):
        if event["event"] == kind and event.get("node") == node:
            return event
    raise AssertionError(f"no {kind} of {node}")


def test_a_run_ends_as_it_does_on_one_machine(server: Server, machine: Worker, tmp_path: Path) -> None:
    async def scenario(made: Engine) -> None:
        there = await ends(made, tmp_path, count=6)
        assert there["status"] == "succeeded", there
        await asyncio.to_thread(wait_for, lambda: made._driver.scheduler.cores == 2)
        here = Engine(EngineOptions(tmp_path / "here", cores=2, cache=False))
        try:
            await here.start()
            assert (await ends(here, tmp_path, count=6))["outputs"] == there["outputs"]
        finally:
            await here.close()

    with_engine(server.url, tmp_path, scenario)


def test_a_process_that_is_killed_in_mid_task_costs_a_retry(server: Server, machine: Worker, tmp_path: Path) -> None:
    log = tmp_path / "log"

    async def scenario(made: Engine) -> None:
        run = await made.submit(workflow(SUMS, tmp_path), {"count": 4, "pause": 0.3, "log": str(log)})
        await until_event(made, run, "item.emitted", "numbers")
        await asyncio.sleep(0.1)
        fleet = made._driver.fleet
        (name,) = [name for name, lease in fleet._busy.items() if "/numbers/" in lease]
        os.kill(fleet.pids()[name], signal.SIGKILL)
        end = await asyncio.wait_for(made.wait(run), 60)
        assert end["status"] == "succeeded", end
        assert [item["sum"] for item in end["outputs"]["total"]] == [0, 2, 6, 12]
        assert 2 in [event["attempt"] async for event in made.events(run) if event["event"] == "task.started"]

    with_engine(server.url, tmp_path, scenario)
    counted = [line for line in log.read_text().splitlines() if line.startswith("count")]
    assert len(counted) <= 5, "committed items are not made again"


def test_a_task_that_ends_two_processes_is_given_up(server: Server, machine: Worker, tmp_path: Path) -> None:
    async def scenario(made: Engine) -> None:
        run = await made.submit(workflow(TROUBLE, tmp_path), {"how": "hang", "until": str(tmp_path / "never")})
        fleet = made._driver.fleet
        for _ in range(2):
            while not fleet._busy:
                await asyncio.sleep(0.05)
            (name,) = fleet._busy
            lease = fleet._busy[name]
            await asyncio.sleep(0.3)
            os.kill(fleet.pids()[name], signal.SIGKILL)
            while fleet._busy.get(name) == lease:
                await asyncio.sleep(0.05)
        end = await asyncio.wait_for(made.wait(run), 30)
        assert end["status"] == "failed"
        assert "2 workers ended at it and it is not tried again" in end["error"]

    with_engine(server.url, tmp_path, scenario)


def test_a_cancelled_run_frees_its_slots(server: Server, machine: Worker, tmp_path: Path) -> None:
    async def scenario(made: Engine) -> None:
        run = await made.submit(workflow(TROUBLE, tmp_path), {"how": "hang", "until": str(tmp_path / "never")})
        await until_event(made, run, "task.started", "trouble")
        (name,) = made._driver.fleet._busy
        before = made._driver.fleet.pids()[name]
        await made.cancel(run)
        assert (await asyncio.wait_for(made.wait(run), 10))["status"] == "cancelled"
        while any(worker.lease for worker in made._driver.scheduler._fleet.workers.values()):
            await asyncio.sleep(0.05)
        assert made._driver.fleet.pids()[name] == before, "it stopped between quanta, no process was ended"
        assert (await ends(made, tmp_path, count=2))["status"] == "succeeded"

    with_engine(server.url, tmp_path, scenario)


def test_a_run_that_its_own_engine_resumes_loses_no_order(server: Server, machine: Worker, tmp_path: Path) -> None:
    """The broker knows of attempts that were begun before; those that follow are others."""

    async def scenario(made: Engine) -> None:
        run = await made.submit(workflow(TROUBLE, tmp_path), {"how": "hang", "until": str(tmp_path / "until")})
        await until_event(made, run, "task.started", "trouble")
        await made.cancel(run)
        assert (await asyncio.wait_for(made.wait(run), 10))["status"] == "cancelled"
        (tmp_path / "until").touch()
        await made.resume(run)
        end = await asyncio.wait_for(made.wait(run), 60)
        assert end["status"] == "succeeded", end
        started = [event async for event in made.events(run) if event["event"] == "task.started"]
        assert [event["attempt"] for event in started] == [1, 1], "the first order after the resumption was taken"

    with_engine(server.url, tmp_path, scenario)


@pytest.mark.parametrize("ended", ["process", pytest.param("slot", marks=pytest.mark.soak)])
def test_what_a_process_started_ends_with_it(server: Server, machine: Worker, tmp_path: Path, ended: str) -> None:
    (tmp_path / "tools.py").write_text(SLEEPS)
    note = tmp_path / "pid"

    async def scenario(made: Engine) -> None:
        run = await made.submit(workflow(ASLEEP, tmp_path), {"note": str(note)})
        while not note.exists():
            await asyncio.sleep(0.05)
        fleet, started = made._driver.fleet, int(note.read_text())
        (name,) = fleet._busy
        process = fleet.pids()[name]
        os.kill(process if ended == "process" else parent_of(process), signal.SIGKILL)
        async with asyncio.timeout(60):
            while is_alive(started):
                await asyncio.sleep(0.05)
        end = await asyncio.wait_for(made.wait(run), 60)
        assert end["outputs"] == {"asleep": "awake"}, end

    with_engine(server.url, tmp_path, scenario)


def stat(pid: int) -> list[str]:
    """State of a process, its parent, and what follows; nothing where it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def parent_of(pid: int) -> int:
    return int(stat(pid)[1])


def is_alive(pid: int) -> bool:
    return stat(pid)[:1] not in ([], ["Z"])


@pytest.mark.soak
def test_a_slot_that_does_not_hear_is_ended(
    server: Server, machine: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("murakkab.engine.watched.CANCEL_S", 0.5)

    async def scenario(made: Engine) -> None:
        run = await made.submit(workflow(TROUBLE, tmp_path), {"how": "deaf", "until": str(tmp_path / "never")})
        await until_event(made, run, "task.started", "trouble")
        fleet = made._driver.fleet
        (name,) = fleet._busy
        before = fleet.pids()[name]
        await made.cancel(run)
        while fleet.pids().get(name, before) == before:
            await asyncio.sleep(0.05)
        assert (await ends(made, tmp_path, count=2))["status"] == "succeeded"

    with_engine(server.url, tmp_path, scenario)


def test_two_engines_share_the_slots_and_do_not_disturb_each_other(
    server: Server, machine: Worker, tmp_path: Path
) -> None:
    async def go() -> None:
        engines = [Engine(EngineOptions(tmp_path / name, broker=server.url, cache=False)) for name in ("a", "b")]
        try:
            await engines[0].start()
            (tmp_path / "x").mkdir()
            first = asyncio.create_task(ends(engines[0], tmp_path / "x", count=14, pause=0.3))
            await asyncio.sleep(0.5)
            await engines[1].start()
            second = await ends(engines[1], tmp_path, count=5)
            assert not first.done(), "the second did not wait for the end of the first"
            slots = [set(made._driver.fleet._owned()) for made in engines]
            assert not slots[0] & slots[1]
            for end, count in ((await first, 14), (second, 5)):
                assert end["status"] == "succeeded"
                assert [item["sum"] for item in end["outputs"]["total"]] == [n * (n + 1) for n in range(count)]
        finally:
            for made in engines:
                await made.close()

    asyncio.run(go())


def test_an_attempt_that_is_delivered_twice_is_made_once(server: Server, machine: Worker, tmp_path: Path) -> None:
    """What Redis does after the visibility timeout: the same message comes again."""
    log = tmp_path / "log"

    async def scenario(made: Engine) -> None:
        fleet = made._driver.fleet
        posted: list[Letter] = []
        post, replies = fleet._broker.post, fleet._broker.replies

        def twice(letter: Letter) -> None:
            posted.append(letter)
            post(letter)
            post(letter)

        async def twice_in_a_trip(letters: Sequence[Letter]) -> list[wire.Said]:
            posted.extend(letters)
            return await replies([*letters, *letters])

        fleet._broker.post, fleet._broker.replies = twice, twice_in_a_trip
        end = await ends(made, tmp_path, count=5, log=str(log))
        assert [item["sum"] for item in end["outputs"]["total"]] == [0, 2, 6, 12, 20]
        assert posted

    with_engine(server.url, tmp_path, scenario)
    lines = log.read_text().splitlines()
    assert sorted(lines) == sorted(set(lines)), "nothing was made twice"


def test_what_is_given_directly_is_not_kept_in_the_broker_for_long(
    server: Server, machine: Worker, tmp_path: Path
) -> None:
    """What comes by Celery may come again after hours, what is given directly only as long as a client tries."""

    async def scenario(made: Engine) -> None:
        broker, by_celery = made._driver.fleet._broker, []
        deliver = broker.deliver

        def noted(letter: Letter) -> None:
            by_celery.append(letter.lease)
            deliver(letter)

        broker.deliver = noted
        assert (await ends(made, tmp_path, count=8))["status"] == "succeeded"
        keys = server.client.keys(wire.attempted(made._driver.fleet.id, "*"))
        long = [key for key in keys if server.client.ttl(key) > REPEATED_S]
        assert len(long) <= len(by_celery) < len(keys) == 17

    with_engine(server.url, tmp_path, scenario)


def test_what_a_process_does_not_wait_for_any_more_comes_by_celery(
    server: Server, machine: Worker, tmp_path: Path
) -> None:
    async def scenario(made: Engine) -> None:
        fleet = made._driver.fleet
        replies, refused, take = fleet._broker.replies, [], fleet._take

        async def too_late(letters: Sequence[Letter]) -> list[wire.Said]:
            if letters and not refused:
                server.client.delete(*(wire.session(letter.child) for letter in letters))
            return await replies(letters)

        def noted(said: wire.Said) -> None:
            refused.extend([said.reply] if isinstance(said.reply, wire.Refused) else [])
            take(said)

        fleet._broker.replies, fleet._take = too_late, noted
        end = await ends(made, tmp_path, count=4)
        assert [item["sum"] for item in end["outputs"]["total"]] == [0, 2, 6, 12]
        assert refused
        events = [event async for event in made.events(end["run"])]
        assert all(e["attempt"] == 1 for e in events if e["event"] == "task.started"), "nothing was lost by it"

    with_engine(server.url, tmp_path, scenario)


def test_an_attempt_of_an_engine_that_is_gone_commits_nothing(server: Server, machine: Worker, tmp_path: Path) -> None:
    """A late message, of an engine that no longer owns the slot, is dropped without a trace."""
    log = tmp_path / "log"
    log.touch()

    async def scenario(made: Engine) -> None:
        fleet = made._driver.fleet
        (name, *_) = fleet._owned()
        seen = fleet._slots.known[name]
        store = tmp_path / "store"
        store.mkdir()
        (store / wire.MARK).write_text("gone")
        arguments = {"count": 2, "log": str(log)}
        late = Run("r/numbers/-#1", str(store), load_catalog()["toy-count"], {}, 1, arguments, 0, streams=True)
        fleet._broker.post(Letter(seen.slot, wire.Order("gone", late), seen.joined))
        assert (await ends(made, tmp_path, count=4))["status"] == "succeeded"

    with_engine(server.url, tmp_path, scenario)
    wait_for(lambda: not server.client.keys("murakkab.cpu.*"))
    assert log.read_text() == ""
    assert not server.client.exists(wire.replies("gone"))


def test_replies_that_come_again_count_once(server: Server, machine: Worker, tmp_path: Path) -> None:
    async def scenario(made: Engine) -> None:
        fleet = made._driver.fleet
        taken, take = [], fleet._take

        def twice(said: wire.Said) -> None:
            take(said)
            take(said)
            taken.append(said)

        fleet._take = twice
        end = await ends(made, tmp_path, count=4)
        assert [item["sum"] for item in end["outputs"]["total"]] == [0, 2, 6, 12]
        assert any(isinstance(said.reply, TaskFinished) for said in taken)
        events = [event async for event in made.events(end["run"])]
        finished = [(e["node"], tuple(e["path"])) for e in events if e["event"] == "task.finished"]
        assert len(finished) == len(set(finished))

    with_engine(server.url, tmp_path, scenario)


def test_a_folder_that_is_not_shared_is_told(
    server: Server, machine: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("murakkab.engine.unfit.PATIENCE_S", 0.0)

    async def scenario(made: Engine) -> None:
        made._driver.fleet._post.mark = lambda store: (store / wire.MARK).write_text("another folder at the same path")
        end = await ends(made, tmp_path, count=2)
        assert end["status"] == "failed"
        assert "the machine m1 cannot reach the run's folder" in end["error"]
        assert "mount it at the same path" in end["error"]

    with_engine(server.url, tmp_path, scenario)


def test_a_folder_that_is_away_for_a_moment_costs_no_run(
    server: Server, machine: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("murakkab.engine.unfit.APART_S", 0.1)

    async def scenario(made: Engine) -> None:
        marks: list[Path] = []
        made._driver.fleet._post.mark = lambda store: (marks.append(store), (store / wire.MARK).write_text("away"))
        run = await made.submit(workflow(SUMS, tmp_path), {"count": 2})
        told = await until_event(made, run, "run.waiting")
        assert "the machine m1 cannot reach the run's folder" in told["reason"]
        made._driver.fleet._post.mark = lambda store: (store / wire.MARK).write_text(made._driver.fleet.id)
        made._driver.fleet._post.mark(marks[0])
        end = await asyncio.wait_for(made.wait(run), 60)
        assert end["status"] == "succeeded", end
        assert not [event async for event in made.events(run) if event["event"] == "task.failed"]

    with_engine(server.url, tmp_path, scenario)


def test_a_planner_that_breaks_fails_the_run_with_the_reason(server: Server, machine: Worker, tmp_path: Path) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("no such case")

    async def scenario(made: Engine) -> None:
        run = await made.submit(workflow(TROUBLE, tmp_path), {"how": "hang", "until": str(tmp_path / "never")})
        await until_event(made, run, "task.started", "trouble")
        made._replanner._planner = broken
        made._driver.fleet.models = lambda: frozenset({"another"})
        end = await asyncio.wait_for(made.wait(run), 60)
        assert end["status"] == "failed"
        assert "unexpected fault: RuntimeError: no such case" in end["error"]

    with_engine(server.url, tmp_path, scenario)


def test_only_references_cross_the_broker(server: Server, machine: Worker, tmp_path: Path) -> None:
    seen: list[bytes] = []

    async def scenario(made: Engine) -> None:
        fleet = made._driver.fleet
        take = fleet._take
        fleet._take = lambda said: (seen.append(msgspec.json.encode(said)), take(said))
        await ends(made, tmp_path, count=3)

    with_engine(server.url, tmp_path, scenario)
    finished = [said for said in seen if b'"TaskFinished"' in said or b'"ItemEmitted"' in said]
    assert finished
    assert all(b".json" in said and b"doubled" not in said and b'"sum"' not in said for said in finished)


def test_what_cannot_be_read_at_the_broker_fails_the_runs_in_hand_and_no_later_one(
    server: Server, machine: Worker, tmp_path: Path
) -> None:
    async def scenario(made: Engine) -> None:
        run = await made.submit(workflow(TROUBLE, tmp_path), {"how": "hang", "until": str(tmp_path / "never")})
        await until_event(made, run, "task.started", "trouble")
        server.client.xadd(wire.replies(made._driver.fleet.id), {"said": b"{"})
        end = await asyncio.wait_for(made.wait(run), 60)
        assert end["status"] == "failed"
        assert "unexpected fault: DecodeError" in end["error"]
        assert (await ends(made, tmp_path, count=2))["status"] == "succeeded"

    with_engine(server.url, tmp_path, scenario)


def test_a_broker_that_refuses_for_a_while_is_told_and_costs_no_run(
    server: Server, machine: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("murakkab.engine.post.PICKUP_S", 1.0)
    end = tmp_path / "end"

    async def scenario(made: Engine) -> None:
        run = await made.submit(workflow(TROUBLE, tmp_path), {"how": "hang", "until": str(end)})
        await until_event(made, run, "task.started", "trouble")
        server.client.config_set("maxmemory", 1)
        assert "refuses: " in (await until_event(made, run, "run.waiting"))["reason"]
        end.touch()
        server.client.config_set("maxmemory", 0)
        assert (await asyncio.wait_for(made.wait(run), 60))["status"] == "succeeded"
        assert (await ends(made, tmp_path, count=2))["status"] == "succeeded"

    try:
        with_engine(server.url, tmp_path, scenario)
    finally:
        server.client.config_set("maxmemory", 0)


def test_another_version_is_refused_with_the_reason(
    server: Server, machine: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("murakkab.engine.celery_fleet.WAIT_S", 1.0)
    monkeypatch.setattr(wire, "this_version", lambda: "99.0")
    with pytest.raises(UserError, match=r"it has murakkab .*, the engine 99.0: install the same"):
        with_engine(server.url, tmp_path, lambda made: None)


def test_an_engine_that_starts_waits_longer_where_somebody_starts_workers(
    server: Server, machine: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for(lambda: len(server.client.keys(wire.state("*"))) == 4)
    monkeypatch.setattr("murakkab.engine.celery_fleet.WAIT_S", -1.0)

    async def scenario(made: Engine) -> None:
        assert made._driver.fleet.pids()

    with pytest.raises(UserError, match="there is no free worker"):
        with_engine(server.url, tmp_path, scenario)
    server.client.set(wire.SCALED, 1)
    with_engine(server.url, tmp_path, scenario)
    server.client.delete(wire.SCALED)


def test_another_catalogue_is_refused_with_the_reason(
    server: Server, machine: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("murakkab.engine.celery_fleet.WAIT_S", 1.0)
    monkeypatch.setattr(wire, "catalogue_digest", lambda: "0123456789ab")
    with pytest.raises(UserError, match=r"its catalogue .* is not that of the engine"):
        with_engine(server.url, tmp_path, lambda made: None)
