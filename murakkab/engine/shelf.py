"""The cache beside the loop: what tasks made before is looked up there, and what they make is put there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from murakkab.engine.cache import Result
from murakkab.engine.run import CACHED, LiveRun
from murakkab_optimizer.scheduler import Event
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev


class Shelf:
    """Looks up and keeps results in threads of its own.

    Args:
        apply: takes the events of a task that was made before.
        holds: whether a lease still counts.
        hand_over: sends an attempt to its worker.
        explain: words for what went wrong with a run.

    """

    def __init__(
        self,
        apply: Callable[[Event], None],
        holds: Callable[[str], bool],
        hand_over: Callable[[LiveRun, cmd.StartTask], None],
        explain: Callable[[Exception, LiveRun], str],
    ) -> None:
        self._apply, self._holds, self._hand_over, self._explain = apply, holds, hand_over, explain
        self._threads = ThreadPoolExecutor(2, "cache")
        self._jobs: set[asyncio.Task[None]] = set()

    def prepare(self, live: LiveRun) -> None:
        """Get a run's cache ready before its first task asks."""
        self._threads.submit(live.cache.prepare)

    def keep(self, live: LiveRun, event: Event) -> None:
        """Keep what a task has made."""
        if isinstance(event, ev.TaskFinished) and (made := live.cache.finished(event)) is not None:
            self._threads.submit(live.cache.keep, *made)

    def answer(self, live: LiveRun, command: cmd.StartTask) -> None:
        """Answer a task with what it made before; where there is nothing, or the cache breaks, its worker makes it."""
        job = asyncio.get_running_loop().create_task(self._answer(live, command))
        self._jobs.add(job)
        job.add_done_callback(partial(self._answered, live, command.lease))

    async def close(self) -> None:
        """Wait for what was begun."""
        await asyncio.gather(*self._jobs, return_exceptions=True)
        await asyncio.to_thread(self._threads.shutdown)

    async def _answer(self, live: LiveRun, command: cmd.StartTask) -> None:
        found = await self._found(live, command)
        if not self._holds(command.lease):
            self._apply(ev.TaskFailed(command.lease, "cancelled", retry=False))
        elif found is None:
            self._hand_over(live, command)
        else:
            self._apply(ev.TaskStarted(command.lease))
            for index, item in enumerate(found.items):
                self._apply(ev.ItemEmitted(command.lease, index, item.value, {**item.meta, CACHED: True}))
            meta = {**found.end.meta, CACHED: True}
            self._apply(ev.TaskFinished(command.lease, found.end.value, meta, found.seconds))

    async def _found(self, live: LiveRun, command: cmd.StartTask) -> Result | None:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, live.cache.look_up, command)
        except Exception as fault:
            self._explain(fault, live)
            return None

    def _answered(self, live: LiveRun, lease: str, job: asyncio.Task[None]) -> None:
        """A fault on the way to a worker ends the attempt, and with it the run: nobody is at it."""
        self._jobs.discard(job)
        if not job.cancelled() and isinstance(fault := job.exception(), Exception):
            self._apply(ev.TaskFailed(lease, self._explain(fault, live), retry=False))
