"""How long a plan with a proof takes: random layered streaming workflows of 5 to 100 nodes and 10 to 200 columns each.

``python -m benchmarks.planner_scale`` prints a table and writes ``results/planner_scale.json``. A column is a candidate
with a number of instances. Workflows are made up, not measured: layers of up to five nodes, each needs one to three of
the layer before, a fifth of the needs wait for the whole; a node has 1 to 12 tasks. Candidates differ in model, device
and devices of an instance; better ones are slower. A tenth of the models are used by other nodes, too. Asked is the
least cost of held devices under a promise of latency and of quality.
"""

from __future__ import annotations

import argparse
import os
import random
import time
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
)
from murakkab_optimizer.planner.assign.evaluate import best_quality, instances_at_most
from murakkab_optimizer.planner.assign.nouns import Use

NODES = (5, 10, 25, 50, 100)
COLUMNS = (10, 50, 200)
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


def measure(nodes: int, columns: int, seed: int, limit: float) -> dict[str, Any]:
    """Plan one workflow: time to a gap of 1 %, or the gap at the limit; and the greedy one."""
    made = problem(nodes, columns, seed)
    begin = time.perf_counter()
    first = greedy(made)
    greedy_s = time.perf_counter() - begin
    begin = time.perf_counter()
    try:
        found: Solution | None = solve(made, gap=0.01, may_go_on=lambda: time.perf_counter() < begin + limit)
    except Undecided:
        found = None
    seconds = time.perf_counter() - begin
    cost = found.outcome.cost_usd if found else None
    return {
        "seconds": seconds,
        "gap": (cost - found.bound) / cost if found and cost else None,
        "greedy_s": greedy_s,
        "greedy_over_bound": first.outcome.cost_usd / found.bound - 1 if first and found and found.bound else None,
        "greedy_over_plan": first.outcome.cost_usd / cost - 1 if first and cost else None,
        "method": found.method if found else None,
    }


def case(nodes: int, columns: int, seeds: int, limit: float) -> dict[str, Any]:
    """Several workflows of one size."""
    runs = [measure(nodes, columns, seed, limit) for seed in range(seeds)]
    gaps = [run["gap"] for run in runs if run["gap"] is not None]
    ahead = [run["greedy_over_plan"] for run in runs if run["greedy_over_plan"] is not None]
    return {
        "nodes": nodes,
        "columns": columns,
        "workflows": seeds,
        "plan_s": spread([run["seconds"] for run in runs]),
        "within_1_percent": sum(gap <= 0.01 + 1e-6 for gap in gaps),
        "gap": spread(gaps) if gaps else None,
        "greedy_s": spread([run["greedy_s"] for run in runs]),
        "greedy_over_plan": spread(ahead) if ahead else None,
        "no_better_than_greedy": sum(run["method"] == "greedy" for run in runs),
        "greedy_found": sum(run["greedy_over_plan"] is not None for run in runs),
    }


def row(each: dict[str, Any]) -> str:
    """A line of the table."""
    gap, ahead, seconds = each["gap"], each["greedy_over_plan"], each["plan_s"]
    cells = [
        f"{each['nodes']}",
        f"{each['columns']}",
        f"{seconds['median']:.2f} ({seconds['min']:.2f} to {seconds['max']:.2f})",
        f"{each['within_1_percent']} of {each['workflows']}",
        f"{gap['median']:.2%} (to {gap['max']:.2%})" if gap else "no plan",
        f"{each['greedy_s']['median']:.2f}",
        f"{ahead['median']:+.1%} (to {ahead['max']:+.1%})" if ahead else "no plan",
        f"{each['no_better_than_greedy']} of {each['workflows']}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--limit", type=float, default=10.0, help="seconds for each plan")
    parser.add_argument("--nodes", type=int, nargs="*", default=NODES)
    parser.add_argument("--columns", type=int, nargs="*", default=COLUMNS)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    print(
        "| nodes | columns | plan (s) | gap <= 1 % | gap reached | greedy (s) | greedy dearer than plan "
        "| greedy plan kept, unproven |"
    )
    print("|---|---|---|---|---|---|---|---|")
    load, cases = os.getloadavg()[0], []
    for nodes in given.nodes:
        for columns in given.columns:
            cases.append(case(nodes, columns, given.seeds, given.limit))
            print(row(cases[-1]), flush=True)
    facts = {"limit_s": given.limit, "load_before": round(load, 2), "load_after": round(os.getloadavg()[0], 2)}
    print(write("planner_scale", {**facts, "cases": cases}, given.out))


if __name__ == "__main__":
    main()
