"""The kernel hears of players as long as they are there, and of their leaving."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from murakkab.engine import Engine, EngineOptions, players
from murakkab.engine.players import Players
from murakkab.engine.run import LiveRun
from murakkab.language import load_workflow
from murakkab_optimizer.scheduler import Command, Event
from murakkab_optimizer.scheduler import events as ev
from tests.engine.conftest import TROUBLE

WAIT_S = 30.0


class Watching:
    """An observer that notes what the kernel is told of players."""

    def __init__(self) -> None:
        self.told: list[Event] = []
        self.news = asyncio.Event()

    def happened(self, event: Event, _commands: Sequence[Command], _live: LiveRun | None, _now: float) -> None:
        if isinstance(event, ev.PlaybackMoved | ev.PlaybackLeft):
            self.told.append(event)
            self.news.set()

    def ended(self, _live: LiveRun, _now: float) -> None: ...

    def context(self, _lease: str) -> str:
        return ""

    def close(self) -> None: ...


@pytest.fixture(autouse=True)
def gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(players, "GONE_S", 0.1)


def test_the_kernel_is_told_where_players_are_how_fast_they_play_and_that_they_left(tmp_path: Path) -> None:
    (tmp_path / "trouble.yaml").write_text(TROUBLE)

    async def scenario() -> list[Event]:
        watching = Watching()
        engine = Engine(EngineOptions(tmp_path / "runs", cores=1, observers=(lambda _: watching,)))
        await engine.start()
        try:
            held = {"how": "hang", "until": str(tmp_path / "done")}
            run = await engine.submit(load_workflow(tmp_path / "trouble.yaml"), held, run="r")
            await engine.playback(run, {"position_s": 3.0, "rate": 2.0})
            while len(watching.told) < 2:
                watching.news.clear()
                await asyncio.wait_for(watching.news.wait(), WAIT_S)
            (tmp_path / "done").touch()
            await asyncio.wait_for(engine.wait(run), WAIT_S)
        finally:
            await engine.close()
        return watching.told

    assert asyncio.run(scenario()) == [ev.PlaybackMoved("r", 3.0, rate=2.0), ev.PlaybackLeft("r")]


def test_one_that_goes_on_reporting_is_there_and_a_closed_engine_is_told_nothing() -> None:
    async def scenario() -> list[str]:
        left: list[str] = []
        there = Players(left.append)
        for run in ("one", "two", "one"):
            there.heard(run)
        await asyncio.sleep(3 * players.GONE_S)
        there.heard("three")
        there.close()
        await asyncio.sleep(2 * players.GONE_S)
        return left

    assert asyncio.run(scenario()) == ["two", "one"]
