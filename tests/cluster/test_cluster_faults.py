"""Machines and brokers that go away and come back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from murakkab.engine import Engine, EngineOptions
from murakkab.engine.broker import Broker
from murakkab.engine.letter import Letter
from murakkab_optimizer.scheduler.events import ItemEmitted, TaskFinished
from murakkab_runtimes.workers.cluster import wire
from tests.cluster.conftest import Server, Worker, toy_environment, wait_for, with_engine
from tests.engine.conftest import SUMS, workflow

COUNT = 12
SUM = [n * (n + 1) for n in range(COUNT)]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def workers(broker: Server, tmp_path: Path) -> Iterator[list[Worker]]:
    made = [Worker(broker.url, name, 1, tmp_path / f"{name}.log", **toy_environment()) for name in ("a", "b")]
    wait_for(lambda: broker.client.zcard("murakkab:slots") == 6)
    yield made
    for worker in made:
        worker.end()


async def begun(made: Engine, folder: Path, pause: float = 0.3) -> str:
    run = await made.submit(workflow(SUMS, folder), {"count": COUNT, "pause": pause, "log": str(folder / "log")})
    async for event in made.events(run):
        if event["event"] == "item.emitted" and event["node"] == "numbers":
            break
    return run


async def check(made: Engine, run: str) -> list[dict]:
    """The run ends well, and nothing counted twice."""
    end = await asyncio.wait_for(made.wait(run), 90)
    assert end["status"] == "succeeded", end
    assert [item["sum"] for item in end["outputs"]["total"]] == SUM
    events = [event async for event in made.events(run)]
    finished = [(e["node"], tuple(e["path"])) for e in events if e["event"] == "task.finished"]
    assert len(finished) == len(set(finished)) == 1 + 2 * COUNT
    return events


FAULTS = ("process", "disk", "restart", "forgetful", "pause")


async def strike(fault: str, broker: Server, made: Engine) -> None:
    """Let something go wrong while tasks are made."""
    fleet = made._driver.fleet
    while not (busy := [name for name in fleet._busy if name in fleet.pids()]):
        await asyncio.sleep(0.02)
    if fault == "process":
        os.kill(fleet.pids()[busy[0]], signal.SIGKILL)
    elif fault == "disk":
        pid = fleet.pids()[busy[0]]
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        while busy[0] in fleet.pids():
            await asyncio.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):  # what cannot even write its log may end
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    elif fault == "pause":
        broker.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(5)
        broker.process.send_signal(signal.SIGCONT)
    else:
        if fault == "restart":
            broker.client.save()
        broker.stop()
        if fault == "forgetful":
            (broker._folder / "dump.rdb").unlink(missing_ok=True)
        await asyncio.to_thread(broker.start)


def test_what_goes_wrong_one_after_the_other_costs_no_run(
    server: Server, machine: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process killed, a disk full, a broker restarted with and without its data, and one that stands still."""
    monkeypatch.setattr("murakkab.engine.post.PICKUP_S", 3.0)
    count = 3 * COUNT

    async def scenario(made: Engine) -> None:
        inputs = {"count": count, "pause": 0.1, "log": ""}
        run = await made.submit(workflow(SUMS, tmp_path), inputs)
        faults, finished = list(FAULTS), 0
        async for event in made.events(run):
            finished += event["event"] == "task.finished" and event["node"] == "double"
            if faults and finished >= COUNT // 3:
                await strike(faults.pop(0), server, made)
                finished = 0
        end = await made.wait(run)
        assert not faults
        assert end["status"] == "succeeded", end
        assert [item["sum"] for item in end["outputs"]["total"]] == [n * (n + 1) for n in range(count)]
        events = [event async for event in made.events(run)]
        done = [(e["node"], tuple(e["path"])) for e in events if e["event"] == "task.finished"]
        assert len(done) == len(set(done)) == 1 + 2 * count

    with_engine(server.url, tmp_path, scenario)


def test_a_message_that_the_broker_lost_is_missed(
    server: Server, machine: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that forgot the last seconds may have lost an item in the middle of a stream."""
    lost: list[wire.Said] = []
    replies = Broker.replies

    async def forgetful(self: Broker, letters: Sequence[Letter] = ()) -> list[wire.Said]:
        heard = await replies(self, letters)
        found = [said for said in heard if isinstance(said.reply, ItemEmitted) and said.reply.index == 3]
        if found and not lost:
            lost.append(found[0])
            heard.remove(found[0])
        return heard

    monkeypatch.setattr(Broker, "replies", forgetful)

    async def scenario(made: Engine) -> None:
        events = await check(made, await begun(made, tmp_path, 0.05))
        assert lost
        assert sum(e["event"] == "task.started" and e["node"] == "numbers" for e in events) == 2
        assert not [e for e in events if e["event"] == "task.failed"], "nothing is held against it"

    with_engine(server.url, tmp_path, scenario)


def test_an_artifact_that_is_gone_from_the_store_costs_its_attempt_and_nothing_else(
    server: Server, machine: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("murakkab.engine.shared.TRIES_S", (0.01, math.inf))
    removed: list[str] = []
    replies = Broker.replies

    async def thieving(self: Broker, letters: Sequence[Letter] = ()) -> list[wire.Said]:
        heard = await replies(self, letters)
        for reply in [said.reply for said in heard]:
            if not removed and isinstance(reply, TaskFinished) and "/double/" in reply.lease:
                (file,) = (tmp_path / "shared" / reply.lease.split("/")[0]).rglob(reply.value)
                file.unlink()
                removed.append(reply.lease.rsplit("#")[0])
        return heard

    monkeypatch.setattr(Broker, "replies", thieving)

    async def go() -> None:
        options = EngineOptions(tmp_path / "runs", broker=server.url, store=f"file://{tmp_path}/shared", cache=False)
        made = Engine(options)
        try:
            await made.start()
            flow = workflow(SUMS, tmp_path)
            runs = [await made.submit(flow, {"count": 3, "pause": pause}) for pause in (0.0, 0.01)]
            for run in runs:
                end = await asyncio.wait_for(made.wait(run), 60)
                assert end["status"] == "succeeded", end
                assert [item["sum"] for item in end["outputs"]["total"]] == [0, 2, 6]
            (lost,) = removed
            events = [event async for event in made.events(lost.split("/")[0]) if event.get("node") == "double"]
            failed = [event for event in events if event["event"] == "task.failed"]
            assert ["is not in the store any more" in event["error"] for event in failed] == [True]
        finally:
            await made.close()

    asyncio.run(go())


@pytest.mark.soak
def test_a_machine_that_is_told_to_leave_finishes_what_it_has(
    broker: Server, workers: list[Worker], tmp_path: Path
) -> None:
    async def scenario(made: Engine) -> None:
        run = await begun(made, tmp_path)
        workers[0].process.send_signal(signal.SIGTERM)
        events = await check(made, run)
        assert not [event for event in events if event["event"] == "task.failed"]
        started = [(e["node"], tuple(e["path"])) for e in events if e["event"] == "task.started"]
        assert len(started) == len(set(started)), "what was begun was ended"

    with_engine(broker.url, tmp_path, scenario)
    assert workers[0].process.wait(20) == 0
    lines = (tmp_path / "log").read_text().splitlines()
    assert sorted(lines) == sorted(set(lines))
    assert broker.client.zcard("murakkab:slots") == 3


def test_a_machine_that_is_gone_costs_a_retry(broker: Server, workers: list[Worker], tmp_path: Path) -> None:
    async def scenario(made: Engine) -> None:
        run = await begun(made, tmp_path)
        fleet = made._driver.fleet
        (busy, *_) = [name for name, lease in fleet._busy.items() if "/numbers/" in lease]
        lost = next(worker for worker in workers if busy.startswith(worker.name))
        slots = subprocess.run(["pgrep", "-P", str(lost.process.pid)], capture_output=True, text=True).stdout.split()
        for pid in [lost.process.pid, *map(int, slots)]:
            os.kill(pid, signal.SIGKILL)
        await check(made, run)
        assert len(fleet._owned()) == 3

    with_engine(broker.url, tmp_path, scenario)


@pytest.mark.soak
@pytest.mark.parametrize("kept", [False, True])
def test_a_broker_that_is_restarted_costs_no_run(
    broker: Server, workers: list[Worker], tmp_path: Path, kept: bool
) -> None:
    async def scenario(made: Engine) -> None:
        run = await begun(made, tmp_path)
        if kept:
            broker.client.save()
        broker.stop()
        await asyncio.sleep(1)
        if not kept:
            (tmp_path / "dump.rdb").unlink(missing_ok=True)
        await asyncio.to_thread(broker.start)
        await check(made, run)
        again = await begun(made, tmp_path, pause=0.05)
        await check(made, again)

    with_engine(broker.url, tmp_path, scenario)


@pytest.mark.soak
def test_a_broker_that_stands_still_costs_no_worker(broker: Server, workers: list[Worker], tmp_path: Path) -> None:
    async def scenario(made: Engine) -> None:
        run = await begun(made, tmp_path)
        before = set(made._driver.fleet._owned())
        broker.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(5)
        broker.process.send_signal(signal.SIGCONT)
        events = await check(made, run)
        assert all(event["attempt"] == 1 for event in events if event["event"] == "task.started")
        assert set(made._driver.fleet._owned()) == before

    with_engine(broker.url, tmp_path, scenario)


def test_an_engine_that_is_killed_leaves_a_run_that_another_ends(
    server: Server, machine: Worker, tmp_path: Path
) -> None:
    (tmp_path / "sums.yaml").write_text(SUMS)
    command = [sys.executable, "-m", "murakkab", "run", "sums.yaml", "--count", str(COUNT), "--pause", "0.2"]
    more = ["--runs", str(tmp_path / "runs"), "--broker", server.url, "--no-browser", "--quiet"]
    with subprocess.Popen([*command, *more], cwd=tmp_path, stdout=subprocess.DEVNULL) as first:
        wait_for(lambda: len(list((tmp_path / "runs").glob("sums-*/events.jsonl"))) == 1)
        (events,) = (tmp_path / "runs").glob("sums-*/events.jsonl")
        wait_for(lambda: '"item.emitted"' in events.read_text())
        first.kill()

    async def scenario(made: Engine) -> None:
        run = await made.resume(events.parent.name)
        end = await asyncio.wait_for(made.wait(run), 90)
        assert end["status"] == "succeeded", end
        assert [item["sum"] for item in end["outputs"]["total"]] == SUM

    with_engine(server.url, tmp_path, scenario)


@pytest.mark.soak
@pytest.mark.timeout(6 * 3600)
@pytest.mark.parametrize("fault", ["worker", "engine", "redis", "forgetful", "pause", "disk"])
def test_twenty_podcasts_of_a_minute_survive_a_fault_each(tmp_path: Path, fault: str) -> None:
    out, keep = tmp_path / "faults.json", tmp_path / "faults.jsonl"
    command = [sys.executable, "-m", "benchmarks.cluster_faults", "--faults", fault, "--keep", str(keep)]
    env = {name: value for name, value in os.environ.items() if name != "MURAKKAB_CATALOG"}
    subprocess.run(
        [*command, "--out", str(out)], check=True, env={**env, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    )
    found = json.loads(out.read_text())["schedules"]
    assert len(found) == 20
    assert all(facts["struck"] for facts in found), "each show was being made when it went wrong"
    assert not [facts for facts in found if not facts["whole"] or facts["twice"]]
