"""Records the journal of a real podcast: watched, planned anew on the way, cancelled and resumed, with a lost worker.

    python -m tests.scheduler.recording

It takes about a minute. Decisions that were changed on purpose need no new one: ``--again`` plays the events that were
recorded to the kernel as it is now, and keeps its commands.
"""

from __future__ import annotations

import asyncio
import gzip
import itertools
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from murakkab.engine import Engine, EngineOptions
from murakkab.engine.journal import Entry, read_journal, told
from murakkab.engine.planning import make_plan, parse_pins
from murakkab.language import check_inputs, compile_graph, find_workflow, load_workflow
from murakkab_optimizer.scheduler import events as ev
from murakkab_optimizer.scheduler.commands import StartTask
from murakkab_optimizer.simulator import replay

JOURNAL = Path(__file__).parent / "journals" / "podcast.jsonl.gz"
CORES = 2
INPUTS = {"topic": "How tides work", "duration": 60, "width": 1280, "height": 720}


def main() -> None:
    """Record, or have what was recorded answered anew."""
    if "--again" in sys.argv:
        lines = gzip.decompress(JOURNAL.read_bytes()).splitlines()
        entries = list(answered([msgspec.json.decode(line, type=Entry) for line in lines]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            entries = asyncio.run(made(Path(folder)))
    JOURNAL.write_bytes(gzip.compress(b"\n".join(map(msgspec.json.encode, entries)), 9, mtime=0))
    kinds = Counter(type(entry.event).__name__ for entry in entries if entry.event is not None)
    print(dict(kinds), f"{JOURNAL.stat().st_size} bytes")


def answered(entries: list[Entry]) -> Iterator[Entry]:
    """The events of a journal with the commands of the kernel as it is now."""
    events = [(entry.now, entry.event) for entry in entries if entry.event is not None]
    for (now, event), commands in zip(events, replay(events, CORES), strict=True):
        yield Entry(now=now, event=event)
        if commands:
            yield Entry(commands=tuple(map(told, commands)))


async def made(folder: Path) -> list[Entry]:
    """Entries of an engine that makes such a podcast."""
    engine = Engine(EngineOptions(runs=folder, cores=CORES, cache=False))
    await engine.start()
    driver = engine._driver
    try:
        workflow = load_workflow(find_workflow("podcast"))
        run = await engine.submit(workflow, INPUTS, seed=7)
        player = asyncio.create_task(watch(engine, run))
        await reached(engine, run, "shot.rung", 2)
        graph = compile_graph(workflow, check_inputs(workflow, INPUTS))
        driver.apply(ev.PlanChanged(run, make_plan(graph, CORES, parse_pins(["hosts.encoding=fast"], graph))))
        await reached(engine, run, "shot.rung", 4)
        os.kill(driver.fleet.pids()[filming(folder)], signal.SIGKILL)
        await reached(engine, run, "shot.rung", 6)
        await engine.cancel(run)
        await engine.wait(run)
        player.cancel()
        await engine.resume(run)
        await engine.playback(run, {"position_s": 10.0, "rate": 1.5, "playing": True})
        end = await engine.wait(run)
        assert end["status"] == "succeeded", end
    finally:
        await engine.close()
    return list(read_journal(journal(folder)))


async def watch(engine: Engine, run: str) -> None:
    """Play from the first segment on, and tell of it twice a second."""
    await reached(engine, run, "segment.published", 1)
    for step in itertools.count():
        await engine.playback(run, {"position_s": step / 2, "playing": True})
        await asyncio.sleep(0.5)


async def reached(engine: Engine, run: str, kind: str, count: int) -> None:
    """Wait until so many events of a kind were told of a run."""
    async for event in engine.events(run):
        count -= event["event"] == kind
        if not count:
            return


def filming(folder: Path) -> str:
    """The worker that was last given a shot to film."""
    commands = (one for entry in read_journal(journal(folder)) for one in entry.commands or ())
    return [one.worker for one in commands if isinstance(one, StartTask) and one.node == "hosts"][-1]


def journal(folder: Path) -> Path:
    """Of the engine."""
    return next((folder / ".engines").iterdir()) / "journal.jsonl"


if __name__ == "__main__":
    main()
