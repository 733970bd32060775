"""Real runs beside each other on one engine: two shows both go on, and a batch makes way for them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from murakkab.engine import Engine, EngineOptions
from murakkab.engine.journal import read_journal
from murakkab.language import Workflow, find_workflow, load_workflow
from murakkab_optimizer.scheduler.commands import Publish

LINES = ("Hello there.", "Why is that?", "It just is.", "Goodbye.")
SIZE = {"width": 320, "height": 180, "fps": 12}
PROMISE = "slo:\n  ttff: 1s\n  realtime: true\n"


def unhurried(folder: Path) -> Workflow:
    """The podcast without a promise: a batch."""
    text = find_workflow("podcast").read_text()
    assert PROMISE in text
    path = folder / "batch.yaml"
    path.write_text(text.replace(PROMISE, ""))
    return load_workflow(path)


def shown(folder: Path, *workflows: Workflow) -> list[int]:
    """Make runs that are asked for without a wait between them; of which run each segment was, in their order."""
    script = folder / "script.txt"
    script.write_text("\n\n".join(f"{'AB'[number % 2]}: {line}" for number, line in enumerate(LINES)))

    async def make() -> list[str]:
        engine = Engine(EngineOptions(runs=folder / "runs", cache=False))
        await engine.start()
        try:
            inputs = {"script": str(script), **SIZE}
            runs = [await engine.submit(workflow, dict(inputs), seed=seed) for seed, workflow in enumerate(workflows)]
            assert [(await engine.wait(run))["status"] for run in runs] == ["succeeded"] * len(runs)
            return runs
        finally:
            await engine.close()

    runs = asyncio.run(make())
    (journal,) = (folder / "runs" / ".engines").glob("*/journal.jsonl")
    commands = [command for entry in read_journal(journal) for command in entry.commands or ()]
    return [runs.index(command.run) for command in commands if isinstance(command, Publish)]


@pytest.fixture(scope="module")
def order(tmp_path_factory: pytest.TempPathFactory) -> list[int]:
    """Of which run each segment was: 0 a batch, 1 and 2 shows that were asked for after it."""
    folder = tmp_path_factory.mktemp("beside")
    show = load_workflow(find_workflow("podcast"))
    return shown(folder, unhurried(folder), show, show)


def test_two_shows_at_once_go_on_side_by_side(order: list[int]) -> None:
    shows = [run for run in order if run]
    assert shows.count(1) == shows.count(2) > 5
    first = shows[-1] % 2 + 1
    whole = max(index for index, run in enumerate(shows) if run == first)
    assert shows[:whole].count(shows[-1]) >= shows.count(shows[-1]) / 2, "when one is whole, half of the other is there"


def test_a_batch_makes_way_for_shows(order: list[int]) -> None:
    last = max(index for index, run in enumerate(order) if run)
    assert order[last:].count(0) > order.count(0) / 2, "although it was asked for first"
