"""The engine with real worker processes: results, failures, crashes, cancelling, resuming, replaying."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from murakkab.engine import Engine, EngineOptions, UserError
from murakkab.engine.journal import Journal, read_journal, told
from murakkab.engine.resume import committed
from murakkab_optimizer.scheduler import Scheduler
from murakkab_optimizer.scheduler import events as ev
from tests.engine.conftest import SUMS, TROUBLE, workflow


@contextlib.asynccontextmanager
async def engine(folder: Path, cores: int = 2):
    made = Engine(EngineOptions(folder / "runs", cores=cores))
    await made.start()
    try:
        yield made
    finally:
        await made.close()


async def finish(made: Engine, run: str) -> dict:
    return await asyncio.wait_for(made.wait(run), 60)


def totals(made: Engine, run: str) -> list[int]:
    """The values of the ordered join, read from what the run committed."""
    folder = made.store.folder(run)
    done = committed(folder).finished
    sums = sorted((i.path, i.value) for i in done if i.node == "total")
    return [msgspec.json.decode((folder / "artifacts" / v[:2] / v).read_bytes())["sum"] for _, v in sums]


def test_a_streaming_run_gives_the_same_result_as_the_sum(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with engine(tmp_path) as made:
            run = await made.submit(workflow(SUMS, tmp_path), {"count": 12}, seed=1)
            end = await finish(made, run)
            assert end["status"] == "succeeded", end["error"]
            assert totals(made, run) == [n * (n + 1) for n in range(12)]
            assert made.store.record(run).status == "succeeded"

    asyncio.run(scenario())


def test_two_runs_at_once_both_end(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with engine(tmp_path) as made:
            flow = workflow(SUMS, tmp_path)
            runs = [await made.submit(flow, {"count": n}) for n in (7, 9)]
            ends = await asyncio.gather(*(finish(made, run) for run in runs))
            assert [end["status"] for end in ends] == ["succeeded"] * 2
            assert [len(totals(made, run)) for run in runs] == [7, 9]

    asyncio.run(scenario())


def test_an_empty_stream_ends_the_run(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with engine(tmp_path) as made:
            run = await made.submit(workflow(SUMS, tmp_path), {"count": 0})
            assert (await finish(made, run))["status"] == "succeeded"

    asyncio.run(scenario())


@pytest.mark.parametrize(("how", "attempts"), [("input", 1), ("fault", 3)])
def test_a_failing_task_fails_the_run_with_its_reason(tmp_path: Path, how: str, attempts: int) -> None:
    async def scenario() -> None:
        async with engine(tmp_path) as made:
            inputs = {"how": how, "until": str(tmp_path / "never")}
            run = await made.submit(workflow(TROUBLE, tmp_path), inputs)
            end = await finish(made, run)
            assert end["status"] == "failed"
            assert ("mend it" if how == "input" else "something broke") in end["error"]
            events = [event async for event in made.events(run)]
            assert sum(event["event"] == "task.failed" for event in events) == attempts

    asyncio.run(scenario())


@pytest.mark.parametrize("how", ["once", "die"])
def test_a_task_that_fails_once_or_kills_its_worker_is_tried_again(tmp_path: Path, how: str) -> None:
    async def scenario() -> None:
        async with engine(tmp_path) as made:
            inputs = {"how": how, "until": str(tmp_path / "done")}
            run = await made.submit(workflow(TROUBLE, tmp_path), inputs)
            assert (await finish(made, run))["status"] == "succeeded"

    asyncio.run(scenario())


def test_cancelling_stops_a_task_at_its_next_quantum_and_the_engine_goes_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with engine(tmp_path, cores=1) as made:
            inputs = {"how": "hang", "until": str(tmp_path / "never")}
            run = await made.submit(workflow(TROUBLE, tmp_path), inputs)
            await asyncio.sleep(0.5)
            await made.cancel(run)
            assert (await finish(made, run))["status"] == "cancelled"
            after = await made.submit(workflow(SUMS, tmp_path), {"count": 3})
            assert (await finish(made, after))["status"] == "succeeded"

    asyncio.run(scenario())


def test_a_killed_worker_is_replaced_and_nothing_is_lost(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with engine(tmp_path) as made:
            run = await made.submit(workflow(SUMS, tmp_path), {"count": 20, "pause": 0.02})
            for _ in range(2):
                await asyncio.sleep(0.3)
                os.kill(random.Random(3).choice(list(made._driver.fleet.pids().values())), signal.SIGKILL)
            assert (await finish(made, run))["status"] == "succeeded"
            assert totals(made, run) == [n * (n + 1) for n in range(20)]

    asyncio.run(scenario())


def test_replaying_the_journal_gives_the_same_commands(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with engine(tmp_path) as made:
            run = await made.submit(workflow(SUMS, tmp_path), {"count": 15})
            inputs = {"how": "once", "until": str(tmp_path / "done")}
            other = await made.submit(workflow(TROUBLE, tmp_path), inputs)
            await finish(made, run)
            await finish(made, other)

    asyncio.run(scenario())
    (file,) = (tmp_path / "runs" / ".engines").glob("*/journal.jsonl")
    scheduler, expected, seen = Scheduler(2), [], []
    for entry in read_journal(file):
        if entry.event is not None:
            seen.extend(map(told, scheduler.handle(entry.event, entry.now)))
        else:
            expected.extend(entry.commands or ())
    assert len(seen) > 30
    assert seen == expected


KILLED = """
import asyncio, sys
from pathlib import Path
from murakkab.engine import Engine, EngineOptions
from murakkab.language import load_workflow

async def main(folder, log):
    engine = Engine(EngineOptions(folder / "runs", cores=2))
    await engine.start()
    flow = load_workflow(folder / "workflow.yaml")
    run = await engine.submit(flow, {"count": 25, "pause": 0.06, "log": log}, run="sums-1")
    await engine.wait(run)

asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
"""


def kill_and_resume(tmp_path: Path, after: float) -> None:
    """Kill the whole engine at some moment, resume, and check that what was committed was not made again."""
    workflow(SUMS, tmp_path)
    log = tmp_path / "work.log"
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path), str(log)])
    journal = tmp_path / "runs" / "sums-1" / "journal.jsonl"
    limit = time.monotonic() + 30
    while not journal.exists() or not journal.stat().st_size:
        assert time.monotonic() < limit
        time.sleep(0.01)
    time.sleep(after)
    process.kill()
    process.wait()
    time.sleep(0.2)
    before = committed(tmp_path / "runs" / "sums-1")
    made_before = Counter(log.read_text().split("\n")) if log.exists() else Counter()

    async def scenario() -> None:
        async with engine(tmp_path) as made:
            assert made.store.record("sums-1").status == "interrupted"
            await made.resume("sums-1")
            assert (await finish(made, "sums-1"))["status"] == "succeeded"
            assert totals(made, "sums-1") == [n * (n + 1) for n in range(25)]

    asyncio.run(scenario())
    again = Counter(log.read_text().split("\n")) - made_before
    redone = [f"count {i.path[0]}" for i in before.items if again[f"count {i.path[0]}"]]
    redone += [f"double {i.path[0]}" for i in before.finished if i.node == "double" and again[f"double {i.path[0]}"]]
    assert redone == []


@pytest.mark.parametrize("after", [0.2, 0.8])
def test_a_killed_engine_resumes_without_making_committed_items_again(tmp_path: Path, after: float) -> None:
    kill_and_resume(tmp_path, after)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_killed_at_many_moments(tmp_path: Path, seed: int) -> None:
    kill_and_resume(tmp_path, random.Random(seed).uniform(0.0, 1.5))


def test_resuming_a_finished_run_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with engine(tmp_path) as made:
            run = await made.submit(workflow(SUMS, tmp_path), {"count": 1})
            await finish(made, run)
            with pytest.raises(UserError, match="is finished"):
                await made.resume(run)
            with pytest.raises(UserError, match="no run"):
                await made.resume("nothing")

    asyncio.run(scenario())


def test_a_torn_last_line_is_dropped_and_written_over(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.event(ev.WorkerJoined("w1"), 1.0)
    journal.close()
    with path.open("ab") as stream:
        stream.write(b'{"now": 2.0, "ev')
    assert [entry.event for entry in read_journal(path)] == [ev.WorkerJoined("w1")]
    journal = Journal(path)
    journal.event(ev.WorkerJoined("w2"), 2.0)
    journal.close()
    assert [entry.event for entry in read_journal(path)] == [ev.WorkerJoined("w1"), ev.WorkerJoined("w2")]
