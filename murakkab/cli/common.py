"""What the commands share; imports nothing heavy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

RUNS: Any = typer.Option("--runs", envvar="MURAKKAB_RUNS", help="Folder of the runs.", metavar="DIR")

BROKER: Any = typer.Option(
    "--broker",
    envvar="MURAKKAB_BROKER",
    help="Redis at which workers of other machines are: redis://host:6379/0",
    metavar="URL",
)

STORE: Any = typer.Option(
    "--store",
    envvar="MURAKKAB_STORE",
    help="With --broker: where artifacts go when the machines share no folder: s3://bucket/prefix",
    metavar="URL",
)

USE: Any = typer.Option("--use", help="Pin a model (or NODE.KNOB=VALUE a knob); may be repeated.", metavar="NODE=MODEL")

CLUSTER: Any = typer.Option(
    "--cluster", help="A cluster file or a shipped one, in place of this machine.", metavar="FILE|NAME"
)


def command_app(*, no_args_is_help: bool = False) -> typer.Typer:
    """Return the typer application of one command, set up like all others (plain help, no pretty tracebacks)."""
    return typer.Typer(
        add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=no_args_is_help
    )


@contextmanager
def stopping() -> Iterator[None]:
    """Turn Ctrl-C into one line and the exit code that belongs to it."""
    try:
        yield
    except KeyboardInterrupt:
        from murakkab.cli.faults import INTERRUPTED

        typer.echo("murakkab: stopped", err=True)
        raise typer.Exit(INTERRUPTED) from None


def check_output(file: Path | None, flag: str) -> None:
    """Refuse a file that could not be written, before work is done for it.

    Raises:
        UserError: its folder is none or may not be written to, or it is a folder.
    """
    if file is None:
        return
    folder, why = file.absolute().parent, ""
    if file.is_dir():
        why = "it is a folder"
    elif not folder.is_dir():
        why = f"there is no folder {folder}"
    elif not os.access(file if file.exists() else folder, os.W_OK):
        why = "no permission"
    if why:
        from murakkab.engine.errors import UserError

        raise UserError(f"cannot write {file}: {why}", f"Name another file with {flag}.")


def write_output(text: str, file: Path | None) -> None:
    """Write to a file, or to standard output where none is named.

    Raises:
        UserError: the file cannot be written.
    """
    if file is None:
        typer.echo(text, nl=False)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as fault:
        from murakkab.engine.errors import UserError

        raise UserError(f"cannot write {file}: {fault.strerror}", "Name another file with -o.") from None
    typer.echo(f"Wrote {file}", err=True)
