"""How long a plan with a proof takes: random layered streaming workflows of 5 to 100 nodes and 10 to 200 columns each.

``python -m benchmarks.planner_scale`` prints a table and writes ``results/planner_scale.json``. A column is a candidate
with a number of instances. Workflows are made up, not measured: layers of up to five nodes, each needs one to three of
the layer before, a fifth of the needs wait for the whole; a node has 1 to 12 tasks. Candidates differ in model, device
and devices of an instance; better ones are slower. A tenth of the models are used by other nodes, too. Asked is the
least cost of held devices under a promise of latency and of quality; for some sizes also with devices that are paid for
while they work, and the least latency or energy. The promises are those of one plan that is far from the best, so
that there is room. *First plan* is what the descents without a solver give; the search begins with it.
Seconds are those of the processor: all runs on one thread, and other work on the machine would only blur the figures.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.harness import spread, write
from murakkab_optimizer.hardware import Cluster, DeviceType, Offer
from murakkab_optimizer.planner.assign import (
    Candidate,
    Limits,
    Need,
    Problem,
    Solution,
    Step,
    Undecided,
    evaluate,
    greedy,
    solve,
    violations,
)
from murakkab_optimizer.planner.assign.evaluate import best_quality, instances_at_most
from murakkab_optimizer.planner.assign.nouns import Use

NODES = (5, 10, 25, 50, 100)
COLUMNS = (10, 50, 200)
KINDS = ("cost held", "cost used", "latency held", "energy held")
OTHERS = ((10, 50), (50, 50), (100, 200))
HELD_OUT = 2000
"""Seeds from here on were not looked at while the planner was made."""

DEVICES = (("A", 1.0, 1.8, 60.0, 400.0), ("B", 1.8, 4.0, 75.0, 700.0), ("C", 2.9, 8.5, 100.0, 1000.0))


def cluster(nodes: int) -> Cluster:
    """Three types of accelerators, in servers of 8, and processor cores; they grow with the workflow."""
    offers = [
        Offer(DeviceType(name, price, idle_w=idle, peak_w=peak), 8 * max(nodes * 4 // 8, 2), spot=False)
        for name, _, price, idle, peak in DEVICES
    ]
    cpu = DeviceType("cpu", 0.04, kind="cpu")
    return Cluster("made up", (*offers, Offer(cpu, 64, spot=False)))


def problem(nodes: int, columns: int, seed: int) -> Problem:
    """A workflow, with promises between what is quickest and what is cheapest."""
    random_ = random.Random(f"{nodes} {columns} {seed}")
    where = cluster(nodes)
    layers: list[list[str]] = []
    steps: list[Step] = []
    while len(steps) < nodes:
        layer = [f"n{len(steps) + i}" for i in range(min(random_.randint(1, 5), nodes - len(steps)))]
        steps += [_step(name, layers[-1] if layers else [], where, columns, random_) for name in layer]
        layers.append(layer)
    made = Problem(tuple(steps), where, shown=steps[-1].name, objectives=("cost",))
    return msgspec.structs.replace(made, limits=_limits(made))


def _step(name: str, before: list[str], where: Cluster, columns: int, random_: random.Random) -> Step:
    needs = [
        Need(need, whole=random_.random() < 0.2)
        for need in random_.sample(before, min(len(before), random_.randint(1, 3)))
    ]
    tasks = random_.randint(1, 12)
    bare = Step(name, tasks, (), tuple(needs))
    made = Problem((bare,), where)
    candidates: list[Candidate] = []
    count = 0
    base = random_.uniform(1.0, 20.0)
    while count < columns:
        candidate = _candidate(name, base, len(candidates), random_)
        rounds = {-(-tasks // r) for r in range(1, instances_at_most(made, bare, candidate) + 1)}
        count += len(rounds)
        candidates.append(candidate)
    return msgspec.structs.replace(bare, candidates=tuple(candidates))


def _candidate(name: str, base: float, index: int, random_: random.Random) -> Candidate:
    quality = random_.uniform(0.5, 1.0)
    model = f"common-{random_.randint(0, 4)}" if random_.random() < 0.1 else f"{name}-{index}"
    if random_.random() < 0.05:
        task_s = base * quality * random_.uniform(8, 12)
        return Candidate(model, task_s, offer=3, devices=random_.choice([2, 4, 8]), quality=quality * 0.9)
    offer, devices = random_.randrange(3), random_.choice([1, 2, 4, 8])
    speed = DEVICES[offer][1] * devices ** random_.uniform(0.7, 0.95)
    task_s = base * (0.3 + quality) * random_.uniform(0.8, 1.25) / speed
    power = devices * DEVICES[offer][4] * random_.uniform(0.5, 0.9)
    load_s = random_.uniform(5, 60)
    return Candidate(
        model, task_s, offer=offer, devices=devices, first_s=task_s / 4, quality=quality, power_w=power, load_s=load_s
    )


def _limits(made: Problem) -> Limits:
    """As good as the cheapest candidate of each node that has 90 % of the best quality, in 70 % of the time."""
    picks = []
    for step in made.steps:
        good = [i for i, c in enumerate(step.candidates) if c.quality >= 0.9 * best_quality(step)]
        picks.append(min(good, key=lambda i: (step.candidates[i].devices, step.candidates[i].task_s)))
    given = evaluate(made, tuple(Use(pick) for pick in picks))
    return Limits(latency_s=given.latency_s * 0.7, quality=given.quality)


def ask(nodes: int, columns: int, seed: int, kind: str) -> Problem:
    """A workflow with another objective or another billing."""
    made = problem(nodes, columns, seed)
    objective, billing = kind.split()
    where = msgspec.structs.replace(made.cluster, billing=billing)
    return msgspec.structs.replace(made, cluster=where, objectives=(objective,))


def measure(made: Problem, gap: float, limit: float) -> dict[str, Any]:
    """Plan one workflow: time to the first plan and to the last better one, the gap; and the descents alone."""
    begin = time.process_time()
    first = greedy(made)
    greedy_s = time.process_time() - begin
    begin = time.process_time()
    found: Solution | None = None
    with suppress(Undecided):
        found = solve(made, gap=gap, may_go_on=lambda: time.process_time() < begin + limit)
    seconds = time.process_time() - begin
    value = found.outcome.value(made.objectives[0]) if found else None
    start = first.outcome.value(made.objectives[0]) if first else None
    kept = not found or not list(violations(made, found.assignment, found.outcome))
    return {
        "kept": kept,
        "seconds": seconds,
        "late_s": max(seconds - limit, 0.0),
        "gap": (value - found.bound) / value if found and value else None,
        "first_s": greedy_s if first else None,
        "first_over_plan": start / value - 1 if start and value else None,
        "first_over_bound": start / found.bound - 1 if start and found and found.bound else None,
    }


def case(nodes: int, columns: int, kind: str, seeds: range, gap: float, limit: float) -> dict[str, Any]:
    """Several workflows of one size."""
    runs = [measure(ask(nodes, columns, seed, kind), gap, limit) for seed in seeds]

    def told(name: str) -> dict[str, Any] | None:
        values = [run[name] for run in runs if run[name] is not None]
        return spread(values) if values else None

    return {
        "nodes": nodes,
        "columns": columns,
        "asked": kind,
        "workflows": len(runs),
        "plans": sum(run["gap"] is not None for run in runs),
        "broken": sum(not run["kept"] for run in runs),
        "proven": sum(run["gap"] is not None and run["gap"] <= gap + 1e-6 for run in runs),
        **{name: told(name) for name in ("first_s", "seconds", "late_s", "gap", "first_over_plan", "first_over_bound")},
    }


def row(each: dict[str, Any]) -> str:
    """A line of the table."""

    def cell(name: str, form: str) -> str:
        found = each[name]
        return f"{found['median']:{form}} (to {found['max']:{form}})" if found else "no plan"

    cells = [
        f"{each['nodes']}",
        f"{each['columns']}",
        each["asked"],
        cell("first_s", ".2f"),
        cell("seconds", ".2f"),
        f"{each['proven']} of {each['workflows']}",
        cell("gap", ".1%"),
        cell("first_over_plan", "+.1%"),
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--from-seed", type=int, default=HELD_OUT, help="seeds below it were looked at in development")
    parser.add_argument("--gap", type=float, default=0.01)
    parser.add_argument("--limit", type=float, default=5.0, help="processor seconds for each plan")
    parser.add_argument("--nodes", type=int, nargs="*", default=NODES)
    parser.add_argument("--columns", type=int, nargs="*", default=COLUMNS)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    solve(problem(2, 10, 0))  # load what searches
    print("| nodes | columns | small is; billing | first (CPU s) | final (CPU s) | proven | gap | first plan worse |")
    print("|---|---|---|---|---|---|---|---|")
    load, cases = os.getloadavg()[0], []
    seeds = range(given.from_seed, given.from_seed + given.seeds)
    sizes = [(nodes, columns, KINDS[0]) for nodes in given.nodes for columns in given.columns]
    sizes += [(nodes, columns, kind) for kind in KINDS[1:] for nodes, columns in OTHERS]
    for nodes, columns, kind in sizes:
        cases.append(case(nodes, columns, kind, seeds, given.gap, given.limit))
        print(row(cases[-1]), flush=True)
    facts = {"limit_s": given.limit, "gap_asked": given.gap, "seeds": [*seeds]}
    facts |= {"load_before": round(load, 2), "load_after": round(os.getloadavg()[0], 2)}
    print(write("planner_scale", {**facts, "cases": cases}, given.out))


if __name__ == "__main__":
    main()
