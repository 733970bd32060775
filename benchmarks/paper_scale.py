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
load, or none come. Without adaptation the same ones are lost at the same second. One more pair of rows takes *all* spot
instances away in the middle.

A show that never ends counts as one that is waited for without end: in the medians and in the most of all times it
stands as infinite (``null`` in the JSON, ``never`` in the table), and as nothing in share and quality. Costs and
energy are those of shows that ended.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.harness import spread, write
from benchmarks.kernel_times import decision_times
from benchmarks.paper_scale_cases import CLUSTER, Case, bounds, case
from murakkab.cli.simulate_machines import loads
from murakkab_optimizer.scheduler import Scheduler
from murakkab_optimizer.scheduler.events import RunSubmitted
from murakkab_optimizer.simulator import Fault, Job, PlannedWork, Recorded, Simulation, deployment, figures, schedulable
from murakkab_optimizer.simulator.figures import RunFigures

PROMISED_TTFF_S = 1.0
"""The scheduler works for a first item within that time; the plan promises a first one *as planned*."""

LONGEST_S = 3600.0
"""A run that has not ended then never will."""

MOMENTS = (0.1, 0.25, 0.5, 0.75)
"""Shares of the making, as it goes when nothing is lost, at which instances are taken away: later there is no loss.

Without adaptation the same ones are taken away at the same seconds.
"""

TAKEN, BACK_S = 0.25, 60.0
NEVER = math.inf
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
    watched = [run if run in ended else None for run in runs]
    return {
        "finished": len(ended),
        "never": len(runs) - len(ended),
        "runs": seeds,
        "first_item_s": times([run.ttff_s for run in runs]),
        "as_planned_s": times([run.planned_s for run in runs]),
        "stall_s": times([run.stall_s if run else None for run in watched]),
        "needed_start_s": times([(run.ttff_s or 0.0) + run.stall_s if run else None for run in watched]),
        "made_s": times([run.makespan_s if run else None for run in watched]),
        "share_as_planned": spread([run.rungs.get(top, 0.0) if run else 0.0 for run in watched]),
        "shares": {name: _share(name, watched) for name in (rung.name for rung in one.plan.rungs)},
        "quality": spread([run.quality or 0.0 if run else 0.0 for run in watched]),
        "cost_usd": spread([run.cost_usd or 0.0 for run in ended]) if ended else None,
        "energy_wh": spread([run.energy_wh or 0.0 for run in ended]) if ended else None,
        "lost_instances": [sum(h.ends < LONGEST_S for h in record.holdings) for record in records],
    }


def times(seconds: Sequence[float | None]) -> dict[str, Any]:
    """Median, least and most of all shows; None among them, and in what is told, is for what never happens."""
    found = [NEVER if one is None else one for one in seconds]
    told = {
        "median": statistics.median_high(found),
        "min": min(found),
        "max": max(found),
        "values": found,
    }
    return {name: _finite(value) for name, value in told.items()}


def _finite(value: Any) -> Any:  # noqa: ANN401 - a number or a list of numbers
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if value == NEVER else round(value, 4)


def _share(rung: str, watched: Sequence[RunFigures | None]) -> float:
    """Mean share of a rung; a show that never ends has nothing to show."""
    return round(statistics.fmean(run.rungs.get(rung, 0.0) if run else 0.0 for run in watched), 4)


def facts_of(one: Case, seeds: int, noise: float) -> dict[str, Any]:
    """All rows of a case."""
    adaptive = row(one, "adaptive", seeds, noise)

    def lost(at: float, share: float, back_s: float | None, rungs: str = "adaptive") -> dict[str, Any]:
        fault = Fault(at * (adaptive["made_s"]["median"] or LONGEST_S), share, back_s, spot=True)
        return {"at": at, "at_s": fault.at_s, "back_s": back_s, **row(one, rungs, seeds, noise, [fault])}

    return {
        "name": one.name,
        "instances": msgspec.to_builtins([g for g in one.plan.instances if g.device != "cpu"]),
        "plan": {p.name: p.value for p in one.plan.predictions},
        "plan_s": round(one.plan_s, 1),
        "gap": one.plan.gap,
        "method": one.plan.method,
        "rungs": [{"name": rung.name, "quality": rung.quality} for rung in one.plan.rungs],
        "bounds": dict(bounds(one)),
        "adaptive": adaptive,
        "none": row(one, "top", seeds, noise),
        "per_run": row(one, "per-run", seeds, noise),
        "lowest": row(one, "lowest", seeds, noise),
        "taken": [lost(moment, TAKEN, back_s) for moment in MOMENTS for back_s in (BACK_S, None)],
        "all_taken": [lost(0.5, 1.0, back_s) for back_s in (BACK_S, None)],
        "none_taken": [lost(0.5, TAKEN, back_s, "top") for back_s in (BACK_S, None)],
        "decision": decision(simulated(one, "adaptive", 0, noise), one.cluster.cores),
    }


def decision(record: Recorded, cores: int) -> dict[str, Any]:
    """Microseconds of the scheduler for an event of the run, played again."""
    scheduler = Scheduler(cores)
    begun = 1 + next(number for number, (_, event, _) in enumerate(record.log) if isinstance(event, RunSubmitted))
    for now, event, _ in record.log[:begun]:
        scheduler.handle(event, now)
    times = decision_times(scheduler.handle, [(event, now) for now, event, _ in record.log[begun:]])
    return {"events": len(record.log) - begun, **times}


def show(facts: dict[str, Any]) -> None:
    """Print the tables."""
    print(
        f"simulated on {facts['cluster']}, {facts['seeds']} seeds; {facts['noise']:.0%} of chance in all times; medians"
    )
    for one in facts["cases"]:
        print(f"\n{one['name']}: {', '.join(map(_held, one['instances']))}")
        bounds, every, decided = one["bounds"], one["decision"], one["decision"]["deciding"]
        print(
            f"  plan in {one['plan_s']} s ({one['method']}); {decided['events']} events that decide take "
            f"{decided['p50_us']} us (p50), {decided['p99_us']} us (p99), all {every['events']} "
            f"{every['p50_us']} us and {every['p99_us']} us"
        )
        print(f"  no first item sooner than {bounds['chunk']:.2f} s (first chunk), {bounds['shot']:.2f} s (first shot)")
        heads = f"{'first item':>11}{'as planned':>11}{'stall (most)':>15}{'start':>8}"
        print(f"  {'':<34}{heads}{'share':>8}{'quality':>9}{'US$':>8}{'Wh':>8}")
        rows = [
            ("adaptive", one["adaptive"]),
            ("without adaptation", one["none"]),
            ("one rung for the whole run", one["per_run"]),
            ("always the lowest", one["lowest"]),
        ]
        for told, key in (("25% taken", "taken"), ("all taken", "all_taken"), ("no adapting, 25%", "none_taken")):
            rows += [(f"{told} at {t['at']:.0%}, {'back' if t['back_s'] else 'not back'}", t) for t in one[key]]
        for name, found in rows:
            _line(name, found)


def _held(group: dict[str, Any]) -> str:
    return f"{group['count']} x {group['model']} on {group['devices']} {group['device']}{' spot' * group['spot']}"


def _line(name: str, found: dict[str, Any]) -> None:
    middle = {key: value["median"] for key, value in found.items() if isinstance(value, dict) and "median" in value}
    stall = f"{_time(middle['stall_s'])} ({_time(found['stall_s']['max'])})"
    times = f"{_time(middle['first_item_s']):>11}{_time(middle['as_planned_s']):>11}{stall:>15}"
    rest = f"{_time(middle['needed_start_s'], 1):>8}{middle['share_as_planned']:>8.1%}{middle['quality']:>9.3f}"
    paid = f"{middle['cost_usd']:>8.2f}{middle['energy_wh']:>8.0f}" if found["finished"] else f"{'-':>8}{'-':>8}"
    ended = f"  ({found['never']} of {found['runs']} never ended)" if found["never"] else ""
    print(f"  {name:<34}{times}{rest}{paid}{ended}")


def _time(seconds: float | None, digits: int = 2) -> str:
    return "never" if seconds is None else f"{seconds:.{digits}f}"


if __name__ == "__main__":
    main()
