"""``murakkab simulate WORKFLOW``: plays runs of a plan in virtual time, with the scheduler that runs use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from murakkab.cli import sources
from murakkab.cli.common import CLUSTER, USE, check_output, write_output
from murakkab.cli.policies import POLICY, RUNG_POLICY
from murakkab.cli.workflow_command import overview, workflow_command

if TYPE_CHECKING:
    from murakkab.language import Workflow
    from murakkab_optimizer.graph import Graph
    from murakkab_optimizer.hardware import Cluster
    from murakkab_optimizer.plan import Plan
    from murakkab_optimizer.simulator import Deployment, Fault, Job, Recorded

_ABOUT = "Simulate runs: what a plan, a cluster, a queue policy, arrivals, failures and evictions come to."
_EXAMPLE = "For example: murakkab simulate podcast --duration 60 --arrivals poisson:4 --runs 100 --evict 60:25%:120"


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
    from murakkab.cli.simulate_asked import arrivals
    from murakkab.cli.simulate_machines import cold_start, told_openings, with_instances
    from murakkab.cli.simulate_view import show, unfinished
    from murakkab_optimizer.simulator import Job, chrome_trace, deployment, figures

    check_output(options["trace"], "--trace")
    times = arrivals(options["arrivals"], options["runs"], options["seed"])
    asked = PlanOptions(cluster=options["cluster"], slo=options["slo"], use=options["use"], command=command)
    graph, told = planned_graph(workflow, given, asked)
    plan, cluster = _plan(graph, asked, options["plan"])
    plan = with_instances(plan, cluster, options["instances"])
    held = deployment(plan, cluster)
    lost = _losses(graph, held, cluster, max(times), options)
    jobs = [Job(f"{graph.name}-{number}", at, graph, plan) for number, at in enumerate(times, 1)]
    record = _simulated(jobs, lost, cluster, held, options)
    found = figures(jobs, record, cluster)
    if options["trace"] is not None:
        import json

        write_output(json.dumps(chrome_trace(record)) + "\n", options["trace"])
    notes = [*unfinished(found), *told, *plan.notes, *cold_start(plan, warm=options["warm"])]
    notes += told_openings(graph, plan, options)
    show(found, record, cluster, notes, options)
    return 0


def _losses(graph: Graph, held: Deployment, cluster: Cluster, last_s: float, options: dict[str, Any]) -> list[Fault]:
    """What is lost, and when; evictions at their rate for as long as the last show lasts."""
    from murakkab.cli.simulate_asked import at_their_rate, faults, is_rate
    from murakkab.cli.simulate_machines import shown_s

    show_s, taken = shown_s(graph), options["evict"]
    rates = [text for text in taken if is_rate(text)]
    lost = faults(options["fail"], [text for text in taken if not is_rate(text)], show_s, held)
    return lost + at_their_rate(rates, cluster, held, last_s + show_s, options["seed"])


def _simulated(
    jobs: list[Job], lost: list[Fault], cluster: Cluster, held: Deployment, options: dict[str, Any]
) -> Recorded:
    from murakkab.cli.simulate_machines import known_cut, loads, openings
    from murakkab_optimizer.simulator import PlannedWork, Simulation, schedulable

    known, noise = known_cut(jobs[0].graph, jobs[0].plan), options["noise"]
    first = openings(jobs[0].graph, jobs[0].plan, options)
    simulation = Simulation(
        cluster.cores,
        PlannedWork(noise, noise, options["seed"], known.items, openings=first, cut=known.cut),
        policy=options["policy"],
        rungs=options["rungs"],
        loads=loads(jobs[0].plan, held),
        deployment=held if held.instances else None,
        warm=options["warm"],
        seed=options["seed"],
    )
    plan = schedulable(jobs[0].plan) if held.instances else jobs[0].plan
    return simulation.run([msgspec.structs.replace(job, plan=plan) for job in jobs], lost)


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


def _options(
    *,
    cluster: Annotated[str, CLUSTER] = "",
    plan: Annotated[
        Path | None, typer.Option("--plan", help="A plan of `murakkab plan -o`; made anew by default.", metavar="FILE")
    ] = None,
    slo: Annotated[
        list[str] | None,
        typer.Option(
            "--slo",
            help="A promise, as for 'plan'; with --plan it holds for the scheduler alone.",
            metavar="NAME=VALUE",
        ),
    ] = None,
    instances: Annotated[
        list[str] | None,
        typer.Option(
            "--instances", help="Hold so many instances of a model, in place of those of the plan.", metavar="MODEL=N"
        ),
    ] = None,
    warm: Annotated[bool, typer.Option("--warm", help="What the plan holds is loaded before the first run.")] = False,
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
        typer.Option(
            "--evict",
            help="Workers are taken away (spot instances, where the plan has some), in these words or SHARE%@AT:BACK, "
            "where AT may be a share of the show (25%@50%:60), or rate:BACK (as the cluster says); may be repeated.",
            metavar="WHEN",
        ),
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
    lists = {
        **{"use": tuple(use or ()), "fail": tuple(fail or ()), "evict": tuple(evict or ())},
        **{"slo": tuple(slo or ()), "instances": tuple(instances or ()), "warm": warm},
    }
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
