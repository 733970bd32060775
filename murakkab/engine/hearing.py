"""What an engine makes of what it hears of slots: nothing counts twice, what got lost is missed, deaths are counted."""

from __future__ import annotations

import time
from collections.abc import Container

from murakkab_runtimes.workers.cluster import wire

DEADLY = 2
"""A task at which this many processes ended is not tried again."""

UNHEARD = 5
"""The same for a task at which so many slots fell silent: as a rule their machines went, whatever they were at."""


RECENT_S = 3600.0
"""An answer to what was asked for longer ago than this does not come any more."""


class Recent:
    """Leases that were noted within the last hour."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def __contains__(self, lease: str) -> bool:
        """Whether a lease was noted and is not forgotten."""
        return lease in self._since

    def add(self, lease: str) -> None:
        """Note a lease, and forget those that are too old."""
        now = time.monotonic()
        self._since.pop(lease, None)
        self._since[lease] = now
        while now - self._since[oldest := next(iter(self._since))] > RECENT_S:
            del self._since[oldest]

    def discard(self, lease: str) -> None:
        """Forget a lease."""
        self._since.pop(lease, None)


class Hearing:
    """Follows the numbers of each process."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._places: dict[str, tuple[str, int]] = {}

    def is_new(self, said: wire.Said) -> bool:
        """Whether this comes for the first time."""
        if said.number <= self._last.get(said.child, 0):
            return False
        self._last[said.child] = said.number
        return True

    def missed_some(self, said: wire.Said, lease: str) -> bool:
        """Whether the broker lost something that came before this: a result without an item of it would be wrong."""
        before, place = self._places.get(said.child, (lease, -1))
        self._places[said.child] = (lease, said.place)
        return said.place != (place + 1 if before == lease else 0)

    def keep(self, children: Container[str]) -> None:
        """Forget all other processes: they are gone."""
        self._last = {child: number for child, number in self._last.items() if child in children}
        self._places = {child: place for child, place in self._places.items() if child in children}


class Deaths:
    """At which tasks workers ended.

    Args:
        limit: a task at which so many ended is given up.

    """

    def __init__(self, limit: int = DEADLY) -> None:
        self._limit = limit
        self._by_task: dict[str, list[str]] = {}

    def count(self, lease: str, how: str) -> str:
        """Note that a worker ended at an attempt; returns why its task is to be given up, if it is."""
        deaths = self._by_task.setdefault(_task(lease), [])
        deaths.append(how)
        if len(deaths) < self._limit:
            return ""
        del self._by_task[_task(lease)]
        return f"{len(deaths)} workers ended at it and it is not tried again: {'; '.join(deaths)}"

    def forget(self, lease: str) -> None:
        """An attempt was finished."""
        self._by_task.pop(_task(lease), None)

    def forget_run(self, run: str) -> None:
        """A run is over."""
        self._by_task = {task: deaths for task, deaths in self._by_task.items() if not task.startswith(f"{run}/")}


def _task(lease: str) -> str:
    """The task that an attempt is at."""
    return lease.rsplit("#", 1)[0]
