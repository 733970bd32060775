"""What the server asks of an engine; ``murakkab.engine.Engine`` fits it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from murakkab.engine import RunRecord
from murakkab.language import Workflow

Event = dict[str, Any]


class Store(Protocol):
    """The folder of all runs."""

    def folder(self, run: str, /) -> Path:
        """Where the run's files are; UserError when there is no such run."""

    def list(self) -> Sequence[RunRecord]:
        """The records of all runs."""

    def record(self, run: str, /) -> RunRecord:
        """The record of one run; UserError when there is none."""


class EngineDoor(Protocol):
    """The doors of the engine that the server uses."""

    @property
    def store(self) -> Store:
        """Where runs are kept."""

    async def submit(
        self,
        workflow: Workflow,
        inputs: dict[str, Any],
        /,
        *,
        seed: int | None = None,
        requested_at: float | None = None,
    ) -> str:
        """Start a run, asked for at a time in Unix seconds, and return its name; UserError for unfit inputs."""

    def events(self, run: str, /, after: int = 0) -> AsyncIterator[Event]:
        """Events with a ``seq`` above ``after``, past ones first, until the run is finished."""

    async def cancel(self, run: str, /) -> None:
        """Stop a run."""

    async def resume(self, run: str, /) -> str:
        """Go on with a run that stopped before its end, and return its name; UserError where it cannot."""

    async def playback(self, run: str, report: dict[str, Any], /) -> None:
        """Take what the player measured."""
