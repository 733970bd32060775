"""The 10-minute podcast of StreamWise on their published cost model: our plans, their gaps, and how long they take.

    python -m benchmarks.streamwise_podcast [--repeats 25] [--out FILE]

Reads ``profiles/streamwise_cost_model.json`` below the folder named by MURAKKAB_DATA (by default ``../shared/data``
seen from the root of the project); without it there is nothing to do. The greedy plans of the StreamWise authors that
stand beside are cited, not run. Besides, it says what the same plans would take if stages overlapped, what a plan made
for that would, and what the same plans would cost on reserved devices.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.harness import spread, write
from murakkab_optimizer.hardware import DeviceType, Offer
from murakkab_optimizer.planner.provision import (
    Entry,
    Goal,
    Instances,
    Job,
    Option,
    Outcome,
    Provisioning,
    evaluate,
    plan_greedy,
)
from murakkab_optimizer.planner.provision.search import Search
from murakkab_optimizer.planner.provision.streaming import evaluate_streamed, plan_streamed

CITED = {
    "256xA100+64xH200": {"cost_usd": 61.57, "cost_usd_in_paper": 45.62, "plan_s": "0.8-1.4"},
    "16xA100": {"cost_usd": 25.20, "plan_s": "0.8-1.4"},
}
"""Greedy plans of the StreamWise authors on the same data, as cited in the project's notes; not measured here."""

WATTS = {"A100": (65, 400), "H100": (80, 700), "H200": (80, 700), "GB200": (170, 1200)}
"""Idle and peak power of a device; the idle power of H100 and H200 is a placeholder in the source."""


class Case(msgspec.Struct, frozen=True):
    """What is asked: devices and a goal."""

    name: str
    counts: dict[str, int]
    goal: Goal


CASES = (
    Case("256xA100+64xH200", {"A100": 256, "H200": 64}, Goal("cost", ttff_s=22.0)),
    Case("16xA100", {"A100": 16}, Goal("cost")),
    Case("256xA100+64xGB200", {"A100": 256, "GB200": 64}, Goal("ttff", cost_usd=45.0)),
)


class Example(msgspec.Struct, frozen=True):
    """A worked example of the data."""

    option: int
    instances: tuple[Instances, ...]
    total_s: float
    first_chunk_s: float
    ttff_s: float
    cost_usd: float


class Published(msgspec.Struct, frozen=True):
    """The published cost model in our nouns."""

    job: Job
    devices: dict[str, DeviceType]
    examples: tuple[Example, ...]

    def offers(self, counts: dict[str, int], *, spot: bool = True) -> tuple[Offer, ...]:
        """So many devices of each type."""
        return tuple(Offer(self.devices[name], count, spot) for name, count in counts.items())


def data_file() -> Path:
    """Where the cost model is, or would be."""
    default = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    return Path(os.environ.get("MURAKKAB_DATA", default)) / "profiles" / "streamwise_cost_model.json"


def load(path: Path) -> Published:
    """Read the cost model."""
    table, entries = json.loads(path.read_text()), tuple[Entry, ...]
    options = tuple(
        Option(
            option["disaggregate"], msgspec.convert(next(v for v in option.values() if isinstance(v, list)), entries)
        )
        for option in table["options"]
    )
    prices, size = table["prices"], table["server_size"]
    devices = {
        name: DeviceType(name, prices["reserved"][name], spot, None, *WATTS[name], size)
        for name, spot in prices["spot"].items()
    }
    examples = msgspec.convert(table["examples"], tuple[Example, ...])
    return Published(Job(options, table["video_seconds"]), devices, examples)


def main() -> None:
    """Plan every case, print the table, write the JSON."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--repeats", type=int, default=25)
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    path = data_file()
    if not path.exists():
        print(f"skipped: there is no {path.name} in {path.parent}; set MURAKKAB_DATA to the folder with the data")
        return
    published = load(path)
    facts = {
        "source": "StreamWise authors' tables (MIT), as one published cost model; stages never overlap in it",
        "examples_largest_relative_error": check(published),
        "cases": [run(published, case, given.repeats) for case in CASES],
    }
    show(facts)
    print(f"written to {write('streamwise_podcast', facts, given.out)}")


def check(published: Published) -> float:
    """Largest relative difference between the worked examples and our evaluation."""
    worst = 0.0
    offers = published.offers(dict.fromkeys(published.devices, 10**6))
    for example in published.examples:
        ours = evaluate(published.job, published.job.options[example.option], offers, example.instances)
        for name in ("total_s", "first_chunk_s", "ttff_s", "cost_usd"):
            worst = max(worst, abs(getattr(ours, name) / getattr(example, name) - 1))
    return worst


def run(published: Published, case: Case, repeats: int) -> dict[str, Any]:
    """Plan and prove a case several times; the first time, which loads HiGHS, is not counted."""
    offers = published.offers(case.counts)
    plans, plan_cpu, proofs, greedies = [], [], [], []
    for _ in range(repeats + 1):
        (search, plan), wall, cpu = timed(lambda: planned(published.job, offers, case.goal))
        plans.append(wall)
        plan_cpu.append(cpu)
        proved, wall, _ = timed(search.prove)
        proofs.append(wall)
        greedy, wall, _ = timed(lambda: plan_greedy(published.job, offers, case.goal))
        greedies.append(wall)
    assert plan is not None
    assert proved is not None
    value, option = plan.outcome.value(case.goal), published.job.options[plan.option]
    reserved = evaluate(published.job, option, published.offers(case.counts, spot=False), plan.instances)
    return {
        "name": case.name,
        "goal": {k: v for k, v in msgspec.to_builtins(case.goal).items() if v is not None and v != float("inf")},
        "disaggregate": option.disaggregate,
        "instances": msgspec.to_builtins(plan.instances),
        **outcome(plan.outcome),
        "gap": max(value - proved.bound, 0.0) / value,
        "plan_s": spread(plans[1:])["median"],
        "proof_s": spread(proofs[1:])["median"],
        "bound": proved.bound,
        "bound_with_plan": plan.bound,
        "after_proof": {
            "instances": msgspec.to_builtins(proved.instances),
            **outcome(proved.outcome),
            "gap": proved.gap(case.goal),
        },
        "greedy": {**outcome(greedy.outcome), "plan_s": spread(greedies[1:])["median"]},
        "cited_greedy_of_the_authors": CITED.get(case.name),
        "same_plan_on_reserved_devices_usd": reserved.cost_usd,
        "same_plan_if_stages_overlap": outcome(evaluate_streamed(published.job, option, offers, plan.instances)),
        "planned_for_overlap": overlapping(published.job, offers, case.goal),
        "seconds": {"plan": spread(plans[1:]), "plan_cpu": spread(plan_cpu[1:]), "proof": spread(proofs[1:])},
    }


def overlapping(job: Job, offers: tuple[Offer, ...], goal: Goal) -> dict[str, Any] | None:
    """The plan for stages that overlap; None where the goal is not the least cost."""
    if goal.objective != "cost":
        return None
    plan, wall, _ = timed(lambda: plan_streamed(job, offers, goal))
    return {
        "disaggregate": job.options[plan.option].disaggregate,
        "instances": msgspec.to_builtins(plan.instances),
        **outcome(plan.outcome),
        "plan_s": round(wall, 2),
    }


def planned(job: Job, offers: tuple[Offer, ...], goal: Goal) -> tuple[Search, Provisioning | None]:
    """A search and its plan."""
    search = Search(job, offers, goal)
    return search, search.plan()


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What it returns, seconds by the clock and of the processor."""
    clock, cpu = time.perf_counter(), time.process_time()
    found = work()
    return found, time.perf_counter() - clock, time.process_time() - cpu


def outcome(found: Outcome) -> dict[str, float]:
    """The outcome as JSON."""
    return {name: round(value, 6) for name, value in msgspec.to_builtins(found).items()}


def show(facts: dict[str, Any]) -> None:
    """Print the table."""
    print(f"worked examples: largest relative error {facts['examples_largest_relative_error']:.1e}")
    print(f"{'case':<20}{'':>10}{'cost $':>9}{'TTFF s':>10}{'gap':>8}{'plan s':>9}{'proof s':>9}")
    for case in facts["cases"]:
        rows = [("exact", case, f"{case['gap']:.2%}", f"{case['plan_s']:.3f}", f"{case['proof_s']:.3f}")]
        rows.append(("proved", case["after_proof"], f"{case['after_proof']['gap']:.2%}", "", ""))
        rows.append(("greedy", case["greedy"], "", f"{case['greedy']['plan_s']:.3f}", ""))
        for kind, row, gap, plan, proof in rows:
            name = case["name"] if kind == "exact" else ""
            print(f"{name:<20}{kind:>10}{row['cost_usd']:>9.2f}{row['ttff_s']:>10.2f}{gap:>8}{plan:>9}{proof:>9}")
        if cited := case["cited_greedy_of_the_authors"]:
            print(f"{'':<20}{'authors':>10}{cited['cost_usd']:>9.2f}   (cited)")
        overlap = case["same_plan_if_stages_overlap"]
        print(f"{'':<20}{'overlap':>10}{overlap['cost_usd']:>9.2f}{overlap['ttff_s']:>10.2f}   the same instances")
        if found := case["planned_for_overlap"]:
            print(f"{'':<20}{'overlap':>10}{found['cost_usd']:>9.2f}{found['ttff_s']:>10.2f}   planned for it")


if __name__ == "__main__":
    main()
