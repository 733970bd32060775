"""How ``murakkab simulate`` shows what a simulation comes to."""

from __future__ import annotations

from typing import Any

import msgspec
import typer

from murakkab.cli.common import write_output
from murakkab_optimizer.hardware import Cluster
from murakkab_optimizer.simulator import Figures, Recorded
from murakkab_optimizer.simulator.figures import quantiles


def show(found: Figures, record: Recorded, cluster: Cluster, notes: list[str], options: dict[str, Any]) -> None:
    """Print the figures, as a table or as JSON."""
    if options["json"]:
        facts = _facts(found, record, cluster, notes, options)
        write_output(msgspec.json.format(msgspec.json.encode(facts), indent=2).decode() + "\n", None)
        return
    statuses = sorted({run.status for run in found.runs})
    ends = ", ".join(f"{sum(run.status == status for run in found.runs)} {status}" for status in statuses)
    typer.echo(f"Simulated on {cluster.name}, policy {options['policy']}: {len(found.runs)} runs ({ends})")
    _table(found)
    _rungs(found)
    _lost(record)
    typer.echo(
        f"goodput: {found.goodput:.1%} of the runs kept their promises of time, {found.kept_per_hour:.4g} an hour"
    )
    typer.echo(f"Times vary by chance by {options['noise']:.0%} (assumed); quality is what the plan expects.")
    for note in notes:
        typer.echo(f"  - {note}")


def unfinished(found: Figures) -> list[str]:
    """That runs cannot go on, where some cannot."""
    count = sum(run.status == "unfinished" for run in found.runs)
    if not count:
        return []
    return [f"{count} of {len(found.runs)} runs cannot go on without the workers that were lost: they wait for ever"]


def _facts(
    found: Figures, record: Recorded, cluster: Cluster, notes: list[str], options: dict[str, Any]
) -> dict[str, Any]:
    return {
        "simulated": True,
        "policy": options["policy"],
        "rungs": options["rungs"],
        "cluster": cluster.name,
        "seed": options["seed"],
        "noise": options["noise"],
        "events": len(record.log),
        **msgspec.to_builtins(found),
        "lost": [one.instance.holds for one in record.holdings if one.ends < float("inf")],
        "notes": notes,
    }


def _table(found: Figures) -> None:
    typer.echo(f"{'':<16}{'p50':>12}{'p99':>12}")
    rows = {
        "first item": (found.ttff_s, "s"),
        "first as planned": (quantiles(run.planned_s for run in found.runs), "s"),
        "stalls": (found.stall_s, "s"),
        "all made": (found.makespan_s, "s"),
        "quality": (found.quality, ""),
        "cost": (found.cost_usd, "US$"),
        "energy": (found.energy_wh, "Wh"),
    }
    for name, (value, unit) in rows.items():
        if name == "first as planned" and value is None:
            continue
        shown = f"{value.p50:>12.4g}{value.p99:>12.4g}  {unit}" if value is not None else f"{'cannot be told':>24}"
        typer.echo(f"{name:<16}{shown}".rstrip())


def _rungs(found: Figures) -> None:
    """Shares of the rungs, over all runs."""
    shares: dict[str, float] = {}
    for run in found.runs:
        for name, share in run.rungs.items():
            shares[name] = shares.get(name, 0.0) + share / len(found.runs)
    for name, share in shares.items():
        typer.echo(f"{share:>7.1%} of the show: {name}")


def _lost(record: Recorded) -> None:
    lost = [one.instance.holds for one in record.holdings if one.ends < float("inf")]
    if lost:
        counted = ", ".join(f"{lost.count(name)} x {name}" for name in dict.fromkeys(lost))
        held = sum(one.begins == 0.0 for one in record.holdings)
        typer.echo(f"{len(lost)} of {held} instances were lost: {counted}")
