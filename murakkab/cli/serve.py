"""``murakkab serve``: keeps the workers warm and serves page and API."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from murakkab.cli.common import BROKER, RUNS, STORE, command_app
from murakkab.cli.policies import DEFAULT, POLICY, RUNG_POLICY, RUNGS_DEFAULT

if TYPE_CHECKING:
    from murakkab.engine import Engine, EngineOptions
    from murakkab.telemetry.exposing import Exposed

ENVIRONMENT = "MURAKKAB_TOKEN"
_TOKEN_LENGTH = 16

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
    workflows: Annotated[
        Path | None,
        typer.Option("--workflows", help="Folder of workflows to offer beside the shipped ones.", metavar="DIR"),
    ] = None,
    upload_limit: Annotated[
        str, typer.Option("--upload-limit", help="Size of one submission, files included.", metavar="SIZE")
    ] = "500MB",
    max_uploads: Annotated[
        int, typer.Option("--max-uploads", min=1, help="Submissions with files received at once.", metavar="N")
    ] = 16,
    max_runs: Annotated[
        int, typer.Option("--max-runs", min=1, help="Runs being made at once; more are refused.", metavar="N")
    ] = 200,
    token: Annotated[
        str,
        typer.Option(
            "--token",
            envvar=ENVIRONMENT,
            help="Token that every request must bring; one is made where other machines are let in.",
            metavar="TEXT",
        ),
    ] = "",
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", help="Name of this machine by which browsers reach it.", metavar="NAME"),
    ] = None,
    policy: Annotated[str, POLICY] = DEFAULT,
    rungs: Annotated[str, RUNG_POLICY] = RUNGS_DEFAULT,
    runs: Annotated[Path, RUNS] = Path("runs"),
    broker: Annotated[str, BROKER] = "",
    store: Annotated[str, STORE] = "",
    metrics: Annotated[bool, typer.Option("--metrics", help="Tell figures for Prometheus at /metrics.")] = False,
) -> None:
    """Keep the workers warm and serve the page and the API until Ctrl-C."""
    import asyncio

    from murakkab.cli.runs import parse_size
    from murakkab.engine import EngineOptions
    from murakkab.server.intake import Limits

    limits = Limits(parse_size(upload_limit, "--upload-limit 500MB"), max_uploads, max_runs)
    exposed = _exposed() if metrics else ()
    options = EngineOptions(
        runs=runs, llm=llm, policy=policy, rungs=rungs, broker=broker, store=store, observers=exposed
    )
    offer: dict[str, Any] = {"workflows": _checked(workflows), "limits": limits, "allowed_hosts": allow_host or []}
    offer["more"] = [one.route() for one in exposed]
    try:
        asyncio.run(_serve(options, host, port, {**offer, "token": _token(token, host)}))
    except asyncio.CancelledError:
        typer.echo("Stopped.", err=True)


async def _serve(options: EngineOptions, host: str, port: int, offer: dict[str, Any]) -> None:
    """Serve until Ctrl-C; ``offer`` is passed on to the server."""
    from murakkab.cli.interrupts import Interrupts
    from murakkab.engine import Engine
    from murakkab.profiling import calibrate
    from murakkab.server import serve as serve_page

    engine = Engine(options)
    with Interrupts():
        try:
            calibrate.begin()
            await engine.start()
            await calibrate.ready()
            await _warm_up(engine)
            await serve_page(
                engine,
                host,
                port,
                ready=lambda url: _tell(url, host, offer["token"]),
                **offer,
            )
        finally:
            await engine.close()


def _exposed() -> tuple[Exposed, ...]:
    from murakkab.telemetry.exposing import Exposed

    return (Exposed(),)


def _token(given: str, host: str) -> str:
    """The token to ask for: the given one, else a fresh one where other machines can come in, else none."""
    import secrets

    from murakkab.engine import UserError

    if given and not (len(given) >= _TOKEN_LENGTH and given.isascii() and given.isprintable() and " " not in given):
        raise UserError(
            f"a token has {_TOKEN_LENGTH} or more letters, digits and signs, and no space",
            "Make one: python -c 'import secrets; print(secrets.token_urlsafe(24))'",
        )
    return given or ("" if _is_loopback(host) else secrets.token_urlsafe(24))


def _is_loopback(host: str) -> bool:
    import ipaddress

    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _tell(url: str, host: str, token: str) -> None:
    """Print the addresses of the page: on this machine, and for others where all addresses are listened on."""
    query = f"/?token={quote(token, safe='')}" if token else ""
    typer.echo(f"Serving {url}{query} (Ctrl-C stops)", err=True)
    if host in ("0.0.0.0", "::") and (address := _own_address()):  # noqa: S104
        typer.echo(f"From other machines: http://{address}:{url.rpartition(':')[2]}{query}", err=True)


def _own_address() -> str:
    """The IPv4 address under which this machine goes to others; empty when it has none. Nothing is sent."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        try:
            found.connect(("192.0.2.1", 9))
            return str(found.getsockname()[0])
        except OSError:
            return ""


def _checked(folder: Path | None) -> Path | None:
    from murakkab.engine import UserError

    if folder is not None and not folder.is_dir():
        raise UserError(f"there is no folder {folder}", "Name the folder of your .yaml files: --workflows DIR")
    return folder


async def _warm_up(engine: Engine) -> None:
    """Load the models of the shipped workflows that can run here without inputs; the others load when asked for."""
    from murakkab.engine import UserError
    from murakkab.language import InputProblem, WorkflowError, load_workflow, workflow_folder

    for path in sorted(workflow_folder().glob("*.yaml")):
        with contextlib.suppress(UserError, InputProblem, WorkflowError):
            await engine.expect(load_workflow(path))
