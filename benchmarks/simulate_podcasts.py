"""Prediction against reality: real podcasts on this machine, and what the simulator says of them beforehand.

    python -m benchmarks.simulate_podcasts [--repeats 3] [--out FILE]

One warm engine makes ten episodes of different topics and lengths, one after the other, and the first of them again a
few times, for the spread from run to run. Before each, the simulator is given the plan that the run will use, with the
profiles in force, and what the first task of each node took in an episode that was made before and is not counted:
nothing of it is taken from these runs. Afterwards each is simulated once more with its own
durations, which tells the error of the simulator apart from that of the profiles. TTFF and time are those of the
engine's clock.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import write
from murakkab.engine import Engine, EngineOptions
from murakkab.engine.journal import read_journal
from murakkab.engine.planning import make_plan
from murakkab.language import check_inputs, compile_graph, find_workflow, load_workflow
from murakkab_optimizer.graph import Graph
from murakkab_optimizer.plan import Plan
from murakkab_optimizer.scheduler import Command, Event
from murakkab_optimizer.scheduler.events import TaskFinished, parse_lease
from murakkab_optimizer.simulator import Job, PlannedWork, RecordedWork, Simulation, WorkModel, figures

EPISODES = (
    ("How tides work", 20),
    ("The history of coffee", 25),
    ("Why we dream", 30),
    ("How bridges carry weight", 35),
    ("The life of bees", 40),
    ("What makes bread rise", 45),
    ("How the heart beats", 50),
    ("Why the sky is blue", 55),
    ("How a violin sounds", 60),
    ("What glaciers leave behind", 30),
)
LIMIT = 0.10
NAMES = ("made", "ttff")


def main() -> None:
    """Measure, print the table, write the JSON."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="murakkab-bench-"))
    try:
        rows = asyncio.run(make_all(folder, given.repeats))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    facts = summary(rows)
    show(rows, facts)
    print(f"written to {write('simulate_podcasts', {**facts, 'rows': rows}, given.out)}")


async def make_all(folder: Path, repeats: int) -> list[dict[str, Any]]:
    """Rows of all episodes; a first one is made and not counted."""
    engine = Engine(EngineOptions(runs=folder))
    await engine.start()
    try:
        openings = first_tasks(engine.options.runs, (await make(engine, "A first episode", 50, 0, {}))["run"])
        rows = []
        for number, (topic, seconds) in enumerate([*EPISODES, *[EPISODES[0]] * (repeats - 1)]):
            row = await make(engine, topic, seconds, 1 if number >= len(EPISODES) else number + 1, openings)
            rows.append({**row, "repeat": number >= len(EPISODES)})
            print(_line(row), flush=True)
        return rows
    finally:
        await engine.close()


async def make(engine: Engine, topic: str, seconds: int, seed: int, openings: dict[str, float]) -> dict[str, Any]:
    """Predict an episode, make it, and simulate it again."""
    workflow = load_workflow(find_workflow("podcast"))
    inputs = {"topic": topic, "duration": seconds}
    graph = compile_graph(workflow, check_inputs(workflow, inputs))
    plan = make_plan(graph, engine.cores)
    predicted = simulated(engine.cores, graph, plan, PlannedWork(openings=openings))
    load = os.getloadavg()[0]
    run = await engine.submit(workflow, inputs, seed=seed, plan=plan, cache=False)
    end = await engine.wait(run)
    again = simulated(engine.cores, graph, plan, RecordedWork(journal(engine.options.runs, run)), contention=False)
    return {
        "run": run,
        "topic": topic,
        "seconds": seconds,
        "load_before": round(load, 2),
        "load_after": round(os.getloadavg()[0], 2),
        "made_s": end["made_in_s"],
        "ttff_s": end["ttff_s"],
        "predicted_made_s": predicted[0],
        "predicted_ttff_s": predicted[1],
        "own_durations_made_s": again[0],
        "own_durations_ttff_s": again[1],
    }


def simulated(cores: int, graph: Graph, plan: Plan, work: WorkModel, *, contention: bool = True) -> tuple[float, float]:
    """Makespan and TTFF of one run on a warm engine, in seconds."""
    jobs = [Job("r", 0.0, graph, plan, watched=False)]
    (run,) = figures(jobs, Simulation(cores, work, contention=contention).run(jobs)).runs
    return round(run.makespan_s or 0.0, 3), round(run.ttff_s or 0.0, 3)


def first_tasks(runs: Path, run: str) -> dict[str, float]:
    """By node, seconds of the first of its tasks in a run that was made; of nodes that have more than one."""
    done = [event for _, event, _ in journal(runs, run) if isinstance(event, TaskFinished)]
    places = [(node, path, event.seconds) for event in done for _, node, path, _ in [parse_lease(event.lease)]]
    return {node: seconds for node, path, seconds in places if path and not any(path)}


def journal(runs: Path, run: str) -> list[tuple[float, Event, tuple[Command, ...]]]:
    """What the newest engine journaled of a run: its events, and the commands that they led to."""
    entries = list(read_journal(sorted((runs / ".engines").iterdir())[-1] / "journal.jsonl"))
    found = []
    for entry, after in zip(entries, [*entries[1:], None], strict=True):
        if entry.event is not None:
            commands = (after.commands if after is not None else None) or ()
            mine = tuple(command for command in commands if getattr(command, "run", "") == run)
            if mine or run in (getattr(entry.event, "run", ""), _run_of(entry.event)):
                found.append((entry.now, entry.event, mine))
    return [(now, event, commands) for now, event, commands in found if not _run_of(event) or _run_of(event) == run]


def _run_of(event: Event) -> str:
    return str(getattr(event, "lease", "")).split("/", 1)[0]


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Median absolute errors, and the spread of the episode that was made several times."""
    first = [row for row in rows if not row["repeat"]]
    same = [row for row in rows if (row["topic"], row["seconds"]) == EPISODES[0]]
    facts: dict[str, Any] = {"limit": LIMIT}
    for name in NAMES:
        real = [row[f"{name}_s"] for row in same]
        facts[name] = {
            "median_absolute_error": error(first, f"predicted_{name}_s", f"{name}_s"),
            "median_absolute_error_with_own_durations": error(first, f"own_durations_{name}_s", f"{name}_s"),
            "run_to_run_spread": round((max(real) - min(real)) / statistics.median(real), 3),
        }
        allowed = max(LIMIT, facts[name]["run_to_run_spread"])
        facts[name]["kept"] = facts[name]["median_absolute_error"] <= allowed
    return facts


def error(rows: Sequence[dict[str, Any]], predicted: str, real: str) -> float:
    """Median of the absolute differences, as a share of what was real."""
    return round(float(statistics.median(abs(row[predicted] - row[real]) / row[real] for row in rows)), 3)


def show(rows: Sequence[dict[str, Any]], facts: dict[str, Any]) -> None:
    """Print the summary."""
    for name, words in (("made", "time until all is made"), ("ttff", "time to first frame")):
        found = facts[name]
        print(
            f"{words}: median absolute error {found['median_absolute_error']:.1%}"
            f" (with the runs' own durations {found['median_absolute_error_with_own_durations']:.1%}),"
            f" spread from run to run {found['run_to_run_spread']:.1%}"
        )
    loads = [row["load_after"] for row in rows]
    print(f"load of the machine: {min(loads)} to {max(loads)}")


def _line(row: dict[str, Any]) -> str:
    figures_of = {name: [row[f"{kind}{name}_s"] for kind in ("", "predicted_", "own_durations_")] for name in NAMES}
    told = [
        f"{name} {real:>6.2f} predicted {before:>6.2f} own {own:>6.2f}"
        for name, (real, before, own) in figures_of.items()
    ]
    return f"{row['topic']:<28}{row['seconds']:>4} s  {'   '.join(told)}   load {row['load_after']}"


if __name__ == "__main__":
    main()
