"""Slots that an engine dropped and takes again: what is left of before counts for nothing, and is in nobody's way."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from benchmarks.redis_server import Server
from murakkab.engine.celery_fleet import CeleryFleet
from murakkab_optimizer.scheduler.events import ModelLoaded, TaskFinished
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.messages import Load, Reply
from tests.cluster.test_losses import LOST_S, Heard, announce, request, with_fleet

A = "m-1"


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
        self._beat = self._number = 0

    async def look(self, lease: str | None = None) -> None:
        """The slot announces itself, idle or at an attempt ("" for a load); the engine takes that in."""
        self._beat += 1
        announce(self.server, A, self._beat)
        if lease is not None:
            state = wire.State(f"child of {A}", os.getpid(), self.fleet.id, lease)
            self.server.client.set(wire.state(A), msgspec.json.encode(state))
        await self.fleet._look()

    async def hear(self, reply: Reply | wire.Returned | wire.Died, place: int = 0) -> None:
        """The slot says something; the engine takes that in."""
        self._number += 1
        said = wire.Said(A, f"child of {A}", self._number, place, reply)
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


@pytest.fixture
def play(server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Engine], Awaitable[None]]], None]:
    """Play a scenario with an engine that has the slot."""
    monkeypatch.setattr("murakkab.engine.celery_fleet.POLL_S", 0.0)
    server.client.flushall()

    def played(scenario: Callable[[Engine], Awaitable[None]]) -> None:
        heard = All()

        async def go(fleet: CeleryFleet) -> None:
            engine = Engine(server, fleet, heard)
            await engine.joined()
            await scenario(engine)

        with_fleet(server, heard, go)

    return played


Play = Callable[[Callable[[Engine], Awaitable[None]]], None]


def test_a_load_of_before_takes_nothing_from_the_task_that_follows(play: Play, tmp_path: Path) -> None:
    async def scenario(engine: Engine) -> None:
        card = load_catalog()["toy-double"]
        engine.fleet.load(A, Load(card))
        await engine.lost()
        await engine.joined()
        asked = request(tmp_path, 1)
        engine.fleet.run(A, asked)
        await engine.hear(ModelLoaded(A, card.name))
        finished = TaskFinished(asked.lease, "v", {}, 1.0)
        await engine.hear(finished)
        assert engine.heard.replies[-1] == finished
        assert not any(isinstance(reply, ModelLoaded) for reply in engine.heard.replies)

    play(scenario)


def test_a_slot_is_taken_again_when_it_has_left_the_attempt_that_was_given_up(play: Play, tmp_path: Path) -> None:
    async def scenario(engine: Engine) -> None:
        lease, owner = request(tmp_path, 1).lease, wire.owner(A)
        engine.fleet.run(A, request(tmp_path, 1))
        await engine.look(lease)
        await engine.lost()
        async with asyncio.timeout(30):
            while engine.server.client.exists(owner):
                await asyncio.sleep(0.01)
        assert engine.server.client.exists(wire.cancelled(engine.fleet.id, lease))
        for _ in range(3):
            await engine.look(lease)
            assert not engine.fleet.pids()
        await engine.joined()
        assert not engine.heard.failing

    play(scenario)


def test_a_slot_is_taken_again_when_the_load_that_was_given_up_is_over(play: Play) -> None:
    async def scenario(engine: Engine) -> None:
        engine.fleet.load(A, Load(load_catalog()["toy-double"]))
        await engine.look("")
        await engine.lost()
        for _ in range(20):
            await engine.look("")
            assert not engine.fleet.pids()
            await asyncio.sleep(0.005)
        await engine.joined()

    play(scenario)


def test_an_order_that_was_given_up_is_taken_back_from_the_process(play: Play, tmp_path: Path) -> None:
    async def scenario(engine: Engine) -> None:
        client, orders = engine.server.client, wire.following(f"child of {A}")
        client.set(wire.session(f"child of {A}"), engine.fleet.id)
        engine.fleet.run(A, request(tmp_path, 1))
        async with asyncio.timeout(30):
            while not client.llen(orders):
                await asyncio.sleep(0.01)
            await engine.lost()
            while client.llen(orders):
                await asyncio.sleep(0.01)

    play(scenario)


def test_a_slot_that_gives_an_attempt_of_before_back_keeps_the_one_in_hand(play: Play, tmp_path: Path) -> None:
    async def scenario(engine: Engine) -> None:
        engine.fleet.run(A, request(tmp_path, 1))
        await engine.lost()
        await engine.joined()
        engine.fleet.run(A, request(tmp_path, 2))
        await engine.hear(wire.Returned(request(tmp_path, 1).lease, "no room"))
        assert engine.fleet.pids()
        await engine.hear(wire.Returned(request(tmp_path, 2).lease, "no room"))
        assert not engine.fleet.pids()
        assert engine.heard.lost[-1] == (A, "no room", False)

    play(scenario)


@pytest.mark.parametrize("gone", ["died", "returned"])
def test_a_slot_that_goes_while_the_broker_is_asked_for_it_is_not_joined_in_that_look(
    play: Play, tmp_path: Path, gone: str
) -> None:
    """An answer that the broker owes for long comes together with what the slot said meanwhile."""

    async def scenario(engine: Engine) -> None:
        lease, broker = request(tmp_path, 1).lease, engine.fleet._broker
        own = broker.own

        async def slowly(names: list[str]) -> set[str]:
            broker.own = own
            mine = await own(names)
            await engine.hear(wire.Died(lease, "killed") if gone == "died" else wire.Returned(lease, "no room"))
            return mine

        engine.fleet.run(A, request(tmp_path, 1))
        broker.own = slowly
        await engine.look(lease)
        assert not engine.fleet.pids()
        assert engine.heard.lost == [(A, "killed" if gone == "died" else "no room", gone == "died")]
        assert not engine.heard.failing

    play(scenario)
