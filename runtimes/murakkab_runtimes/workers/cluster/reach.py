"""Whether a slot can use the artifacts of a run: it sees what the engine left there."""

from __future__ import annotations

import time
from collections.abc import Callable

from murakkab_runtimes.artifacts import ArtifactStore, no_room
from murakkab_runtimes.mirror import Mirror, StoreFault
from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.messages import Run

TRUE_S = 0.5
"""What was found is true for this long."""


class Reach:
    """Looks for the engine's mark.

    Args:
        machine: name of this one, for people.
        store: of a run.

    """

    def __init__(self, machine: str, store: Callable[[Run], ArtifactStore]) -> None:
        self._machine, self._store = machine, store
        self._reached, self._found_at = ("", ""), 0.0

    def obstacle(self, request: Run, engine: str) -> str:
        """Why the artifacts of an engine's run cannot be used here; empty when they can.

        Raises:
            OSError: there is no room for copies of them.
        """
        place, now = (request.remote or request.store, engine), time.monotonic()
        if self._reached == place and now - self._found_at < TRUE_S:
            return ""
        try:
            found = self._mark(request)
        except (OSError, StoreFault) as fault:
            if no_room(fault):
                raise
            return self._told(request, str(fault))
        if found != engine:
            return self._told(request, "another engine's run is there")
        self._reached, self._found_at = place, now
        return ""

    def _mark(self, request: Run) -> str:
        store = self._store(request)
        if isinstance(store, Mirror):
            return store.read(wire.MARK).decode()
        return (store.root / wire.MARK).read_text()

    def _told(self, request: Run, reason: str) -> str:
        if request.remote:
            return (
                f"the machine {self._machine} cannot use the run's store {request.remote} ({reason}): "
                "give the worker the address of the store's server and its keys in the environment, as the engine has"
            )
        return (
            f"the machine {self._machine} cannot reach the run's folder {request.store} ({reason}): share the folder "
            "of the runs (NFS or the like) and mount it at the same path on every machine, or give the engine a --store"
        )
