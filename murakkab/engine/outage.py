"""A broker that does not answer: since when."""

from __future__ import annotations

SILENT_S = 3.0
"""A broker that was not read for this long is away, or stands still: looks at it are half a second apart."""


class Outage:
    """Knows whether the broker answers.

    Args:
        now: in the clock of the engine.

    """

    def __init__(self, now: float) -> None:
        self._answered = now

    def silent(self, now: float) -> bool:
        """Whether nothing is known of slots for a while, since nothing could be read."""
        return now - self._answered > SILENT_S

    def over(self, now: float) -> None:
        """The broker was read, and took what was written."""
        self._answered = now
