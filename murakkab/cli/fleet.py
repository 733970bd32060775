"""``murakkab fleet``: how many instances of which model a load of requests needs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from murakkab.cli.common import command_app, write_output

if TYPE_CHECKING:
    from murakkab_optimizer.hardware import Cluster
    from murakkab_optimizer.planner.fleet import Demand, FleetPlan, Group, Share
    from murakkab_runtimes.fleets import Fleet

app = command_app(no_args_is_help=True)
main = app


class Kind(StrEnum):
    """Formulations of the plan."""

    repaired = "repaired"
    literal = "literal"


class Goal(StrEnum):
    """What a plan is made for."""

    cost = "cost"
    energy = "energy"
    quality = "quality"


@app.command()
def fleet(
    trace: Annotated[
        Path,
        typer.Option("--trace", help="CSV of requests: TIMESTAMP, ContextTokens, GeneratedTokens.", metavar="FILE"),
    ],
    formulation: Annotated[
        Kind, typer.Option("--formulation", help="literal: appendix A.5 of the Murakkab paper as printed.")
    ] = Kind.repaired,
    objective: Annotated[Goal, typer.Option("--objective", help="What is made small, or large (quality).")] = Goal.cost,
    cluster: Annotated[
        str | None, typer.Option("--cluster", help="Cluster file or name; default: that of the fleet.", metavar="F")
    ] = None,
    load: Annotated[float, typer.Option("--load", help="Plan for so many times the trace.", min=0.001)] = 1.0,
    slot: Annotated[float, typer.Option("--slot", help="Seconds over which requests are counted.", min=1.0)] = 60.0,
    spike: Annotated[
        float, typer.Option("--spike", help="Keep devices standing by for so many times one workflow.", min=1.0)
    ] = 1.0,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write the plan as JSON.", metavar="FILE")
    ] = None,
) -> None:
    """Plan the instances that serve a load like that of a trace, and which requests go to which.

    The workflows are Video-Q/A and code generation by debate with the figures that the Murakkab paper publishes.
    """
    from murakkab_optimizer.planner.fleet import FleetSettings, NoFleetError, plan_fleet

    fleet_of, demand = _asked(trace, slot, load)
    machines = _cluster(cluster, fleet_of)
    settings = FleetSettings(spike=spike)
    try:
        plan = plan_fleet(
            demand,
            fleet_of.catalogue,
            machines,
            formulation=formulation.value,
            objective=objective.value,
            settings=settings,
        )
    except NoFleetError as fault:
        raise _no_plan(str(fault)) from None
    typer.echo("\n".join(_told(plan, demand, fleet_of)))
    if output is not None:
        import msgspec

        write_output(msgspec.json.format(msgspec.json.encode(plan), indent=2).decode() + "\n", output)
    if any(part > 0 for part in plan.turned_away):
        raise _no_plan("not every request is served")


def _no_plan(message: str) -> Exception:
    from murakkab.engine.errors import NO_PLAN, UserError

    return UserError(message, "Allow more devices (--cluster) or a smaller --load.", NO_PLAN)


def _asked(trace: Path, slot: float, load: float) -> tuple[Fleet, Demand]:
    from murakkab.engine.errors import UserError
    from murakkab_runtimes.fleets import FleetDocumentError, load_fleet
    from murakkab_runtimes.fleets.trace import demand_of, read_trace

    try:
        found = load_fleet()
        return found, demand_of(read_trace(trace), found, slot, load)
    except FleetDocumentError as fault:
        raise UserError(
            str(fault), "Give a CSV with the columns TIMESTAMP, ContextTokens and GeneratedTokens."
        ) from None


def _cluster(name: str | None, found: Fleet) -> Cluster:
    if name is None:
        return found.cluster
    from murakkab.engine.errors import UserError
    from murakkab_runtimes.clusters import ClusterError, find_cluster, read_cluster

    try:
        return read_cluster(find_cluster(name))
    except ClusterError as fault:
        raise UserError(str(fault)) from None


def _told(plan: FleetPlan, demand: Demand, found: Fleet) -> list[str]:
    """The plan for people."""
    devices = ", ".join(f"{count} {name}" for name, count in plan.accelerators.items()) or "no accelerators"
    lines = [
        f"{plan.formulation}: {devices}, {plan.cores:.0f} cores; "
        f"${plan.cost_per_h:.2f} an hour, {plan.energy_w / 1000:.1f} kW (predicted from published figures)",
        "",
    ]
    lines += [f"  {_instances(group)}" for group in plan.groups]
    lines += [f"  {idle.count} x {idle.device} stand by" for idle in plan.warm]
    for number, one in enumerate(demand.loads):
        request = one.request
        lines += [
            "",
            f"{request.workflow}/{request.name}: {one.mean:.2f} requests a second, at most {one.peak:.2f}; "
            f"quality >= {request.quality:g}, within {request.latency_s:g} s",
        ]
        lines += [f"  {_way(share, plan, found)}" for share in plan.shares if share.load == number]
        if plan.turned_away[number] > 0:
            lines.append(f"  {plan.turned_away[number]:.0%} turned away")
    if plan.formulation == "literal":
        lines += ["", "As printed, A.5 lets any model serve any configuration; --formulation repaired does not."]
    return lines


def _instances(group: Group) -> str:
    kind = "spot " if group.spot else ""
    return (
        f"{group.count:g} x {group.model} on {group.devices} {kind}{group.device}, "
        f"{group.calls:.0f} calls at once, {group.rate:.0f} tokens a second each"
    )


def _way(share: Share, plan: FleetPlan, found: Fleet) -> str:
    where = ", ".join(
        "cores" if g is None else f"{plan.groups[g].model} on {plan.groups[g].device}" for g in share.groups
    )
    name = found.catalogue.configurations[share.configuration].name
    return f"{share.share:4.0%} {name}: {where}; quality {share.quality:g}, {share.latency_s:.0f} s"
