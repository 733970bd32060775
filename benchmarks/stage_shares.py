"""What share of the work each stage of a podcast takes on this machine, and what its profiles say it should.

    python -m benchmarks.stage_shares [--duration 60] [--repeats 3] [--topic TEXT] [--out FILE]

First the models of the plan are measured as ``murakkab profile`` does it, each in the setting of the plan; then
episodes are made by ``murakkab run podcast``. *Seconds* are those that the run's tasks took, from its events; *by its
work* is what the profiles say of the work that was done (seconds of speech, frames, pictures, clips), *by the plan*
what they say of the work that the plan assumed before anything was written. Seconds of a run count by the clock: other
work on the machine, and stages at work at the same time, make them longer; the profiles are of idle cores.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from benchmarks.harness import write
from murakkab.engine.feed import read_events
from murakkab.engine.planning import make_plan
from murakkab.engine.resume import committed
from murakkab.language import check_inputs, compile_graph, load_workflow, workflow_folder
from murakkab.profiling import known_profiles, this_cluster
from murakkab.profiling.correct import profile_of, tasks_of, units_of
from murakkab.profiling.measure import Effort, Session, configurations
from murakkab.profiling.store import ProfileStore, Record
from murakkab.profiling.todo import keep
from murakkab_optimizer.graph import Graph
from murakkab_optimizer.plan import Plan
from murakkab_optimizer.planner.speeds import Speeds
from murakkab_optimizer.planner.workload import workload
from murakkab_runtimes.catalog import load_catalog, load_profiles


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--duration", type=int, default=60, help="seconds of the episode")
    parser.add_argument("--repeats", type=int, default=3, help="episodes")
    parser.add_argument("--topic", default="How tides work")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    inputs = {"topic": options.topic, "duration": options.duration}
    workflow = load_workflow(workflow_folder() / "podcast.yaml")
    graph = compile_graph(workflow, check_inputs(workflow, inputs))
    plan = make_plan(graph, this_cluster().cores)
    measure(plan)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.repeats):
            make(Path(folder), inputs, number)
        runs = [shares(run) for run in sorted(Path(folder).glob("*/journal.jsonl"))]
    facts = {"load": os.getloadavg(), **inputs, "stages": summary(runs)}
    show(facts)
    print(f"written to {write('stage_shares', facts, options.out)}")


def measure(plan: Plan) -> None:
    """Measure the configurations of a plan."""
    store, cards = ProfileStore(), load_catalog()
    chosen = {choice.chosen.model: choice.chosen.knobs for choice in plan.nodes.values()}
    with Session(store.machine, Effort()) as session:
        for name, knobs in chosen.items():
            fitting = [o for o in configurations(cards[name]) if all(knobs.get(k) == v for k, v in o.knobs.items())]
            for one, found in session.measure(cards[name], fitting):
                print(f"{one}: {found.profile.unit_s:.4g} s/{one.unit}" if isinstance(found, Record) else found)
                if isinstance(found, Record):
                    with store.changing() as kept:
                        keep(found, kept)


def make(runs: Path, inputs: dict[str, Any], seed: int) -> None:
    """Make an episode."""
    command = [sys.executable, "-m", "murakkab", "run", "podcast", "--no-browser", "--quiet", "--runs", str(runs)]
    command += [part for name, value in inputs.items() for part in (f"--{name}", str(value))]
    subprocess.run([*command, "--seed", str(seed)], check=True)


def shares(journal: Path) -> dict[str, dict[str, float]]:
    """By stage: tasks, seconds, and what the profiles say of its work and of the plan's."""
    event = committed(journal.parent)
    graph, plan, cards = event.graph, event.plan, load_catalog()
    speeds = Speeds(known_profiles(cards.values(), load_profiles(), corrected=False))
    found: dict[str, dict[str, float]] = {node.name: planned(graph, plan, node.name) for node in graph.nodes}
    for node, _, seconds, sums in tasks_of(graph, read_events(journal.with_name("events.jsonl"))):
        stage, chosen = found[node.name], plan.nodes[node.name].chosen
        profile = profile_of(speeds, cards[chosen.model], node, chosen)
        count = units_of(profile, node, sums) if profile else None
        stage["tasks"] += 1
        stage["seconds"] += seconds
        stage["by_work"] += profile.seconds(count) if profile and count else 0.0
    return found


def planned(graph: Graph, plan: Plan, name: str) -> dict[str, float]:
    """What the plan expected of a node."""
    work, choice = workload(graph).nodes[name], plan.nodes.get(name)
    expected = choice.chosen.seconds * work.tasks * work.rounds if choice else 0.0
    return {"tasks": 0.0, "seconds": 0.0, "by_work": 0.0, "by_plan": expected}


def summary(runs: list[dict[str, dict[str, float]]]) -> list[dict[str, Any]]:
    """Medians over the episodes, and shares of their sums."""
    rows: list[dict[str, Any]] = []
    for name in runs[0]:
        fields: dict[str, list[float]] = defaultdict(list)
        for run in runs:
            for field, value in run[name].items():
                fields[field].append(value)
        rows.append({"stage": name} | {field: statistics.median(values) for field, values in fields.items()})
    for field in ("seconds", "by_work", "by_plan"):
        total = sum(row[field] for row in rows)
        for row in rows:
            row[f"{field}_share"] = round(row[field] / total, 4) if total else 0.0
            row[field] = round(row[field], 4)
    return rows


def show(facts: dict[str, Any]) -> None:
    print(f"load {facts['load'][0]:.1f}; {facts['duration']} s on '{facts['topic']}'")
    heads = ("stage     ", " tasks", "  seconds", "  share", "  by its work", "  share", "  by the plan", "  share")
    print("".join(heads))
    for row in sorted(facts["stages"], key=lambda row: -row["seconds"]):
        cells = f"{row['stage']:10}{row['tasks']:6.0f}"
        for field, width in (("seconds", 9), ("by_work", 13), ("by_plan", 13)):
            cells += f"{row[field]:{width}.2f}{row[f'{field}_share']:7.1%}"
        print(cells)


if __name__ == "__main__":
    main()
