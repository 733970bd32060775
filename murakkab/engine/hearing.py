"""What an engine makes of the stream of what slots say: nothing counts twice, and what the broker lost is missed."""

from __future__ import annotations

from murakkab_runtimes.workers.cluster import wire


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
