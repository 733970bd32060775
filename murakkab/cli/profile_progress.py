"""How far a measurement is: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import typer
from rich.console import Console

from murakkab.cli.wording import clock

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

EVERY_S = 10.0
"""Seconds between two lines."""


class Shown(Protocol):
    """What is told of a measurement."""

    def at(self, what: str) -> None:
        """Say what is done now."""

    def done(self, what: str) -> None:
        """Count one configuration."""


class Lines:
    """A line for the first configuration, then one every few seconds, with the time that is left at this pace.

    Args:
        count: of all configurations.
        every_s: seconds between two lines.
    """

    def __init__(self, count: int, every_s: float = EVERY_S) -> None:
        self._count, self._every_s, self._made = count, every_s, 0
        self._began = time.monotonic()
        self._next = self._began

    def at(self, what: str) -> None:
        """Nothing is told before it is done."""

    def done(self, what: str) -> None:
        """Count one configuration; tell it where it is time to."""
        self._made += 1
        now = time.monotonic()
        if now >= self._next or self._made == self._count:
            self._next = now + self._every_s
            passed = now - self._began
            left = passed / self._made * (self._count - self._made)
            typer.echo(
                f"{self._made} of {self._count} after {clock(passed)}, about {clock(left)} left: {what}", err=True
            )


@contextmanager
def shown(count: int) -> Iterator[Shown]:
    """What shows the progress of so many configurations."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Lines(count)
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=console) as progress:
        yield _Bar(progress, progress.add_task("", total=count))


class _Bar:
    """A bar of rich."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task

    def at(self, what: str) -> None:
        """Write it beside the bar."""
        self._progress.update(self._task, description=what)

    def done(self, what: str) -> None:
        """Move the bar."""
        self._progress.update(self._task, advance=1, description=what)
