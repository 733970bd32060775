"""What slots say, once what they made is here: in the order of each slot, and none waits for another one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from murakkab.engine.fleet import OnBarren
from murakkab.engine.shared import SharedStore
from murakkab_optimizer.scheduler.events import ItemEmitted, TaskFinished, parse_lease
from murakkab_runtimes.mirror import StoreFault
from murakkab_runtimes.workers.cluster import wire


class Inbox:
    """Hands on what slots say; artifacts that must be fetched are fetched first, beside the loop.

    Args:
        shared: store that they come from.
        take: called with what was said, and with why what was made is not to be had any more; empty where it is here.
        wanted: whether anybody waits for what an attempt makes.
        on_barren: as for ``Fleet``.

    """

    def __init__(
        self,
        shared: SharedStore,
        take: Callable[[wire.Said, str], None],
        wanted: Callable[[str], bool],
        on_barren: OnBarren,
    ) -> None:
        self._shared, self._take, self._wanted, self._on_barren = shared, take, wanted, on_barren
        self._waiting: dict[str, deque[wire.Said]] = {}
        self._jobs: set[asyncio.Task[None]] = set()

    def __contains__(self, slot: str) -> bool:
        """Whether something that a slot said is still to be taken in."""
        return slot in self._waiting

    def put(self, said: wire.Said) -> None:
        """Take in what a slot said, after what it said before."""
        if said.slot in self._waiting:
            self._waiting[said.slot].append(said)
        elif isinstance(said.reply, ItemEmitted | TaskFinished):
            self._waiting[said.slot] = deque([said])
            job = asyncio.get_running_loop().create_task(self._work(said.slot))
            self._jobs.add(job)
            job.add_done_callback(self._jobs.discard)
        else:
            self._take(said, "")

    async def close(self) -> None:
        """Take in nothing more."""
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)

    async def _work(self, slot: str) -> None:
        waiting = self._waiting[slot]
        while waiting:
            try:
                self._take(waiting[0], await self._fetch(waiting[0].reply))
            except Exception as fault:
                self._on_barren(fault, _run(waiting[0]))
            waiting.popleft()
        del self._waiting[slot]

    async def _fetch(self, reply: object) -> str:
        """Get what was made; returns why that is not to be had any more. The run of what cannot be reached fails."""
        if isinstance(reply, ItemEmitted | TaskFinished) and self._wanted(reply.lease):
            try:
                await self._shared.take(reply)
            except FileNotFoundError as fault:
                return f"what it made is not in the store any more: {fault}"
            except (OSError, StoreFault) as fault:
                self._on_barren(f"what a worker made cannot be fetched: {fault}", parse_lease(reply.lease)[0])
        return ""


def _run(said: wire.Said) -> str:
    """The run that something was said of; empty where it was of none."""
    lease = getattr(said.reply, "lease", "")
    return parse_lease(lease)[0] if lease else ""
