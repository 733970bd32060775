"""``murakkab simulate WORKFLOW``: plays runs of a plan in virtual time, with the scheduler that runs use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from murakkab.cli import sources
from murakkab.cli.common import CLUSTER, USE, write_output
from murakkab.cli.policies import POLICY, RUNG_POLICY
from murakkab.cli.workflow_command import overview, workflow_command

if TYPE_CHECKING:
    from murakkab.language import Workflow
    from murakkab_optimizer.graph import Graph
    from murakkab_optimizer.hardware import Cluster
    from murakkab_optimizer.plan import Plan
    from murakkab_optimizer.simulator import Figures, Recorded

_ABOUT = "Simulate runs: what a plan, a cluster, a queue policy, arrivals, failures and evictions come to."
_EXAMPLE = "For example: murakkab simulate podcast --duration 60 --arrivals poisson:4 --runs 100 --evict 60:25%:120"
_SPARE_WORKERS = 2


def main(args: list[str], prog_name: str) -> None:
    """Run the command; the first argument is the workflow, which decides on the other options."""
    if not args or args[0].startswith("-"):
        overview(args, prog_name, [_EXAMPLE])
    command = (*prog_name.split(), *args)

    def make(workflow: Workflow, inputs: dict[str, Any], options: dict[str, Any]) -> int:
        return perform(workflow, inputs, command=command, **options)

    workflow = sources.load(args[0])
    workflow_command(workflow, _options, make, _ABOUT)(args=args[1:], prog_name=f"{prog_name} {args[0]}")


def perform(workflow: Workflow, given: dict[str, Any], *, command: tuple[str, ...] = (), **options: Any) -> int:  # noqa: ANN401
    """Simulate and print; see ``_options``."""
    from murakkab.cli.plan import planned_graph
    from murakkab.cli.plan_making import PlanOptions
    from murakkab.cli.simulate_asked import arrivals, faults
    from murakkab_optimizer.simulator import Job, PlannedWork, Simulation, chrome_trace, figures

    times = arrivals(options["arrivals"], options["runs"], options["seed"])
    lost = faults(options["fail"], options["evict"])
    asked = PlanOptions(cluster=options["cluster"], use=options["use"], command=command)
    graph, told = planned_graph(workflow, given, asked)
    plan, cluster = _plan(graph, asked, options["plan"])
    jobs = [Job(f"{graph.name}-{number}", at, graph, plan) for number, at in enumerate(times, 1)]
    work = PlannedWork(options["noise"], options["noise"], options["seed"])
    simulation = Simulation(
        cluster.cores,
        work,
        workers=_workers(plan, cluster),
        policy=options["policy"],
        rungs=options["rungs"],
        loads=_loads(plan),
    )
    record = simulation.run(jobs, lost)
    found = figures(jobs, record, cluster)
    if options["trace"] is not None:
        import json

        write_output(json.dumps(chrome_trace(record)) + "\n", options["trace"])
    _print(found, record, plan, cluster, [*told, *plan.notes], options)
    return 0


def _plan(graph: Graph, asked: Any, file: Path | None) -> tuple[Plan, Cluster]:  # noqa: ANN401 - PlanOptions
    """The plan of a file, or the one that would be made; and the machines."""
    from murakkab.cli.plan_file import read_plan
    from murakkab.cli.plan_making import attempt, make_request
    from murakkab.engine.errors import UserError
    from murakkab.engine.planning import make_plan
    from murakkab_optimizer.planner import plan_workflow

    request = make_request(graph, asked)
    if file is not None:
        plan = read_plan(file).plan
        if missing := sorted({node.name for node in graph.nodes if node.capability} - set(plan.nodes)):
            raise UserError(
                f"{file} says nothing of the node '{missing[0]}' of '{graph.name}'",
                f"Make one: murakkab plan {graph.name} -o {file}",
            )
    elif asked.cluster:
        (plan,) = attempt(lambda it: [plan_workflow(it)], request, asked.command)
    else:
        plan = make_plan(graph, request.cluster.cores, request.pins)
    return plan, request.cluster


def _workers(plan: Plan, cluster: Cluster) -> int:
    """As many as the engine starts for the cores, and one for each instance on accelerators."""
    kinds = {offer.device.name: offer.device.kind for offer in cluster.offers}
    return cluster.cores + _SPARE_WORKERS + sum(g.count for g in plan.instances if kinds.get(g.device) == "gpu")


def _loads(plan: Plan) -> dict[str, float]:
    from murakkab.engine.planning import load_seconds
    from murakkab_runtimes.catalog import load_catalog

    cards = load_catalog()
    models = {node.chosen.model for node in plan.nodes.values()}
    return {model: load_seconds(cards[model]) for model in sorted(models) if model in cards}


def _print(
    found: Figures, record: Recorded, plan: Plan, cluster: Cluster, notes: list[str], options: dict[str, Any]
) -> None:
    import msgspec

    facts = {
        "simulated": True,
        "policy": options["policy"],
        "rungs": options["rungs"],
        "cluster": cluster.name,
        "seed": options["seed"],
        "noise": options["noise"],
        "events": len(record.log),
        **msgspec.to_builtins(found),
        "notes": notes,
    }
    if options["json"]:
        write_output(msgspec.json.format(msgspec.json.encode(facts), indent=2).decode() + "\n", None)
        return
    counted = {
        status: sum(run.status == status for run in found.runs) for status in sorted({r.status for r in found.runs})
    }
    ends = ", ".join(f"{count} {status}" for status, count in counted.items())
    typer.echo(f"Simulated on {cluster.name}, policy {options['policy']}: {len(found.runs)} runs ({ends})")
    typer.echo(f"{'':<16}{'p50':>12}{'p99':>12}")
    rows = {
        "first item": (found.ttff_s, "s"),
        "stalls": (found.stall_s, "s"),
        "all made": (found.makespan_s, "s"),
        "quality": (found.quality, ""),
        "cost": (found.cost_usd, "US$"),
        "energy": (found.energy_wh, "Wh"),
    }
    for name, (value, unit) in rows.items():
        shown = f"{value.p50:>12.4g}{value.p99:>12.4g}  {unit}" if value is not None else f"{'cannot be told':>24}"
        typer.echo(f"{name:<16}{shown}".rstrip())
    typer.echo(
        f"goodput: {found.goodput:.1%} of the runs kept their promises of time, {found.kept_per_hour:.4g} an hour"
    )
    typer.echo(f"Times vary by chance by {options['noise']:.0%} (assumed); quality is what the plan expects.")
    for note in notes:
        typer.echo(f"  - {note}")


def _options(
    *,
    cluster: Annotated[str, CLUSTER] = "",
    plan: Annotated[
        Path | None, typer.Option("--plan", help="A plan of `murakkab plan -o`; made anew by default.", metavar="FILE")
    ] = None,
    use: Annotated[list[str] | None, USE] = None,
    arrivals: Annotated[
        str,
        typer.Option(
            "--arrivals",
            help="When runs are asked for: poisson:RUNS_A_MINUTE, burst:SIZE@SECONDS or a CSV file with seconds; all "
            "at once by default.",
            metavar="KIND",
        ),
    ] = "",
    runs: Annotated[int | None, typer.Option("--runs", min=1, max=100_000, help="How many runs.", metavar="N")] = None,
    fail: Annotated[
        list[str] | None,
        typer.Option(
            "--fail",
            help="Workers crash: AT, AT:SHARE% or AT:SHARE%:BACK, times in seconds; may be repeated.",
            metavar="WHEN",
        ),
    ] = None,
    evict: Annotated[
        list[str] | None,
        typer.Option("--evict", help="Workers are taken away, in the same words; may be repeated.", metavar="WHEN"),
    ] = None,
    policy: Annotated[str, POLICY] = "least-slack",
    rungs: Annotated[str, RUNG_POLICY] = "adaptive",
    noise: Annotated[
        float,
        typer.Option("--noise", min=0.0, max=2.0, help="How much times and lengths vary by chance.", metavar="SHARE"),
    ] = 0.1,
    seed: Annotated[int, typer.Option("--seed", help="Repeats a simulation.", metavar="NUMBER")] = 0,
    trace: Annotated[
        Path | None,
        typer.Option("--trace", help="Write a Chrome trace (chrome://tracing, Perfetto).", metavar="FILE"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> dict[str, Any]:
    lists = {"use": tuple(use or ()), "fail": tuple(fail or ()), "evict": tuple(evict or ())}
    return {
        **{
            "cluster": cluster,
            "plan": plan,
            "arrivals": arrivals,
            "runs": runs,
            "policy": policy,
            "rungs": rungs,
            "noise": noise,
        },
        **{"seed": seed, "trace": trace, "json": json, **lists},
    }
