"""``murakkab run WORKFLOW``: makes a run and plays it. The inputs of the workflow are options of the command."""

from __future__ import annotations

import inspect
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from murakkab.cli import sources
from murakkab.cli.common import RUNS, command_app
from murakkab.cli.requests import RunOptions

if TYPE_CHECKING:
    from murakkab.language import Workflow


def main(args: list[str], prog_name: str) -> None:
    """Run the command; the first argument is the workflow, which decides on the other options."""
    requested_at = time.time()
    if not args or args[0].startswith("-"):
        _overview(args, prog_name)
    workflow = sources.load(args[0])
    _command(workflow, requested_at)(args=args[1:], prog_name=f"{prog_name} {args[0]}")


def _overview(args: list[str], prog_name: str) -> None:
    from murakkab.cli.faults import USAGE
    from murakkab.language import workflow_folder

    wants_help = args[:1] in (["--help"], ["-h"])
    lines = [f"Usage: {prog_name} WORKFLOW [OPTIONS]", "", "WORKFLOW is a .yaml file, module.py:flow, or one of:"]
    paths = sorted(workflow_folder().glob("*.yaml"))
    width = max((len(path.stem) for path in paths), default=0)
    lines += [f"  {path.stem:<{width}}  {_about(path)}" for path in paths]
    lines += ["", f"Its inputs are the options: {prog_name} podcast --help"]
    if args and not wants_help:
        lines.append(f"murakkab: the workflow comes first, before {args[0]}")
    typer.echo("\n".join(lines), err=not wants_help)
    sys.exit(0 if wants_help else USAGE)


def _about(path: Path) -> str:
    from murakkab.language import WorkflowError, load_workflow

    try:
        return load_workflow(path).metadata.description
    except WorkflowError:
        return f"(has problems: murakkab check {path.stem})"


def _command(workflow: Workflow, requested_at: float) -> typer.Typer:
    """Build the command of one workflow: its inputs, then the options that all runs have."""
    from murakkab.cli.options import input_parameters, input_values

    shared = list(inspect.signature(_options, eval_str=True).parameters.values())
    taken = {flag for parameter in shared for flag in _flags(parameter)} | {"--help"}

    def call(**values: Any) -> None:  # noqa: ANN401 - built from the workflow
        from murakkab.cli.session import perform

        inputs = input_values(values)
        raise typer.Exit(perform(workflow, inputs, replace(_options(**values), requested_at=requested_at)))

    parameters = [*input_parameters(workflow, taken), *shared]
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    app = command_app()
    app.command(help=workflow.metadata.description or workflow.name)(call)
    return app


def _flags(parameter: inspect.Parameter) -> list[str]:
    """Flags of a parameter, which stand in its ``typer.Option``."""
    (option,) = (m for m in parameter.annotation.__metadata__)
    return [flag for text in (option.default, *(option.param_decls or ())) for flag in text.split("/")]


def _options(
    *,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Repeats an episode.", metavar="NUMBER")] = None,
    edit: Annotated[bool, typer.Option("--edit", help="Stop after the script to change it in $EDITOR.")] = False,
    use: Annotated[
        list[str] | None,
        typer.Option("--use", help="Pin a model (or NODE.KNOB=VALUE a knob); may be repeated.", metavar="NODE=MODEL"),
    ] = None,
    cache: Annotated[
        bool, typer.Option("--cache/--no-cache", help="Take results that an earlier run has made already.")
    ] = True,
    llm: Annotated[
        str | None, typer.Option("--llm", help="Base URL of an OpenAI-compatible server to write with.", metavar="URL")
    ] = None,
    server: Annotated[
        str | None, typer.Option("--server", help="Submit to a running 'murakkab serve'.", metavar="URL")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Serve the page and open it.")] = True,
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, help="Port of the page; a free one by default.", metavar="NUMBER"),
    ] = None,
    runs: Annotated[Path, RUNS] = Path("runs"),
) -> RunOptions:
    return RunOptions(seed, edit, llm, server, json, quiet, browser, port, cache=cache, use=tuple(use or ()), runs=runs)
