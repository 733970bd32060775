"""A real podcast on two worker processes, with one of them killed."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from murakkab.engine import Engine
from murakkab.language import load_workflow, workflow_folder
from tests.cluster.conftest import Server, Worker, wait_for, with_engine

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]


@pytest.fixture
def toys() -> None:
    """The models are the real ones."""


@pytest.mark.parametrize("fault", ["", "kill"])
def test_a_podcast_is_made_on_two_machines(tmp_path: Path, fault: str) -> None:
    server = Server(tmp_path)
    server.start()
    workers = [Worker(server.url, name, 1, tmp_path / f"{name}.log") for name in ("a", "b")]

    async def scenario(made: Engine) -> None:
        inputs = {"topic": "how tides work", "duration": 20}
        run = await made.submit(load_workflow(workflow_folder() / "podcast.yaml"), inputs, seed=7)
        machines = set()
        async for event in made.events(run):
            machines |= {name[0] for name in made._driver.fleet._busy}
            if fault and event["event"] == "run.first_segment":
                fleet = made._driver.fleet
                (name, *_) = [n for n, lease in fleet._busy.items() if "/hosts/" in lease] or list(fleet._busy)
                os.kill(fleet.pids()[name], signal.SIGKILL)
        end = await asyncio.wait_for(made.wait(run), 300)
        assert end["status"] == "succeeded", end
        assert end["duration_s"] > 10
        assert Path(end["video"]).stat().st_size > 10_000
        assert machines == {"a", "b"}
        print({name: end[name] for name in ("ttff_s", "stall_s", "duration_s", "made_in_s")})

    try:
        wait_for(lambda: server.client.zcard("murakkab:slots") == 6)
        with_engine(server.url, tmp_path, scenario)
    finally:
        codes = [worker.end() for worker in workers]
        server.stop()
    assert codes == [0, 0]
