"""Prediction against reality: real podcasts on this machine, and what the simulator says of them beforehand.

    python -m benchmarks.simulate_podcasts [--repeats 6] [--out FILE]

One warm engine makes ten episodes of different topics and lengths, one after the other, and among them the first one
again a few times, for the spread from run to run in the same minutes. Before them it makes some episodes of other
topics that are not counted. Each of the ten is foretold right before it is made. What it is foretold from:

- the plan that the run will use, and the shipped profiles, scaled to the pace of this machine by the calibration that
  a fresh machine makes before its first run (``murakkab.profiling.calibrate``), made in the pause before each episode;
- the models that the engine's workers hold;
- the last seven episodes that were made. They say what the first task of each node takes on a warm engine, as
  ``murakkab simulate`` has it, and what the engine takes between a request and its first task.

Nothing is taken from the episode itself. The machine has a pause between two episodes, so that files that are still
written back for one do not count for the next. Afterwards each is simulated once more with its own durations, which
tells the error of the simulator apart from that of the profiles. TTFF and time are those of the engine's clock. The
spread is the median absolute deviation of the repeats from their median, as the error is a median of absolute errors.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.harness import write
from murakkab.engine import Engine, EngineOptions
from murakkab.engine.feed import read_events
from murakkab.engine.journal import read_journal
from murakkab.engine.planning import make_plan
from murakkab.engine.talk_cut import talk_cut
from murakkab.language import Workflow, check_inputs, compile_graph, find_workflow, load_workflow
from murakkab.profiling.firsts import KEPT, first_tasks
from murakkab_optimizer.graph import Graph
from murakkab_optimizer.plan import Plan
from murakkab_optimizer.scheduler import Command, Event
from murakkab_optimizer.simulator import Job, PlannedWork, RecordedWork, Simulation, WorkModel, figures
from murakkab_runtimes.catalog import load_catalog

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
BEFORE = (
    ("A first episode", 50),
    ("The weather on Mars", 20),
    ("Steam engines", 30),
    ("How cheese ripens", 40),
    ("Where amber is found", 20),
    ("What a map leaves out", 25),
    ("The speed of sound", 20),
    ("Why leaves turn red", 20),
)
"""Not counted; the first of them loads the models and says nothing."""

PAUSE_S = 2.0
"""Between two episodes."""

LIMIT = 0.10
NAMES = ("made", "ttff")
LEAST_REPEATS = 4


class Asked(msgspec.Struct):
    """An episode that is asked for, with its plan and the seed of its words."""

    topic: str
    seconds: int
    seed: int
    workflow: Workflow
    graph: Graph
    plan: Plan

    @property
    def inputs(self) -> dict[str, Any]:
        """Of the workflow."""
        return {"topic": self.topic, "duration": self.seconds}


class Today(msgspec.Struct):
    """What the last episodes say of this machine: seconds of first tasks by node, and before the first one."""

    openings: dict[str, float] = {}
    before_s: float = 0.0


class Warm(msgspec.Struct):
    """An engine before an episode: its cores, and the models that each of its workers holds."""

    cores: int
    held: list[frozenset[str]]


class Began(msgspec.Struct):
    """How an episode began: seconds of the first task of each node, and from the request to the first of all."""

    firsts: dict[str, float]
    before_s: float


class Past:
    """The last episodes that a warm engine made."""

    def __init__(self) -> None:
        self._firsts: deque[Mapping[str, float]] = deque(maxlen=KEPT)
        self._before: deque[float] = deque(maxlen=KEPT)

    def add(self, began: Began) -> None:
        """An episode was made."""
        self._firsts.append(began.firsts)
        self._before.append(began.before_s)

    def today(self) -> Today:
        """What they say; medians."""
        nodes = sorted({node for first in self._firsts for node in first})
        found = {node: statistics.median(first[node] for first in self._firsts if node in first) for node in nodes}
        openings = {node: round(seconds, 4) for node, seconds in found.items()}
        return Today(openings, statistics.median(self._before))


Entries = list[tuple[float, Event, tuple[Command, ...]]]


def main() -> None:
    """Measure, print the table, write the JSON."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--repeats", type=int, default=6, help="of the first episode, itself included")
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    if given.repeats < LEAST_REPEATS:
        options.error(f"--repeats must be {LEAST_REPEATS} at least: fewer say nothing of the spread")
    folder = Path(tempfile.mkdtemp(prefix="murakkab-bench-"))
    try:
        rows = asyncio.run(make_all(folder, given.repeats))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    facts = summary(rows)
    show(rows, facts)
    print(f"written to {write('simulate_podcasts', {**facts, 'rows': rows}, given.out)}")


async def make_all(folder: Path, repeats: int) -> list[dict[str, Any]]:
    """Rows of all episodes, each foretold before it is made."""
    engine = Engine(EngineOptions(runs=folder))
    await engine.start()
    try:
        past = await look(engine)
        rows = []
        for seed, repeat in in_turn(len(EPISODES), repeats - 1):
            await calibrated()
            one = asked(engine, *EPISODES[seed - 1], seed)
            rows.append({"repeat": repeat, **await counted(engine, one, past)})
            print(_line(rows[-1]), flush=True)
        return rows
    finally:
        await engine.close()


def in_turn(count: int, again: int) -> Iterator[tuple[int, bool]]:
    """So many episodes by their numbers, and the first of them again so many times, evenly among the others."""
    done = 0
    for number in range(1, count + 1):
        yield number, False
        for _ in range(number * again // count - done):
            done += 1
            yield 1, True


async def calibrated() -> None:
    """After a pause, have the profiles scaled to the pace of this machine."""
    await asyncio.sleep(PAUSE_S)
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    command = [sys.executable, "-c", "from murakkab.profiling.calibrate import main; main()"]
    process = await asyncio.create_subprocess_exec(*command, env={**os.environ, **single})
    if await process.wait():
        raise SystemExit("this machine could not be calibrated")


async def counted(engine: Engine, one: Asked, past: Past) -> dict[str, Any]:
    """The row of an episode, which is foretold and made; it is the last one from then on."""
    today, warm = past.today(), Warm(engine.cores, models_held(engine))
    by_profiles, today_s = foretold(warm, one, Today()), foretold(warm, one, today)
    load = os.getloadavg()[0]
    run, end, entries = await make(engine, one)
    began = how_it_began(engine, run)
    again = simulated(warm, one, RecordedWork(entries), began.before_s, contention=False)
    past.add(began)
    row = {"run": run, "topic": one.topic, "seconds": one.seconds, "pace": round(end["made_in_s"] / by_profiles[0], 3)}
    row |= {"load_before": round(load, 2), "load_after": round(os.getloadavg()[0], 2)}
    row |= {"lasts_s": end["duration_s"], "predicted_lasts_s": today_s[2]}
    found = (("", (end["made_in_s"], end["ttff_s"])), ("predicted_", today_s), ("by_profiles_", by_profiles))
    for kind, (made_s, ttff_s, *_) in (*found, ("own_durations_", again)):
        row |= {f"{kind}made_s": made_s, f"{kind}ttff_s": ttff_s}
    return row


def asked(engine: Engine, topic: str, seconds: int, seed: int) -> Asked:
    """An episode with the plan that it will be made by."""
    workflow = load_workflow(find_workflow("podcast"))
    graph = compile_graph(workflow, check_inputs(workflow, {"topic": topic, "duration": seconds}))
    return Asked(topic, seconds, seed, workflow, graph, make_plan(graph, engine.cores))


async def make(engine: Engine, one: Asked) -> tuple[str, dict[str, Any], Entries]:
    """Make an episode: name of the run, its end, and its journal."""
    run = await engine.submit(one.workflow, one.inputs, seed=one.seed, plan=one.plan, cache=False)
    end = await engine.wait(run)
    return run, end, journal(engine.options.runs, run)


async def look(engine: Engine) -> Past:
    """Make the episodes that are not counted."""
    past = Past()
    for number, (topic, seconds) in enumerate(BEFORE):
        await calibrated()
        one = asked(engine, topic, seconds, 100 + number)
        run, _, _ = await make(engine, one)
        if number:
            past.add(how_it_began(engine, run))
    return past


def how_it_began(engine: Engine, run: str) -> Began:
    """What the events of a run say of its beginning."""
    events = list(read_events(engine.options.runs / run / "events.jsonl"))
    return Began(first_tasks(events), events[0]["t"])


def models_held(engine: Engine) -> list[frozenset[str]]:
    """The models that each worker of an engine holds, in the order in which they joined."""
    return [worker.models for worker in engine.workers()]


def foretold(warm: Warm, one: Asked, today: Today) -> tuple[float, float, float]:
    """Time until all is made, TTFF and length of the show in seconds."""
    adapters = {name: card.adapter for name, card in load_catalog().items()}
    known = talk_cut(one.graph, one.plan, adapters)
    work = PlannedWork(items=known.items, cut=known.cut, openings=today.openings)
    return simulated(warm, one, work, today.before_s)


def simulated(
    warm: Warm, one: Asked, work: WorkModel, before_s: float, *, contention: bool = True
) -> tuple[float, float, float]:
    """Makespan, TTFF and length of the show of one run on a warm engine, in seconds from its request."""
    jobs = [Job("r", 0.0, one.graph, one.plan, watched=False)]
    record = Simulation(warm.cores, work, held=warm.held, contention=contention).run(jobs)
    (run,) = figures(jobs, record).runs
    made_s, ttff_s = (run.makespan_s or 0.0) + before_s, (run.ttff_s or 0.0) + before_s
    return round(made_s, 3), round(ttff_s, 3), round(record.shows["r"].shown_s, 2)


def journal(runs: Path, run: str) -> Entries:
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
        found: dict[str, Any] = {
            "median_absolute_error": error(first, f"predicted_{name}_s", f"{name}_s"),
            "median_absolute_error_by_profiles_alone": error(first, f"by_profiles_{name}_s", f"{name}_s"),
            "median_absolute_error_with_own_durations": error(first, f"own_durations_{name}_s", f"{name}_s"),
            "run_to_run_spread": deviation(real),
            "repeats": [round(value, 3) for value in sorted(real)],
        }
        facts[name] = {**found, "kept": found["median_absolute_error"] <= max(LIMIT, found["run_to_run_spread"])}
    return facts


def deviation(values: Sequence[float]) -> float:
    """Median absolute deviation from the median, as a share of it."""
    middle = statistics.median(values)
    return round(statistics.median(abs(value - middle) for value in values) / middle, 3)


def error(rows: Sequence[dict[str, Any]], predicted: str, real: str) -> float:
    """Median of the absolute differences, as a share of what was real."""
    return round(float(statistics.median(abs(row[predicted] - row[real]) / row[real] for row in rows)), 3)


def show(rows: Sequence[dict[str, Any]], facts: dict[str, Any]) -> None:
    """Print the summary."""
    for name, words in (("made", "time until all is made"), ("ttff", "time to first frame")):
        found = facts[name]
        print(
            f"{words}: median absolute error {found['median_absolute_error']:.1%} (by the profiles alone"
            f" {found['median_absolute_error_by_profiles_alone']:.1%}, with the runs' own durations"
            f" {found['median_absolute_error_with_own_durations']:.1%}), spread from run to run"
            f" {found['run_to_run_spread']:.1%}, {found['repeats'][0]:.2f} to {found['repeats'][-1]:.2f} s:"
            f" {'kept' if found['kept'] else 'MISSED'}"
        )
    for words, name in (("time until all is made by what the profiles say", "pace"), ("load", "load_after")):
        values = [row[name] for row in rows]
        print(f"{words}: {min(values)} to {max(values)}")


def _line(row: dict[str, Any]) -> str:
    kinds = ("", "predicted_", "by_profiles_", "own_durations_")
    figures_of = {name: [row[f"{kind}{name}_s"] for kind in kinds] for name in NAMES}
    told = [
        f"{name} {real:>6.2f} predicted {before:>6.2f} profiles {alone:>6.2f} own {own:>6.2f}"
        for name, (real, before, alone, own) in figures_of.items()
    ]
    return f"{row['topic']:<26}{row['seconds']:>3} s  {'   '.join(told)}   load {row['load_after']}"


if __name__ == "__main__":
    main()
