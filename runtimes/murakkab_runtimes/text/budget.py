"""How the length that was asked for is shared out between opening, exchanges and closing."""

from __future__ import annotations

from dataclasses import dataclass

EXCHANGE_S = 13.0
"""One question with an answer of two sentences and a reaction."""


@dataclass(frozen=True)
class Budget:
    """Seconds and counts of an episode of ``duration`` seconds.

    ``brief`` episodes have one opening turn and one closing turn; ``tiny`` ones do not speak their question.
    """

    duration: float

    @property
    def tiny(self) -> bool:
        """Whether there is time for one answer only."""
        return self.duration < 14

    @property
    def brief(self) -> bool:
        """Whether the hosts have no time to introduce themselves."""
        return self.duration < 34

    @property
    def opening_s(self) -> float:
        """Seconds of the opening section."""
        return 2.6 if self.brief else 9.0

    @property
    def closing_s(self) -> float:
        """Seconds of the closing section."""
        return 2.6 if self.brief else 6.5

    @property
    def exchanges(self) -> int:
        """Number of questions."""
        return max(1, round((self.duration - self.opening_s - self.closing_s) / EXCHANGE_S))

    @property
    def section_sizes(self) -> list[int]:
        """Questions in each section; long episodes have longer sections."""
        total = self.exchanges
        size = 1 if total < 3 else 2 if total <= 16 else 3 if total <= 60 else 4
        full, rest = divmod(total, size)
        return [size] * full + ([rest] if rest else [])

    def until(self, done: int, total: int) -> float:
        """Seconds from the episode's start at which ``done`` of ``total`` exchanges should be over."""
        between = self.duration - self.opening_s - self.closing_s
        return round(self.opening_s + between * done / max(1, total), 2)
