"""``murakkab schema``: the JSON Schema of workflow files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from murakkab.cli.common import command_app, write_output

app = command_app()
main = app


@app.command()
def schema(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write.", metavar="FILE")] = None,
) -> None:
    """Print the JSON Schema of workflow files, for editors."""
    write_output(SCHEMA.read_text(encoding="utf-8"), output)


SCHEMA = Path(__file__).parents[1] / "language" / "workflow.schema.json"
"""The committed copy; the language's own tests keep it equal to the models."""
