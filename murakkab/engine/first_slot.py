"""How long an engine that starts waits for a first slot."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection

from murakkab.engine.broker import Broker
from murakkab.engine.slots import Slots

COMING_S = 180.0
"""So long it waits where a slot is starting, or an autoscaler starts workers for what waits."""

TAKEN_S = 5.0
"""After this long it goes on without one where other engines have all: its runs wait for those, and say so."""

_LOOK_S = 0.5


async def first_slot(
    up: asyncio.Event, broker: Broker, slots: Slots, taken: Callable[[], Collection[str]], patience_s: float
) -> bool:
    """Wait for a first slot; False where none comes, and where no other engine has any that will be free again.

    Args:
        up: set once there is one.
        broker: knows whether there is an autoscaler.
        slots: that were announced.
        taken: tells which of them other engines own.
        patience_s: how long to wait where nobody starts any.
    """
    began = time.monotonic()
    while not up.is_set():
        now = time.monotonic()
        if now - began > TAKEN_S and slots.all_taken(taken(), now):
            break
        if now - began > (COMING_S if await _is_coming(broker, slots, now) else patience_s):
            return False
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(up.wait(), _LOOK_S)
    return True


async def _is_coming(broker: Broker, slots: Slots, now: float) -> bool:
    with contextlib.suppress(OSError):
        return slots.any_starts(now) or await broker.is_scaled()
    return False
