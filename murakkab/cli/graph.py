"""``murakkab graph``: draws a workflow."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from murakkab.cli import sources
from murakkab.cli.common import command_app, write_output

app = command_app()
main = app


class Format(StrEnum):
    """Forms of a drawing."""

    MERMAID = "mermaid"
    SVG = "svg"


@app.command()
def graph(
    workflow: Annotated[str, typer.Argument(help=sources.HELP, metavar="WORKFLOW")],
    form: Annotated[
        Format | None, typer.Option("--format", help="By default svg for a file named *.svg, else mermaid.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write.", metavar="FILE")] = None,
) -> None:
    """Draw a workflow as a Mermaid flowchart or an SVG file."""
    from murakkab.drawing import sketch, to_mermaid, to_svg

    endings = (".svg", ".mmd", ".mermaid", ".md", ".txt", "")
    if output is not None and form is None and output.suffix.lower() not in endings:
        from murakkab.engine.errors import UserError

        raise UserError(f"cannot write a drawing as {output.suffix}", "Write -o FILE.svg, or FILE.mmd for Mermaid.")
    wants_svg = form == Format.SVG if form else output is not None and output.suffix.lower() == ".svg"
    picture = sketch(sources.load(workflow))
    write_output(to_svg(picture) if wants_svg else to_mermaid(picture), output)
