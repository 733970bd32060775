"""When nobody plays a run any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

GONE_S = 5.0
"""A player that has said nothing for this long is gone; pages report once a second."""


class Players:
    """Tells when all players of a run are gone.

    Args:
        left: is called in the loop with the name of the run.

    """

    def __init__(self, left: Callable[[str], None]) -> None:
        self._left = left
        self._until: dict[str, asyncio.TimerHandle] = {}

    def heard(self, run: str) -> None:
        """A player of the run has reported."""
        self._forget(run)
        self._until[run] = asyncio.get_running_loop().call_later(GONE_S, self._gone, run)

    def close(self) -> None:
        """Tell nothing more."""
        for run in list(self._until):
            self._forget(run)

    def _gone(self, run: str) -> None:
        self._forget(run)
        self._left(run)

    def _forget(self, run: str) -> None:
        if (waiting := self._until.pop(run, None)) is not None:
            waiting.cancel()
