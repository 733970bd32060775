"""Lines and tables on standard output, no wider than people read."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from murakkab.cli.wording import printable

WIDTH = 100
"""Columns that are used at most."""


def console() -> Console:
    """Standard output in at most ``WIDTH`` columns, without codes where it is no terminal."""
    found = Console(highlight=False, markup=False, emoji=False)
    return Console(
        highlight=False, markup=False, emoji=False, width=min(found.width, WIDTH) if found.is_terminal else WIDTH
    )


def show(out: Console, body: RenderableType) -> None:
    """Print something, without spaces at the ends of lines where it is piped."""
    if out.is_terminal:
        out.print(body)
        return
    with out.capture() as captured:
        out.print(body)
    out.file.write("\n".join(line.rstrip() for line in captured.get().split("\n")))


def part(out: Console, title: str, body: RenderableType) -> None:
    """Print a part of a page under its title, an empty line before it."""
    show(out, Text(f"\n{title}", style="bold"))
    show(out, body)


def bullets(lines: Iterable[str]) -> Table:
    """Each line behind a dash."""
    table = Table.grid(padding=(0, 1, 0, 0))
    for line in lines:
        table.add_row(Text("-"), Text(printable(line)))
    return table


def table(*titles: str) -> Table:
    """A table without lines, with columns of these titles."""
    made = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title in titles:
        made.add_column(title)
    return made


def plain(text: str) -> Text:
    """A text on one line without control characters."""
    return Text(printable(text))


def grouped(remarks: Iterable[tuple[str, str]]) -> list[str]:
    """Each remark once, behind the names that it is made of."""
    names: dict[str, list[str]] = {}
    for name, remark in remarks:
        if remark:
            names.setdefault(remark, []).append(name)
    return [f"{', '.join(found)}: {remark}" for remark, found in names.items()]
