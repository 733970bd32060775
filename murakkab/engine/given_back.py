"""Tasks that slots gave back, since there was no room where they are."""

from __future__ import annotations

from murakkab_optimizer.scheduler.events import parse_lease


class GivenBack:
    """What was given back of the runs in hand, and by whom."""

    def __init__(self) -> None:
        self._by_run: dict[str, set[tuple[str, str]]] = {}

    def again(self, slot: str, lease: str) -> bool:
        """Note that a slot gave an attempt back; returns whether it did so before with the same task.

        If it did, the room that it had found since does not suffice: the next attempt there would end so, too.
        """
        known, given = self._by_run.setdefault(parse_lease(lease)[0], set()), (slot, lease.rsplit("#", 1)[0])
        found = given in known
        known.add(given)
        return found

    def is_new(self, run: str) -> bool:
        """Whether nothing of a run was given back so far."""
        return run not in self._by_run

    def forget(self, run: str) -> None:
        """A run is over."""
        self._by_run.pop(run, None)
