"""One slot that only announces itself, and an engine that is led step by step, with a real Redis."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from benchmarks.redis_server import Server
from murakkab.engine.celery_fleet import CeleryFleet
from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.messages import Reply
from tests.cluster.test_losses import LOST_S, Heard, announce, with_fleet

A = "m-1"
"""The slot."""


class All(Heard):
    """What the fleet tells its engine, with all replies."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: list[object] = []

    def reply(self, worker: str, reply: object) -> None:
        super().reply(worker, reply)
        self.replies.append(reply)


class Engine:
    """A fleet, what it told, and the one slot that it knows."""

    def __init__(self, server: Server, fleet: CeleryFleet, heard: All) -> None:
        self.server, self.fleet, self.heard = server, fleet, heard
        self.child = f"child of {A}"
        self._beat = self._number = 0

    async def look(self, lease: str | None = None, *, draining: bool = False) -> None:
        """The slot announces itself, idle or at an attempt ("" for a load); the engine takes that in."""
        self._beat += 1
        announce(self.server, A, self._beat, draining=draining)
        engine = "" if lease is None else self.fleet.id
        state = wire.State(self.child, os.getpid(), engine, lease or "")
        self.server.client.set(wire.state(A), msgspec.json.encode(state))
        await self.fleet._look()

    async def hear(self, reply: Reply | wire.Returned | wire.Died, place: int = 0) -> None:
        """The slot says something; the engine takes that in."""
        self._number += 1
        said = wire.Said(A, self.child, self._number, place, reply)
        self.server.client.xadd(wire.replies(self.fleet.id), {"said": msgspec.json.encode(said)})
        await self.fleet._listen()

    async def joined(self, lease: str | None = None) -> None:
        """Look until the slot is the engine's."""
        async with asyncio.timeout(30):
            while not self.fleet.pids():
                await self.look(lease)

    async def lost(self) -> None:
        """The slot is not heard of for long."""
        with pytest.MonkeyPatch.context() as silence:
            silence.setattr(LOST_S, -1.0)
            await self.fleet._look()
        assert not self.fleet.pids()


Scenario = Callable[[Engine], Awaitable[None]]


def play(server: Server, scenario: Scenario, store: str = "") -> None:
    """Play a scenario with an engine that has the slot, and a store if one is named."""

    async def go(fleet: CeleryFleet) -> None:
        engine = Engine(server, fleet, heard)
        await engine.joined()
        await scenario(engine)

    server.client.flushall()
    heard = All()
    with pytest.MonkeyPatch.context() as fast:
        fast.setattr("murakkab.engine.celery_fleet.POLL_S", 0.0)
        with_fleet(server, heard, go, store)
