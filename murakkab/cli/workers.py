"""``murakkab workers``: lists the workers at a broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from murakkab.cli.common import BROKER, command_app

if TYPE_CHECKING:
    from murakkab.engine.broker import Look

app = command_app()
main = app


@app.command()
def workers(
    broker: Annotated[str, BROKER],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List the slots of all workers: machine, device, models held, and what they are at."""
    import asyncio

    look = asyncio.run(_read(broker))
    rows = sorted((_row(*found) for found in look.slots), key=lambda row: row["slot"])
    if json:
        import json as encoder

        for row in rows:
            typer.echo(encoder.dumps(row))
    elif not rows:
        typer.echo(f"No workers there. Start one: murakkab worker --broker {_shown(broker)}")
    else:
        _print(rows)


async def _read(url: str) -> Look:
    from murakkab.engine.broker import Broker

    broker = Broker(url, "")
    try:
        await broker.reach()
        return await broker.read()
    finally:
        await broker.close()


def _row(slot: Any, state: Any, age_s: float) -> dict[str, Any]:  # noqa: ANN401 - imported where it is used
    """What is known of one slot."""
    from murakkab.engine.slots import LOST_S
    from murakkab_runtimes.workers.cluster import wire

    at = "lost" if age_s > LOST_S else "leaving" if slot.draining else "starting" if state is None else "idle"
    if at == "idle" and (state.engine or state.full):
        at = "busy" if state.engine else "full"
    return {
        "slot": slot.name,
        "machine": slot.machine,
        "device": slot.device,
        "accelerator": ", ".join(slot.accelerator.uuids) if slot.accelerator else "",
        "cores": slot.cores,
        "memory_mb": slot.memory_mb,
        "pace": slot.pace,
        "status": at,
        "task": state.lease if state else "",
        "models": list(state.models) if state else [],
        "version": slot.version,
        "catalogue": slot.digest,
        "misfit": wire.misfit(slot, wire.this_version(), wire.catalogue_digest()),
        "heard_s": round(age_s, 1),
    }


def _print(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("SLOT", "MACHINE", "DEVICE", "THREADS", "STATUS", "TASK", "MODELS"):
        table.add_column(title, overflow="fold")
    for row in rows:
        status = "unfit" if row["misfit"] else row["status"]
        cells = (row["slot"], row["machine"], row["device"], str(row["cores"]), status, row["task"])
        table.add_row(*cells, " ".join(row["models"]))
    Console().print(table)
    for machine in sorted({row["machine"] for row in rows if row["status"] == "full"}):
        typer.echo(f"full: {machine} takes no tasks until there is room on its disk again", err=True)
    for reason in sorted({row["misfit"] for row in rows if row["misfit"]}):
        typer.echo(f"unfit for an engine here: {reason}", err=True)


def _shown(broker: str) -> str:
    from murakkab.engine.broker import without_password

    return without_password(broker)
