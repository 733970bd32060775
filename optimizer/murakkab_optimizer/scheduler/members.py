"""One worker, and ranks of idle workers."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from murakkab_optimizer.scheduler.machines import Machine

Key = tuple[int, ...]

LONG_S = 0.25
"""A task that is expected to take longer holds up for long what waits for its worker."""


class WorkerState:
    """One worker: it does one thing at a time, a task (``lease``) or loading a model (``loading``).

    ``number`` counts the workers as they join; ``large`` its large models; ``tied`` says that it is at something that
    takes no threads and may take long, for it is done elsewhere, or loads a large model; ``gone`` that it was lost,
    ``brings`` how many threads it adds to its machine, ``usable`` which models it can hold (None: all), ``room_mb`` how
    much memory its accelerator has (0: not known, or none).
    """

    __slots__ = (
        "brings",
        "gone",
        "large",
        "lease",
        "loading",
        "machine",
        "models",
        "name",
        "number",
        "room_mb",
        "threads",
        "tied",
        "usable",
        "wanted",
    )

    def __init__(
        self,
        name: str,
        number: int,
        machine: Machine,
        brings: int,
        usable: frozenset[str] | None = None,
        room_mb: int = 0,
    ) -> None:
        self.name = name
        self.number = number
        self.machine = machine
        self.brings = brings
        self.usable = usable
        self.room_mb = room_mb
        self.models: set[str] = set()
        self.wanted: list[str] = []
        self.lease: str | None = None
        self.loading: str | None = None
        self.threads = 0
        self.large = 0
        self.tied = False
        self.gone = False

    @property
    def idle(self) -> bool:
        """Whether it can be given something to do."""
        return self.lease is None and self.loading is None and not self.gone

    @property
    def plain(self) -> bool:
        """Whether it holds no large model and is free soon, once a thread is."""
        return not self.large and not self.tied

    def becomes(self, large: int | None = None, *, tied: bool | None = None) -> None:
        """It holds so many large models, or is tied or not; its machine counts it anew."""
        before = self.plain
        self.large = self.large if large is None else large
        self.tied = self.tied if tied is None else tied
        if more := self.plain - before:
            self.machine.has_plain(self.usable, more)

    def can(self, model: str) -> bool:
        """Whether the model can be used there."""
        return self.usable is None or model in self.usable

    @property
    def load(self) -> Key:
        """Orders workers by what they hold: the smallest first."""
        return (self.large, len(self.models), self.number)


class Rank:
    """Idle workers that fit a purpose, the best first.

    Workers are put in when they become idle and looked through when one is asked for: what does not fit any more is
    dropped then.
    """

    __slots__ = ("_fits", "_heap", "_keys")

    def __init__(self, fits: Callable[[WorkerState], bool]) -> None:
        self._fits = fits
        self._heap: list[tuple[Key, WorkerState]] = []
        self._keys: dict[WorkerState, Key] = {}

    def put(self, worker: WorkerState, key: Key) -> None:
        """Note an idle worker; keys of different workers differ."""
        if self._keys.get(worker) != key:
            self._keys[worker] = key
            heapq.heappush(self._heap, (key, worker))

    def best(self, threads: int) -> WorkerState | None:
        """The idle worker with the smallest key whose machine has so many threads free, and not held for others."""
        heap, keys = self._heap, self._keys
        full: list[tuple[Key, WorkerState]] = []
        found = None
        while heap and found is None:
            key, worker = heap[0]
            if keys.get(worker) == key:
                if worker.idle and self._fits(worker):
                    if worker.machine.free >= threads and not (threads and worker.machine.held):
                        found = worker
                        break
                    full.append(heap[0])
                else:
                    del keys[worker]
            heapq.heappop(heap)
        for entry in full:
            heapq.heappush(heap, entry)
        return found
