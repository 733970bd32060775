"""What an engine knows of workers that are gone: nothing. A real Redis, and slots that only announce themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.redis_server import Server
from murakkab.engine.celery_fleet import CeleryFleet
from murakkab.engine.unfit import Unfit
from murakkab_optimizer.scheduler.events import TaskProgressed
from murakkab_runtimes.workers.cluster import wire
from tests.cluster.test_losses import Heard, announce, request, with_fleet


class Followed(Heard):
    """Keeps what tasks said."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[TaskProgressed] = []

    def reply(self, worker: str, reply: object) -> None:
        self.told += [reply] if isinstance(reply, TaskProgressed) else []


def forget(server: Server, name: str) -> None:
    server.client.delete(wire.announcement(name), wire.state(name))
    server.client.zrem(wire.SLOTS, name)


def test_a_slot_that_went_leaves_nothing_behind(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("murakkab.engine.celery_fleet.POLL_S", 0.0)
    monkeypatch.setattr("murakkab.engine.endings.REMEMBERED_S", 0.0)
    server.client.flushall()

    async def scenario(fleet: CeleryFleet) -> None:
        for number in range(3):
            name = f"m-{number}"
            announce(server, name, 1)
            await fleet._look()
            assert fleet._owned() == [name]
            fleet.run(name, request(tmp_path, number))
            await fleet._post.do(lambda: None)
            told = TaskProgressed(f"r/double/-#{number}", 0.5)
            fleet._take(wire.Said(name, f"child of {name}", 1, 0, told))
            fleet._take(wire.Said(name, f"child of {name}", 1, 0, told))
            assert len(heard.told) == number + 1, "what comes twice counts once"
            assert list(fleet._broker._tasks) == [name]
            await fleet._look()
            fleet._take(wire.Said(name, f"child of {name}", 1, 0, told))
            assert len(heard.told) == number + 1, "of one that is there everything is known"
            assert list(fleet._hearing._last) == list(fleet._hearing._places) == [f"child of {name}"]
            forget(server, name)
            fleet._drop(name, "it went")
            await fleet._look()
            assert not fleet._slots.known
            assert not fleet._broker._tasks
            assert not fleet._hearing._last
            assert not fleet._hearing._places

    heard = Followed()
    with_fleet(server, heard, scenario)


def test_a_machine_that_could_not_use_artifacts_long_ago_is_forgotten() -> None:
    unfit = Unfit()
    for hour in range(3):
        unfit.told(f"m{hour}", "r", "no mount", {"a"}, 3600.0 * hour)
        assert list(unfit._apart) == [f"m{hour}"]


def test_the_trouble_of_a_run_that_is_over_is_forgotten(server: Server) -> None:
    async def scenario(fleet: CeleryFleet) -> None:
        fleet._unfit.told("m", "r", "no mount", {"m"}, 0.0)
        fleet.ended("r")
        assert not fleet._unfit._runs

    with_fleet(server, Heard(), scenario)
