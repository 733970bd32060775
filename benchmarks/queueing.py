"""Queue policies against each other: goodput and waiting, at low load and under overload, in simulation.

    python -m benchmarks.queueing [--requests 1500] [--seeds 3] [--out FILE]

One worker answers requests that come at random (Poisson). Lengths are drawn: log-normal, and one in twenty thirty times
longer. A request is promised within five times its length and two seconds. The kernel is the one that makes runs; time
is virtual. ``shortest first`` knows nothing of deadlines and stands there for comparison.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import spread, write
from murakkab_optimizer.catalog import Needs
from murakkab_optimizer.graph import Graph, Node, Slo
from murakkab_optimizer.plan import Configuration, NodePlan, Plan
from murakkab_optimizer.policies.queueing import POLICIES, Key, TaskView
from murakkab_optimizer.simulator import Job, PlannedWork, Simulation, figures, poisson

UTILISATIONS = (0.43, 0.8, 1.14)
LONG_S = 10.0


class ShortestFirst:
    """The shortest request runs next."""

    def key(self, task: TaskView) -> Key:
        """Its expected time."""
        return (task.expected_s,)


def requests(utilisation: float, count: int, seed: int) -> tuple[list[Job], list[float]]:
    """Jobs and their lengths."""
    draw = random.Random(seed)
    lengths = [draw.lognormvariate(0.0, 1.0) * (30.0 if draw.random() < 0.05 else 1.0) for _ in range(count)]
    times = poisson(utilisation / statistics.mean(lengths), count, seed + 1000)
    return [_job(n, at, one) for n, (at, one) in enumerate(zip(times, lengths, strict=True))], lengths


def _job(number: int, at: float, seconds: float) -> Job:
    graph = Graph("request", (Node("answer", "text-generation"),), slo=Slo(latency=5.0 * seconds + 2.0))
    chosen = NodePlan(Configuration("llm", {}, Needs(1, 50), seconds), "the only one")
    return Job(f"r{number}", at, graph, Plan({"answer": chosen}))


def play(policy: str, utilisation: float, count: int, seed: int) -> dict[str, float]:
    """Share of promises kept, and response times."""
    jobs, lengths = requests(utilisation, count, seed)
    found = figures(jobs, Simulation(1, PlannedWork(), workers=1, policy=policy).run(jobs))
    times = [run.makespan_s or 0.0 for run in found.runs]
    long = sorted(time for time, one in zip(times, lengths, strict=True) if one >= LONG_S)
    return {
        "goodput": found.goodput,
        "p50_s": statistics.median(times),
        "long_p99_s": long[len(long) * 99 // 100],
    }


def main() -> None:
    """Play every policy at every load, print the table, write the JSON."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--requests", type=int, default=1500)
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    names = [*sorted(POLICIES), "shortest first"]
    POLICIES["shortest first"] = ShortestFirst
    print(f"{'policy':<20}{'load':>6}{'goodput':>9}{'p50 s':>9}{'long p99 s':>12}")
    rows: list[dict[str, Any]] = []
    for utilisation in UTILISATIONS:
        for policy in names:
            row = summed([play(policy, utilisation, given.requests, seed) for seed in range(given.seeds)])
            rows.append({"policy": policy, "utilisation": utilisation, **row})
            medians = {name: found["median"] for name, found in row.items()}
            print(
                f"{policy:<20}{utilisation:>6}{medians['goodput']:>9.3f}{medians['p50_s']:>9.2f}"
                f"{medians['long_p99_s']:>12.1f}"
            )
    facts = {"simulated": True, "requests": given.requests, "rows": rows}
    print(f"written to {write('queueing', facts, given.out)}")


def summed(played: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Spread of each figure over the seeds."""
    return {name: spread([one[name] for one in played]) for name in played[0]}


if __name__ == "__main__":
    main()
