"""Work that goes on at one pace."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable

Action = Callable[[], object]


class Lane:
    """What is to be done when so much work was done, the first in front."""

    def __init__(self) -> None:
        self._done = 0.0
        self._todo: list[tuple[float, int, Action]] = []

    def __bool__(self) -> bool:
        return bool(self._todo)

    def put(self, seconds: float, number: int, action: Action) -> None:
        """Do something after so many seconds of work; of what is due at once, what has the smallest number first."""
        heapq.heappush(self._todo, (self._done + seconds, number, action))

    def due(self, now: float, pace: float) -> float:
        """When the first is to be done if work goes on at a pace, in seconds of work a second."""
        return now + (self._todo[0][0] - self._done) / pace if self._todo else math.inf

    def go_on(self, seconds: float) -> None:
        """So many seconds of work were done."""
        self._done += seconds

    def pop(self) -> Action:
        """Take the first out: the work before it is done."""
        self._done, _, action = heapq.heappop(self._todo)
        return action
