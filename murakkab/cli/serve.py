"""``murakkab serve``: keeps the workers warm and serves page and API."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from murakkab.cli.common import RUNS, command_app

app = command_app()
main = app


@app.command()
def serve(
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; anything but loopback lets other machines in.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.", metavar="NUMBER")
    ] = 8000,
    llm: Annotated[
        str | None, typer.Option("--llm", help="Base URL of an OpenAI-compatible server to write with.", metavar="URL")
    ] = None,
    runs: Annotated[Path, RUNS] = Path("runs"),
) -> None:
    """Keep the workers warm and serve the page and the API until Ctrl-C."""
    import asyncio

    try:
        asyncio.run(_serve(host, port, llm, runs))
    except asyncio.CancelledError:
        typer.echo("Stopped.", err=True)


async def _serve(host: str, port: int, llm: str | None, runs: Path) -> None:
    from murakkab.cli.interrupts import Interrupts
    from murakkab.engine import Engine, EngineOptions
    from murakkab.server import serve as serve_page

    engine = Engine(EngineOptions(runs=runs, llm=llm))
    with Interrupts():
        try:
            await engine.start()
            await serve_page(
                engine, host, port, ready=lambda url: typer.echo(f"Serving {url} (Ctrl-C stops)", err=True)
            )
        finally:
            await engine.close()
