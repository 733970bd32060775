"""``murakkab resume``: ends an interrupted run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from murakkab.cli.common import BROKER, RUNS, STORE, command_app
from murakkab.cli.requests import RunOptions
from murakkab.cli.which import RUN, find_run

app = command_app()
main = app


@app.command()
def resume(
    run: Annotated[str | None, RUN] = None,
    llm: Annotated[str | None, typer.Option("--llm", help="Server to write with.", metavar="URL")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Serve the page and open it.")] = True,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Port of the page.", metavar="NUMBER")
    ] = None,
    runs: Annotated[Path, RUNS] = Path("runs"),
    broker: Annotated[str, BROKER] = "",
    store: Annotated[str, STORE] = "",
) -> None:
    """End a run that was interrupted, cancelled or failed, without redoing what it had finished."""
    from murakkab.cli.session import resume_here, run_loop
    from murakkab.engine import RunStore

    options = RunOptions(
        llm=llm, json=json, quiet=quiet, browser=browser, port=port, runs=runs, broker=broker, store=store
    )
    raise typer.Exit(run_loop(resume_here(find_run(RunStore(runs), run), options)))
