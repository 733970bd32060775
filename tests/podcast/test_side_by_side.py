"""Runs beside each other on one engine: two shows both go on, and a batch makes way for them.

In which order things happen is asked of real runs; when, of the same workflow in virtual time, which no load on the
machine changes.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from murakkab.engine import Engine, EngineOptions
from murakkab.engine.journal import read_journal
from murakkab.engine.planning import make_plan
from murakkab.language import Workflow, check_inputs, compile_graph, find_workflow, load_workflow
from murakkab_optimizer.graph import Graph, Slo
from murakkab_optimizer.scheduler.commands import Publish
from murakkab_optimizer.simulator import Job, PlannedWork, Simulation, figures
from murakkab_optimizer.simulator.figures import RunFigures

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
    assert shows[:whole].count(shows[-1]) >= shows.count(shows[-1]) / 4, "when one is whole, the other has long begun"


def test_a_batch_makes_way_for_shows(order: list[int]) -> None:
    shows = [index for index, run in enumerate(order) if run]
    late = shows[len(shows) * 3 // 4]
    assert order[late:].count(0) > order.count(0) / 2, "although it was asked for first"


@pytest.fixture(scope="module")
def podcast() -> Graph:
    """Half a minute of the shipped podcast."""
    workflow = load_workflow(find_workflow("podcast"))
    return compile_graph(workflow, check_inputs(workflow, {"topic": "how tides work", "duration": "30s"}))


def simulated(
    podcast: Graph, seed: int, *, shows: int, batch: bool, policy: str = "least-slack"
) -> tuple[list[RunFigures], list[str]]:
    """Shows that are asked for at once, beside a batch that was asked for before, on two cores.

    Returns:
        The figures of the shows, and of which run each segment was.
    """
    unpromised = msgspec.structs.replace(podcast, slo=Slo())
    watched = [Job(f"show {number}", 0.0, podcast, make_plan(podcast, 2)) for number in range(shows)]
    batches = [Job("batch", 0.0, unpromised, make_plan(unpromised, 2), watched=False)] if batch else []
    record = Simulation(2, PlannedWork(0.1, 0.1, seed), policy=policy).run([*batches, *watched])
    order = [one.run for _, _, commands in record.log for one in commands if isinstance(one, Publish)]
    return list(figures(watched, record).runs), order


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_two_shows_side_by_side_start_as_promised_and_never_stall(podcast: Graph, seed: int, batch: bool) -> None:
    (alone,), _ = simulated(podcast, seed, shows=1, batch=False)
    both, order = simulated(podcast, seed, shows=2, batch=batch)
    assert [run.stall_s for run in both] == [0.0, 0.0]
    assert [run.kept for run in both] == [True, True]
    assert alone.ttff_s is not None
    assert all(run.ttff_s is not None and run.ttff_s <= 2.5 * alone.ttff_s for run in both)
    shown = [run for run in order if run != "batch"]
    late = shown[-1]
    whole = max(place for place, run in enumerate(shown) if run != late)
    assert shown[:whole].count(late) >= shown.count(late) / 2, "when one is whole, half of the other is there"


def test_in_the_order_of_asking_shows_would_start_late(podcast: Graph) -> None:
    """What is asked above can go wrong."""
    both, _ = simulated(podcast, 0, shows=2, batch=True, policy="fifo")
    assert [run.kept for run in both] == [False, False]
