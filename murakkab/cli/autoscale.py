"""``murakkab autoscale``: starts and ends workers of this machine by what waits at a broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from murakkab.cli.common import BROKER, command_app

if TYPE_CHECKING:
    from murakkab_optimizer.policies.scaling import ScalingPolicy

app = command_app()
main = app


@app.command()
def autoscale(
    broker: Annotated[str, BROKER],
    least: Annotated[int, typer.Option("--min", min=0, help="Workers that stay when nothing waits.", metavar="N")] = 0,
    most: Annotated[
        int | None, typer.Option("--max", min=1, help="Most workers; by default as many as have cores.", metavar="N")
    ] = None,
    cores: Annotated[int, typer.Option("--cores", min=1, help="Threads of one worker.", metavar="N")] = 1,
    policy: Annotated[str, typer.Option("--policy", help="backlog, or a plugin's.", metavar="NAME")] = "backlog",
) -> None:
    """Start and end workers of this machine by what waits at a broker, until Ctrl-C; those that go end their tasks."""
    import asyncio
    import os

    from murakkab.cli.interrupts import Interrupts
    from murakkab.engine.errors import UserError

    limit = most or max(len(os.sched_getaffinity(0)) // cores, least, 1)
    if limit < least:
        raise UserError(f"--max {limit} is below --min {least}", "Give a larger --max.")
    chosen = _policy(policy)

    async def go() -> None:
        with Interrupts():
            await _scale(broker, least, limit, cores, chosen)

    try:
        asyncio.run(go())
    except asyncio.CancelledError:
        typer.echo("Stopped.", err=True)


async def _scale(url: str, least: int, most: int, cores: int, policy: ScalingPolicy) -> None:
    import asyncio

    from murakkab.engine.broker import Broker
    from murakkab.scaling import Autoscaler, Bounds, LocalProcesses

    broker = Broker(url, "")
    await broker.reach()
    backend = LocalProcesses(url, cores, lambda: scaler.idle, _tell)
    scaler = Autoscaler("cpu", Bounds(least, most, cores), policy, backend, _tell)
    _tell(f"{least} to {most} workers of {cores} cores for {broker.shown} (Ctrl-C drains)")
    try:
        await scaler.run(broker)
    finally:
        await asyncio.to_thread(backend.close)
        await broker.close()


def _policy(name: str) -> Any:  # noqa: ANN401 - imported where it is used
    from murakkab.engine.errors import UserError
    from murakkab_optimizer.policies.scaling import scaling_policy

    try:
        return scaling_policy(name)
    except ValueError as fault:
        raise UserError(str(fault), "Leave --policy out for backlog.") from None


def _tell(text: str) -> None:
    typer.echo(f"autoscale: {text}", err=True)
