"""Asks a policy how many workers there should be, and a backend to have them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from murakkab.engine.slots import LOST_S
from murakkab_optimizer.policies.scaling import QueueView, ScalingPolicy
from murakkab_runtimes.workers.cluster import wire

if TYPE_CHECKING:
    from murakkab.engine.broker import Broker, Look
    from murakkab.scaling.backend import Backend

LOOK_S = 1.0
"""Time between two looks at the broker."""


@dataclass(frozen=True)
class Bounds:
    """How many workers there may be.

    Attributes:
        least: that stay when nothing waits.
        most: that are ever started.
        width: threads (or devices) of one.

    """

    least: int
    most: int
    width: float


class Autoscaler:
    """Scales the workers of one queue; others at the broker are left alone, and count as there if they take tasks.

    Args:
        queue: of the workers: ``cpu``, or the type of an accelerator.
        bounds: of their number.
        policy: says how many there should be.
        backend: has so many.
        tell: takes what a person should know.

    """

    def __init__(
        self, queue: str, bounds: Bounds, policy: ScalingPolicy, backend: Backend, tell: Callable[[str], None]
    ) -> None:
        self._queue, self._bounds, self._policy, self._backend, self._tell = queue, bounds, policy, backend, tell
        self._version, self._digest = wire.this_version(), wire.catalogue_digest()
        self._told = bounds.least
        self._mine: set[str] = set()
        self.idle: frozenset[str] = frozenset()

    async def run(self, broker: Broker) -> None:
        """Look again and again, and let engines know that it does; while the broker is away, nothing changes."""
        self._backend.scale(self._queue, self._bounds.least)
        while True:
            with contextlib.suppress(OSError):
                await broker.scale()
                self.look(await broker.read(), await broker.waiting(), time.monotonic())
            await asyncio.sleep(LOOK_S)

    def look(self, look: Look, waiting: Iterable[wire.Waiting], now: float) -> None:
        """Have as many workers as are right for what waits."""
        mine = self._backend.workers(self._queue)
        self._mine |= mine
        working = [(slot, state) for slot, state, age in look.slots if self._takes_tasks(slot, state, age)]
        others = {slot.machine for slot, _ in working} - self._mine
        busy = {slot.machine for slot, state, _ in look.slots if state is not None and state.engine}
        self.idle = frozenset(mine - busy)
        running = sum(state is not None and bool(state.lease) for _, state in working)
        view = queue_view(self._queue, list(waiting))
        view = msgspec.structs.replace(
            view, now=now, workers=len(mine | others), width=self._bounds.width, running=running
        )
        size = self._policy.size(view)
        wanted = min(max(size.workers - len(others), self._bounds.least), self._bounds.most)
        if wanted != self._told:
            self._told = wanted
            self._tell(f"{self._queue}: {wanted} workers ({size.reason})")
        self._backend.scale(self._queue, wanted)

    def _takes_tasks(self, slot: wire.Slot, state: wire.State | None, age_s: float) -> bool:
        """Whether a slot is of the queue, lives, stays, has room, and fits engines of this version and catalogue."""
        if slot.device != self._queue or age_s > LOST_S or slot.draining:
            return False
        full = state is not None and state.full
        return not full and not wire.misfit(slot, self._version, self._digest)


def queue_view(queue: str, waiting: list[wire.Waiting]) -> QueueView:
    """What waits for the workers of one queue, of all engines together."""
    here = [one for one in waiting if one.queue == queue]
    return QueueView(
        queue=queue,
        tasks=sum(one.tasks for one in here),
        work_s=sum(one.work_s for one in here),
        oldest_s=max((one.oldest_s for one in here), default=0.0),
        slack_s=min((one.slack_s for one in here if one.slack_s is not None), default=None),
        demand=sum(one.demand for one in here),
        engines=len(here),
    )
