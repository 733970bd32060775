"""The 10-minute podcast of StreamWise as one plan on one allocation, simulated with the scheduler that runs shows.

    python -m benchmarks.paper_scale [--seeds 5] [--noise 0.1] [--time-limit 60] [--out FILE]

Everything is simulated: times, watts and prices are those of the catalogue (published by the authors of StreamWise,
scaled or estimated where the plan says so), ratings of rungs are own judgements. Nothing runs on a GPU. Plans are made
with the models of the podcast (Gemma 3, Kokoro, Flux, FramePack, Fantasy Talking, Real-ESRGAN) on 256 A100 and
64 H200:

- ``spot``: all devices are spot ones; the least cost with a first item as planned within 22 s. Of Gemma and the two
  parts of FramePack there are two instances at least, for they bring the first shots to the others.
- ``early``: the same, and the picture that all film begins with takes half a second at most.
- ``mixed``: like ``early``, with reserved H200, on which everything is done but the lips.

The scheduler promises a first item within a second, so it begins with drafts: film in half of the steps without moving
lips. *First item* is the first such shot, *as planned* the first one with all that the plan says. Without adaptation
every shot is made as planned. *Start* is when a viewer would have to begin for no stall at all. 25% of the spot
instances are taken away, drawn by chance, at several moments; others come in their place after a minute (assumed) and
load, or none come.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.harness import spread, write
from benchmarks.paper_scale_cases import CLUSTER, Case, bounds, case
from murakkab.cli.simulate_machines import loads
from murakkab_optimizer.planner.workload import workload
from murakkab_optimizer.scheduler import Scheduler
from murakkab_optimizer.scheduler.events import RunSubmitted
from murakkab_optimizer.simulator import Fault, Job, PlannedWork, Recorded, Simulation, deployment, figures, schedulable

PROMISED_TTFF_S = 1.0
"""The scheduler works for a first item within that time; the plan promises a first one *as planned*."""

LONGEST_S = 3600.0
"""A run that has not ended then never will."""

MOMENTS = (0.1, 0.25, 0.5, 0.75)
"""Shares of the show at which instances are taken away."""

TAKEN, BACK_S = 0.25, 60.0
CITED = {
    "ttff_s": "under 22, at about $45; under 1 with adaptive quality",
    "high_quality": "over 90% of the video",
    "source": "StreamWise (arXiv 2603.05800), as cited in the project's notes; not measured here",
}


def main() -> None:
    """Plan, simulate, print the tables, write the JSON."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--noise", type=float, default=0.1)
    options.add_argument("--time-limit", type=float, default=60.0)
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    made = [case(name, given.time_limit) for name in ("spot", "early", "mixed")]
    facts = {
        "simulated": True,
        "cluster": CLUSTER,
        "noise": given.noise,
        "seeds": given.seeds,
        "cited": CITED,
        "cases": [facts_of(one, given.seeds, given.noise) for one in made],
    }
    show(facts)
    print(f"written to {write('paper_scale', facts, given.out)}")


def simulated(one: Case, rungs: str, seed: int, noise: float, faults: Sequence[Fault] = ()) -> Recorded:
    """Play a case once, with everything loaded before it begins."""
    held = deployment(one.plan, one.cluster)
    slo = msgspec.structs.replace(one.graph.slo, ttff_s=PROMISED_TTFF_S)
    graph = msgspec.structs.replace(one.graph, slo=slo)
    simulation = Simulation(
        one.cluster.cores,
        PlannedWork(noise, noise, seed),
        rungs=rungs,
        deployment=held,
        loads=loads(one.plan, held),
        warm=True,
        seed=seed,
    )
    return simulation.run([Job("podcast", 0.0, graph, schedulable(one.plan))], faults, until=LONGEST_S)


def row(one: Case, rungs: str, seeds: int, noise: float, faults: Sequence[Fault] = ()) -> dict[str, Any]:
    """Figures of a case over seeds."""
    records = [simulated(one, rungs, seed, noise, faults) for seed in range(seeds)]
    job = Job("podcast", 0.0, one.graph, one.plan)
    runs = [figures([job], record, one.cluster).runs[0] for record in records]
    top = one.plan.rungs[one.plan.start].name
    ended = [run for run in runs if run.ttff_s is not None and run.makespan_s is not None]
    if not ended:
        return {"finished": 0, "runs": seeds}
    planned = [run.planned_s for run in ended if run.planned_s is not None]
    return {
        "finished": len(ended),
        "runs": seeds,
        "first_item_s": spread([run.ttff_s or 0.0 for run in ended]),
        "as_planned_s": spread(planned) if planned else None,
        "stall_s": spread([run.stall_s for run in ended]),
        "needed_start_s": spread([(run.ttff_s or 0.0) + run.stall_s for run in ended]),
        "made_s": spread([run.makespan_s or 0.0 for run in ended]),
        "share_as_planned": spread([run.rungs.get(top, 0.0) for run in ended]),
        "shares": {name: round(sum(run.rungs.get(name, 0.0) for run in ended) / len(ended), 4) for name in _names(one)},
        "quality": spread([run.quality or 0.0 for run in ended]),
        "cost_usd": spread([run.cost_usd or 0.0 for run in ended]),
        "energy_wh": spread([run.energy_wh or 0.0 for run in ended]),
        "lost_instances": [sum(h.ends < LONGEST_S for h in record.holdings) for record in records],
    }


def _names(one: Case) -> list[str]:
    return [rung.name for rung in one.plan.rungs]


def facts_of(one: Case, seeds: int, noise: float) -> dict[str, Any]:
    """All rows of a case."""
    show_s = workload(one.graph).show_s
    taken: list[dict[str, Any]] = []
    for moment in MOMENTS:
        for back_s in (BACK_S, None):
            fault = Fault(moment * show_s, TAKEN, back_s, spot=True)
            taken.append({"at": moment, "back_s": back_s, **row(one, "adaptive", seeds, noise, [fault])})
    middle = Fault(0.5 * show_s, TAKEN, None, spot=True)
    return {
        "name": one.name,
        "instances": msgspec.to_builtins([g for g in one.plan.instances if g.device != "cpu"]),
        "plan": {p.name: p.value for p in one.plan.predictions},
        "plan_s": round(one.plan_s, 1),
        "gap": one.plan.gap,
        "method": one.plan.method,
        "rungs": [{"name": rung.name, "quality": rung.quality} for rung in one.plan.rungs],
        "bounds": dict(bounds(one)),
        "adaptive": row(one, "adaptive", seeds, noise),
        "none": row(one, "top", seeds, noise),
        "lowest": row(one, "lowest", seeds, noise),
        "taken": taken,
        "none_taken": {"at": 0.5, "back_s": None, **row(one, "top", seeds, noise, [middle])},
        "decision": decision(simulated(one, "adaptive", 0, noise), one.cluster.cores),
    }


def decision(record: Recorded, cores: int) -> dict[str, float]:
    """Microseconds of the scheduler for an event of the run, played again: the median, and the slowest of a hundred."""
    scheduler, times, begun = Scheduler(cores), [], False
    gc.collect()
    for now, event, _ in record.log:
        began = time.perf_counter()
        scheduler.handle(event, now)
        if begun:
            times.append((time.perf_counter() - began) * 1e6)
        begun = begun or isinstance(event, RunSubmitted)
    times.sort()
    p50, p99 = (round(times[len(times) * share // 100], 1) for share in (50, 99))
    return {"events": len(times), "p50_us": p50, "p99_us": p99}


def show(facts: dict[str, Any]) -> None:
    """Print the tables."""
    print(
        f"simulated on {facts['cluster']}, {facts['seeds']} seeds; {facts['noise']:.0%} of chance in all times; medians"
    )
    for one in facts["cases"]:
        print(f"\n{one['name']}: {', '.join(map(_held, one['instances']))}")
        bounds, decided = one["bounds"], one["decision"]
        print(
            f"  plan in {one['plan_s']} s ({one['method']}); a decision takes {decided['p50_us']} us (p50), "
            f"{decided['p99_us']} us (p99)"
        )
        print(f"  no first item sooner than {bounds['chunk']:.2f} s (first chunk), {bounds['shot']:.2f} s (first shot)")
        heads = f"{'first item':>11}{'as planned':>11}{'stall (most)':>15}{'start':>8}"
        print(f"  {'':<34}{heads}{'share':>8}{'quality':>9}{'US$':>8}{'Wh':>8}")
        rows = [
            ("adaptive", one["adaptive"]),
            ("without adaptation", one["none"]),
            ("always the lowest", one["lowest"]),
        ]
        rows += [(f"25% taken at {t['at']:.0%}, {'back' if t['back_s'] else 'not back'}", t) for t in one["taken"]]
        rows.append(("without adaptation, 25% at 50%", one["none_taken"]))
        for name, found in rows:
            _line(name, found)


def _held(group: dict[str, Any]) -> str:
    return f"{group['count']} x {group['model']} on {group['devices']} {group['device']}{' spot' * group['spot']}"


def _line(name: str, found: dict[str, Any]) -> None:
    if not found["finished"]:
        print(f"  {name:<34}{'none of the runs could be finished':>40}")
        return
    told = "" if found["finished"] == found["runs"] else f"  ({found['finished']} of {found['runs']} finished)"
    of = {key: value["median"] for key, value in found.items() if isinstance(value, dict) and "median" in value}
    stall = f"{of['stall_s']:.2f} ({found['stall_s']['max']:.2f})"
    planned = f"{of['as_planned_s']:.2f}" if "as_planned_s" in of else "-"
    times = f"{of['first_item_s']:>11.2f}{planned:>11}{stall:>15}{of['needed_start_s']:>8.1f}"
    rest = f"{of['share_as_planned']:>8.1%}{of['quality']:>9.3f}{of['cost_usd']:>8.2f}{of['energy_wh']:>8.0f}"
    print(f"  {name:<34}{times}{rest}{told}")


if __name__ == "__main__":
    main()
