"""Who watches an engine: told of everything that happens, and free to do nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from murakkab_optimizer.scheduler import Command, Event

if TYPE_CHECKING:
    from murakkab.engine.run import LiveRun


class Observer(Protocol):
    """Watches; what it does must be quick, and what goes wrong in it fails no run."""

    def happened(self, event: Event, commands: Sequence[Command], live: LiveRun | None, now: float) -> None:
        """The scheduler answered an event with commands, which are carried out next.

        ``live`` is the run for which the event counts, if any; ``now`` is in seconds since the epoch.
        """

    def ended(self, live: LiveRun, now: float) -> None:
        """A run is over; its record has the figures."""

    def context(self, lease: str) -> str:
        """What the worker of an attempt is to be told of the trace that it is part of; empty for nothing."""

    def close(self) -> None:
        """The engine stops."""
