"""``murakkab run WORKFLOW``: makes a run and plays it. The inputs of the workflow are options of the command."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from murakkab.cli import sources
from murakkab.cli.common import BROKER, RUNS, STORE, USE
from murakkab.cli.policies import DEFAULT, POLICY, RUNG_POLICY, RUNGS_DEFAULT
from murakkab.cli.requests import RunOptions
from murakkab.cli.workflow_command import overview, workflow_command

if TYPE_CHECKING:
    from murakkab.language import Workflow


def main(args: list[str], prog_name: str) -> None:
    """Run the command; the first argument is the workflow, which decides on the other options."""
    requested_at = time.time()
    if not args or args[0].startswith("-"):
        overview(args, prog_name)
    workflow = sources.load(args[0])

    def make(workflow: Workflow, inputs: dict[str, Any], options: RunOptions) -> int:
        from murakkab.profiling import calibrate

        if not options.server:
            calibrate.begin()
        from murakkab.cli.session import perform

        return perform(workflow, inputs, replace(options, requested_at=requested_at))

    workflow_command(workflow, _options, make)(args=args[1:], prog_name=f"{prog_name} {args[0]}")


def _options(
    *,
    seed: Annotated[
        int | None,
        typer.Option("--seed", min=0, help="Repeats an episode; with --rungs top, byte for byte.", metavar="NUMBER"),
    ] = None,
    edit: Annotated[bool, typer.Option("--edit", help="Stop after the script to change it in $EDITOR.")] = False,
    use: Annotated[list[str] | None, USE] = None,
    plan: Annotated[
        Path | None, typer.Option("--plan", help="Run exactly this plan of 'murakkab plan -o FILE'.", metavar="FILE")
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
    policy: Annotated[str, POLICY] = DEFAULT,
    rungs: Annotated[str, RUNG_POLICY] = RUNGS_DEFAULT,
    runs: Annotated[Path, RUNS] = Path("runs"),
    broker: Annotated[str, BROKER] = "",
    store: Annotated[str, STORE] = "",
) -> RunOptions:
    options = RunOptions(seed, edit, llm, server, json, quiet, browser, port, cache, tuple(use or ()), plan)
    return replace(options, policy=policy, rungs=rungs, runs=runs, broker=broker, store=store)
