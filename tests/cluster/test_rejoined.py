"""Slots that an engine dropped and takes again: what is left of before counts for nothing, and is in nobody's way."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks.redis_server import Server
from murakkab.engine.hearing import DEADLY
from murakkab_optimizer.scheduler.events import ModelLoaded, TaskFailed, TaskFinished
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.messages import Load
from tests.cluster.lone_slot import A, Engine, play
from tests.cluster.test_losses import request


def test_a_load_of_before_takes_nothing_from_the_task_that_follows(server: Server, tmp_path: Path) -> None:
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

    play(server, scenario)


def test_a_slot_is_taken_again_when_it_has_left_the_attempt_that_was_given_up(server: Server, tmp_path: Path) -> None:
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

    play(server, scenario)


def test_a_slot_is_taken_again_when_the_load_that_was_given_up_is_over(server: Server) -> None:
    async def scenario(engine: Engine) -> None:
        engine.fleet.load(A, Load(load_catalog()["toy-double"]))
        await engine.look("")
        await engine.lost()
        for _ in range(20):
            await engine.look("")
            assert not engine.fleet.pids()
            await asyncio.sleep(0.005)
        await engine.joined()

    play(server, scenario)


def test_an_order_that_was_given_up_is_taken_back_from_the_process(server: Server, tmp_path: Path) -> None:
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

    play(server, scenario)


def test_a_slot_that_gives_an_attempt_of_before_back_keeps_the_one_in_hand(server: Server, tmp_path: Path) -> None:
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

    play(server, scenario)


@pytest.mark.parametrize("gone", ["died", "returned"])
def test_a_slot_that_goes_while_the_broker_is_asked_for_it_is_not_joined_in_that_look(
    server: Server, tmp_path: Path, gone: str
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

    play(server, scenario)


def load_when(engine: Engine, kind: type) -> None:
    """Do what a scheduler may do as a reply of this kind frees the slot: load a model there."""

    def reply(worker: str, reply: object) -> None:
        if isinstance(reply, kind):
            engine.fleet.load(A, Load(load_catalog()["toy-double"]))

    engine.fleet._on_reply = reply


def test_a_slot_that_is_lost_with_its_task_is_not_watched_for_a_load(server: Server, tmp_path: Path) -> None:
    async def scenario(engine: Engine) -> None:
        load_when(engine, TaskFailed)
        for attempt in range(DEADLY):
            asked = request(tmp_path, attempt + 1)
            await engine.joined()
            engine.fleet.run(A, asked)
            await engine.hear(wire.Died(asked.lease, "killed"))
            engine.child += "'"
        assert len(engine.heard.lost) == DEADLY
        await engine.joined()
        assert A not in engine.fleet._watch

    play(server, scenario)


def test_a_slot_that_leaves_is_sent_no_load(server: Server, tmp_path: Path) -> None:
    async def scenario(engine: Engine) -> None:
        load_when(engine, TaskFinished)
        asked = request(tmp_path, 1)
        engine.fleet.run(A, asked)
        await engine.look(asked.lease, draining=True)
        assert not engine.heard.lost
        await engine.hear(TaskFinished(asked.lease, "v", {}, 1.0))
        assert engine.heard.lost == [(A, "it leaves", False)]

    play(server, scenario)


def test_a_slot_whose_room_does_not_suffice_for_a_task_fails_at_it_the_second_time(
    server: Server, tmp_path: Path
) -> None:
    async def scenario(engine: Engine) -> None:
        full = "there is no room left"
        for attempt in (1, 2):
            assert not engine.heard.failed, "the first time counts for nothing: it is told"
            asked = request(tmp_path, attempt)
            engine.fleet.run(A, asked)
            await engine.hear(wire.Returned(asked.lease, full))
            assert engine.heard.waiting == [(full, "r")]
            await engine.joined()
        assert engine.heard.failed == [TaskFailed(asked.lease, full)]
        assert engine.heard.lost == [(A, full, False)] * 2
        engine.fleet.ended("r")
        engine.fleet.run(A, request(tmp_path, 3))
        await engine.hear(wire.Returned(request(tmp_path, 3).lease, full))
        assert len(engine.heard.failed) == 1

    play(server, scenario)
