"""``murakkab plan WORKFLOW``: what would do each node, where and why; what it takes, and what stands in the way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from murakkab.cli import sources
from murakkab.cli.common import CLUSTER, USE, check_output, command_app, write_output
from murakkab.cli.workflow_command import overview, workflow_command

if TYPE_CHECKING:
    from murakkab.cli.plan_making import PlanOptions
    from murakkab.language import Workflow
    from murakkab_optimizer.graph import Graph
    from murakkab_optimizer.plan import Plan
    from murakkab_optimizer.planner import PlanRequest

_ABOUT = "Plan a run without making it: which model does each node, where, why, and what it is expected to give."
_PLAN_S, _FRONT_S = 10.0, 60.0
"""Seconds that a search may take where nobody says: of one plan, of a front."""

_DIFF = "Two plans are compared with: murakkab plan --diff old.json new.json"


def main(args: list[str], prog_name: str) -> None:
    """Run the command; the first argument is the workflow, which decides on the other options."""
    if "--diff" in args:
        _comparison()(args=args, prog_name=prog_name)
    if not args or args[0].startswith("-"):
        overview(args, prog_name, [_DIFF])
    workflow = sources.load(args[0])
    command = (*prog_name.split(), *args)

    def make(workflow: Workflow, inputs: dict[str, Any], options: dict[str, Any]) -> int:
        from murakkab.cli.plan_making import PlanOptions

        return perform(workflow, inputs, PlanOptions(command=command, **options))

    workflow_command(workflow, _options, make, _ABOUT)(args=args[1:], prog_name=f"{prog_name} {args[0]}")


def perform(workflow: Workflow, given: dict[str, Any], options: PlanOptions) -> int:
    """Make a plan, or a front of plans, and print it."""
    from murakkab.cli.plan_making import make_request

    check_options(options)
    graph, told = planned_graph(workflow, given, options)
    request = make_request(graph, options)
    if options.pareto:
        _front(request, told, options)
    else:
        _single(request, told, options)
    return 0


def check_options(options: PlanOptions) -> None:
    """Refuse options that do not go together, and files that could not be written."""
    from murakkab.engine.errors import UserError

    if options.png is not None and not options.pareto:
        raise UserError("--png draws a front, and none is asked for", "Add --pareto cost,ttff.")
    if options.output is not None and options.pareto:
        raise UserError("-o takes one plan, and --pareto makes several", "Use --json, which prints all of them.")
    check_output(options.output, "-o")
    check_output(options.png, "--png")


def planned_graph(workflow: Workflow, given: dict[str, Any], options: PlanOptions) -> tuple[Graph, list[str]]:
    """The graph under the promises of the command line, and in words which inputs nobody gave.

    Raises:
        UserError: an input, a promise or an objective is not what it must be.
    """
    import msgspec

    from murakkab.cli.plan_inputs import planned_inputs
    from murakkab.cli.plan_slo import objectives, with_promises
    from murakkab.engine.errors import UserError
    from murakkab.language import InputProblem, compile_graph

    try:
        inputs, told = planned_inputs(workflow, given)
        graph = compile_graph(workflow, inputs)
    except InputProblem as fault:
        lines = [f"--{name.replace('_', '-')}: {message}" for name, message in fault.messages.items()]
        raise UserError("\n".join(lines), f"`murakkab plan {workflow.name} --help` lists the inputs.") from None
    slo = with_promises(graph.slo, options.slo)
    if options.objective:
        slo = msgspec.structs.replace(slo, objective=objectives(options.objective))
    return msgspec.structs.replace(graph, slo=slo), told


def _single(request: PlanRequest, told: list[str], options: PlanOptions) -> None:
    from murakkab.cli.plan_file import PlanFile, origin_of, text
    from murakkab.cli.plan_making import attempt, check_told, with_origin
    from murakkab.cli.plan_view import print_plan
    from murakkab.cli.plan_words import machines
    from murakkab.engine.lenient import in_turn
    from murakkab_optimizer.planner import plan_workflow
    from murakkab_runtimes.catalog import load_catalog

    planned = plan_workflow if options.cluster else in_turn  # this machine keeps one model after the other
    (found,) = attempt(lambda asked: [planned(asked)], request, options.command)
    check_told(found, request)
    plan, there = with_origin(found, request, told), machines(request.cluster)
    file = PlanFile(plan, origin_of(request.graph, plan, there))
    if options.output is not None:  # before it is shown: whoever reads may go away
        write_output(text(file), options.output)
    if options.json:
        write_output(text(file), None)
    else:
        print_plan(plan, load_catalog(), there, cores=request.cluster.cores, verbose=options.verbose)


def _front(request: PlanRequest, told: list[str], options: PlanOptions) -> None:
    import json

    from murakkab.cli.plan_front import axes, points, print_front, to_json
    from murakkab.cli.plan_making import attempt, with_origin
    from murakkab.engine.errors import NO_PLAN, UserError
    from murakkab.engine.planning import PRICE
    from murakkab_optimizer.planner import pareto

    x, y = axes(options.pareto)
    plans: list[Plan] = attempt(lambda asked: pareto(asked, x, y), request, options.command)
    found = points([with_origin(plan, request, told) for plan in plans], x, y)
    if not found:
        lacking = {p.name: p.note for plan in plans for p in plan.predictions if p.name in (x, y) and p.value is None}
        why = "; ".join(f"{name} cannot be told: {note}" for name, note in lacking.items())
        raise UserError(
            f"no plan can be placed by {x} and {y}: {why}", f"Take others; {PRICE} says what an hour costs.", NO_PLAN
        )
    if options.png is not None:
        from murakkab.cli.plan_chart import write_chart

        write_chart(found, x, y, options.png)
        typer.echo(f"Wrote {options.png}", err=True)
    if options.json:
        typer.echo(json.dumps({"apiVersion": "murakkab/v1", "kind": "Front", "points": to_json(found, x, y)}, indent=2))
    else:
        print_front(found, x, y)


def _comparison() -> typer.Typer:
    app = command_app()

    @app.command()
    def compare(
        diff: Annotated[
            tuple[Path, Path], typer.Option("--diff", help="Files of the older and the newer plan.", metavar="OLD NEW")
        ],
        json: Annotated[bool, typer.Option("--json", help="Print the differences as JSON.")] = False,
    ) -> None:
        """Tell what is different between two plans, node by node, and why."""
        from murakkab.cli.plan_diff import compare, print_diff
        from murakkab.cli.plan_file import read_plan

        old, new = map(read_plan, diff)
        if json:
            import json as encoder

            typer.echo(encoder.dumps(compare(old, new), indent=2))
        else:
            print_diff(old, new)

    return app


def _options(
    *,
    cluster: Annotated[str, CLUSTER] = "",
    slo: Annotated[
        list[str] | None,
        typer.Option(
            "--slo",
            help="A promise: ttff=22s, latency=5min, cost=3, energy=10Wh, quality=0.8 or good, realtime=off, "
            "cost=none; may be repeated.",
            metavar="NAME=VALUE",
        ),
    ] = None,
    objective: Annotated[
        list[str] | None,
        typer.Option("--objective", help="What to make best, the first one first: cost,quality.", metavar="NAMES"),
    ] = None,
    use: Annotated[list[str] | None, USE] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the plan, for 'murakkab run --plan'.", metavar="FILE")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Tell every source and everything that was not chosen, too.")
    ] = False,
    pareto: Annotated[
        str, typer.Option("--pareto", help="Show what can be had: all plans that are best in two.", metavar="cost,ttff")
    ] = "",
    png: Annotated[
        Path | None, typer.Option("--png", help="With --pareto: draw it into a PNG file.", metavar="FILE")
    ] = None,
    in_force: Annotated[
        Path | None,
        typer.Option("--in-force", help="The plan that runs now; what it holds needs no loading.", metavar="FILE"),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            "--time-limit",
            min=0.0,
            help="The best plan found in that time is taken.  [default: 10, with --pareto 60]",
            metavar="SECONDS",
        ),
    ] = None,
) -> dict[str, Any]:
    return {
        "cluster": cluster,
        "slo": tuple(slo or ()),
        "objective": tuple(objective or ()),
        "use": tuple(use or ()),
        "output": output,
        "json": json,
        "verbose": verbose,
        "pareto": pareto,
        "png": png,
        "in_force": in_force,
        "time_limit_s": (_FRONT_S if pareto else _PLAN_S) if time_limit is None else time_limit,
    }
