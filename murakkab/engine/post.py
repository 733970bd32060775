"""The post of an engine: what it sends to slots, in order, and since when a slot should be at it."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from murakkab.engine.broker import Broker
from murakkab.engine.letter import Letter
from murakkab.engine.shared import SharedStore
from murakkab.engine.slots import Seen
from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.messages import Load, Run

PICKUP_S = 10.0
"""A slot that is not at the task it was sent after this long has not got it."""

LEAVING_S = 2.0
"""The same for a slot that takes no more tasks."""

UPLOADS = 4
"""So many orders may have what they need put into the store at once."""


class Post:
    """Sends orders, and everything else that must come after them.

    An order that answers a reply travels with the next look at the replies (``gathering``, ``take``); everything else
    is done by a thread, one after the other. Before an order, what it needs is put into the store, beside all that; an
    order that nobody waits for by then is not sent. What does not get there becomes overdue.

    Args:
        engine: id of the engine.
        broker: to send over.
        shared: store that takes what a task needs first; None where the machines share a folder.
        on_there: called with a slot that has from now on what it was sent.

    """

    def __init__(
        self,
        engine: str,
        broker: Broker,
        shared: SharedStore | None,
        on_there: Callable[[str], None] = lambda slot: None,
    ) -> None:
        self._engine, self._broker, self._shared, self._on_there = engine, broker, shared, on_there
        self._sent: dict[str, tuple[str, float]] = {}  # attempt ("" for a load) and when; inf: on its way, -inf: lost
        self._letters: dict[str, Letter] = {}
        self._gathered: list[Letter] = []
        self._gathering = False
        self._marked: set[str] = set()
        self._thread = ThreadPoolExecutor(1, "broker")
        self._uploads = ThreadPoolExecutor(UPLOADS, "uploads")
        self._giving: set[str] = set()
        self._closing = False
        self._jobs: set[asyncio.Future[Any]] = set()

    def __contains__(self, slot: str) -> bool:
        """Whether a slot was sent something that it has not answered."""
        return slot in self._sent

    def is_overdue(self, seen: Seen, now: float) -> bool:
        """Whether a slot should be at what it was sent, and is not: it has not got it."""
        lease, sent = self._sent.get(seen.slot.name, ("", now))
        patience = LEAVING_S if seen.slot.draining else PICKUP_S
        state = seen.state
        return now - sent > patience and (state is None or (state.engine, state.lease) != (self._engine, lease))

    def is_on_its_way(self, slot: str) -> bool:
        """Whether what a slot was sent is still to get there: what it needs may have to be put into the store first."""
        return self._sent.get(slot, ("", 0.0))[1] == math.inf

    def answered(self, slot: str) -> None:
        """A slot is done with what it was sent, or is gone."""
        self._sent.pop(slot, None)
        self._letters.pop(slot, None)

    def close(self) -> None:
        """Do what is being done, and nothing more; blocks."""
        self._closing = True
        if self._shared is not None:
            self._shared.close()
        for threads in (self._uploads, self._thread):
            threads.shutdown(wait=True, cancel_futures=True)

    def addressed(self, request: Run) -> Run:
        """The request, with all that its worker must know of where artifacts are."""
        if self._shared is not None:
            return self._shared.addressed(request)
        self.mark(Path(request.store))
        return request

    def mark(self, store: Path) -> None:
        """Let workers know that they see this very folder."""
        if str(store) not in self._marked:
            store.mkdir(parents=True, exist_ok=True)
            (store / wire.MARK).write_text(self._engine, encoding="utf-8")
            self._marked.add(str(store))

    def forget(self, run: str) -> None:
        """A run is over: nothing of it is put into the store or fetched any more."""
        self._marked = {store for store in self._marked if Path(store).parent.name != run}
        if self._shared is not None:
            self._shared.forget(run)

    def withdraw(self, slot: str, lease: str) -> bool:
        """Do not send an attempt; whether that is possible, since what it needs is only being put into the store."""
        if lease not in self._giving:
            return False
        self.answered(slot)
        return True

    def send(self, slot: wire.Slot, request: Run | Load, child: str) -> None:
        """Send an order to a process of a slot."""
        letter = Letter(slot, wire.Order(self._engine, request), child)
        if self._gathering and self._shared is None and letter.lease:
            self._letters[slot.name] = letter
            self._sent[slot.name] = (letter.lease, time.monotonic())
            self._gathered.append(letter)
        elif self._shared is not None and isinstance(request, Run):
            self._give(letter, partial(self._shared.give, request))
        else:
            self._hand_over(letter, self._broker.post)

    @contextlib.contextmanager
    def gathering(self) -> Iterator[None]:
        """While entered, orders are gathered for ``take``."""
        self._gathering = True
        try:
            yield
        finally:
            self._gathering = False

    def take(self) -> list[Letter]:
        """The orders that were gathered; they are to be sent at once."""
        letters, self._gathered = self._gathered, []
        return letters

    def lose(self, letters: list[Letter]) -> None:
        """These did not get there."""
        for letter in letters:
            if (found := self._sent.get(letter.slot.name)) is not None and found[0] == letter.lease:
                self._sent[letter.slot.name] = (letter.lease, -math.inf)

    def refused(self, slot: str, lease: str) -> None:
        """The process of a slot does not wait any more: Celery brings it what it was sent."""
        letter = self._letters.pop(slot, None)
        if letter is not None and letter.lease == lease:
            self._hand_over(letter, self._broker.deliver)

    def do(self, action: Callable[..., None], *args: Any) -> asyncio.Future[Any]:  # noqa: ANN401 - whatever it takes
        """Do something with the broker beside the loop, in order."""
        job = asyncio.get_running_loop().run_in_executor(self._thread, action, *args)
        self._jobs.add(job)
        job.add_done_callback(self._done)
        return job

    def _done(self, job: asyncio.Future[Any]) -> None:
        self._jobs.discard(job)
        if not job.cancelled():
            job.exception()

    def _give(self, letter: Letter, give: Callable[[], None]) -> None:
        """Put what an order needs into the store, and send it after that."""
        self._sent[letter.slot.name] = (letter.lease, math.inf)
        self._giving.add(letter.lease)
        job = asyncio.get_running_loop().run_in_executor(self._uploads, give)
        self._jobs.add(job)
        job.add_done_callback(partial(self._given, letter))

    def _given(self, letter: Letter, job: asyncio.Future[Any]) -> None:
        self._done(job)
        self._giving.discard(letter.lease)
        if self._closing or self._sent.get(letter.slot.name) != (letter.lease, math.inf):
            return
        if job.cancelled() or job.exception() is not None:
            self._sent[letter.slot.name] = (letter.lease, -math.inf)
        else:
            self._hand_over(letter, self._broker.post)

    def _hand_over(self, letter: Letter, how: Callable[[Letter], None]) -> None:
        self._sent[letter.slot.name] = (letter.lease, math.inf)
        self.do(how, letter).add_done_callback(partial(self._is_there, letter))

    def _is_there(self, letter: Letter, job: asyncio.Future[Any]) -> None:
        """From now on the slot should be at it; at once where it cannot have got it."""
        if self._sent.get(letter.slot.name) == (letter.lease, math.inf):
            lost = job.cancelled() or job.exception() is not None
            self._sent[letter.slot.name] = (letter.lease, -math.inf if lost else time.monotonic())
            self._on_there(letter.slot.name)
