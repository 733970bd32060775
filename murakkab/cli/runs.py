"""``murakkab runs``: lists runs, removes some, keeps all within a budget."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from murakkab.cli.common import RUNS, command_app

if TYPE_CHECKING:
    from murakkab.engine import RunRecord

app = command_app()
main = app

_UNITS = {"": 1, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}


@app.callback(invoke_without_command=True)
def runs(
    context: typer.Context,
    runs: Annotated[Path, RUNS] = Path("runs"),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List the runs, the newest first."""
    context.obj = runs
    if context.invoked_subcommand is not None:
        return
    from murakkab.engine import RunStore

    records = RunStore(runs).list()
    if json:
        _print_json(records)
    elif not records:
        typer.echo(f"No runs in {runs} yet. Make one: murakkab run podcast --topic 'how tides work'")
    else:
        _print_table(records)


@app.command("rm")
def remove(context: typer.Context, ids: Annotated[list[str], typer.Argument(metavar="ID...")]) -> None:
    """Remove runs with all that they made."""
    from murakkab.engine import RunStore

    store = RunStore(context.obj)
    for run in ids:
        store.folder(run)
    for run in ids:
        store.remove(run)
        typer.echo(f"Removed {run}")


@app.command("gc")
def collect(
    context: typer.Context,
    budget: Annotated[str, typer.Option("--budget", help="Bytes that may stay, for example 5GB.", metavar="SIZE")],
    failed: Annotated[
        bool, typer.Option("--failed", help="Remove runs, too, that failed, were stopped or interrupted.")
    ] = False,
) -> None:
    """Remove the oldest finished runs until the others fit the budget; what could be resumed stays."""
    from murakkab.cli.wording import size
    from murakkab.engine import RunStore

    store = RunStore(context.obj)
    most, before = parse_size(budget), {record.run: record for record in store.list()}
    removed = store.collect(most, unfinished=failed)
    for run in removed:
        typer.echo(f"Removed {run} ({size(before[run].bytes)})")
    left = [record for run, record in before.items() if run not in removed]
    total = sum(record.bytes for record in left)
    typer.echo(f"{size(total)} in {len(left)} run{'s' * (len(left) != 1)} stay")
    spared = sum(record.status not in ("succeeded", "running") for record in left)
    if total > most and spared:
        typer.echo(f"{spared} of them could be resumed and are kept; --failed removes them, too")


def parse_size(text: str, example: str = "--budget 5GB") -> int:
    """Bytes of ``500MB``, ``1.5 GB`` or ``0``; UserError for anything else."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?\s*", text, re.IGNORECASE | re.ASCII)
    if match is None:
        from murakkab.engine import UserError

        raise UserError(f"'{text}' is no size", f"Write for example {example}.")
    return int(float(match[1]) * _UNITS[match[2].upper()])


def _print_json(records: list[RunRecord]) -> None:
    import msgspec

    for record in records:
        typer.echo(msgspec.json.encode(record).decode())


def _print_table(records: list[RunRecord]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from murakkab.cli.wording import printable, seconds, size

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("Run", "Status", "Length", "Made in", "Size", "Title"):
        table.add_column(title, no_wrap=title != "Title", overflow="fold" if title == "Run" else "ellipsis")
    for r in records:
        cells = (
            r.run,
            r.status,
            seconds(r.duration_s or None),
            seconds(r.made_in_s),
            size(r.bytes),
            printable(r.title),
        )
        table.add_row(*map(Text, cells))
    Console(highlight=False).print(table)
