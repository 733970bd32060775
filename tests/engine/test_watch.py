"""How long a worker may be silent before it is taken for hung."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from murakkab.engine.watched import COMPILE_S, SILENCE_S, WatchedFleet
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.workers.messages import Load, Request, Run


class Watched(WatchedFleet):
    """Workers that never say anything."""

    def __init__(self) -> None:
        super().__init__()
        self.killed: list[str] = []

    def send(self, worker: str, request: Request) -> None:
        """Nobody is there."""

    def _kill(self, worker: str, reason: str) -> None:
        self.killed.append(reason)

    def patience(self, worker: str) -> float:
        return self._watch[worker][1].when() - asyncio.get_running_loop().time()


@pytest.mark.parametrize(
    ("facts", "seconds"),
    [
        ({}, SILENCE_S),
        ({"load_s": 400.0}, 1200.0),
        ({"weights_mb": 50_000.0}, 1000.0),
        ({"weights_mb": 500.0, "knobs": {"compile": False}}, SILENCE_S),
        ({"weights_mb": 500.0, "knobs": {"compile": True}}, COMPILE_S),
    ],
)
def test_a_model_may_take_its_time_to_load_and_to_be_compiled(facts: dict[str, Any], seconds: float) -> None:
    card = msgspec.structs.replace(load_catalog()["toy-double"], **facts)

    async def go() -> None:
        fleet = Watched()
        fleet.load("a", Load(card))
        fleet.run("b", Run("r/n/-#1", "", card, card.knobs, 1, {}, 0))
        assert fleet.patience("a") == pytest.approx(seconds, abs=5.0)
        assert fleet.patience("b") == pytest.approx(seconds, abs=5.0)

    asyncio.run(go())


def test_a_load_in_settings_that_compile_may_take_as_long_as_such_a_task() -> None:
    card, knobs = load_catalog()["toy-double"], {"compile": True}

    async def go() -> None:
        fleet = Watched()
        fleet.load("a", Load(card, knobs=knobs))
        fleet.run("b", Run("r/n/-#1", "", card, knobs, 1, {}, 0))
        assert fleet.patience("a") == pytest.approx(fleet.patience("b"), abs=5.0)
        assert fleet.patience("a") > 2 * SILENCE_S

    asyncio.run(go())


def test_a_task_that_may_be_silent_for_longer_than_a_load_may() -> None:
    async def go() -> None:
        fleet = Watched()
        fleet.run("a", Run("r/n/-#1", "", load_catalog()["toy-double"], {}, 1, {}, 0), 2 * SILENCE_S)
        assert fleet.patience("a") == pytest.approx(2 * SILENCE_S, abs=5.0)

    asyncio.run(go())


def test_silence_counts_only_while_workers_can_be_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("murakkab.engine.watched.SILENCE_S", 0.01)
    card = load_catalog()["toy-double"]

    async def go() -> None:
        fleet, waited = Watched(), asyncio.Event()
        fleet._can_hear = lambda name: bool(waited.set())
        fleet.load("a", Load(card))
        await waited.wait()
        assert not fleet.killed
        fleet._can_hear = lambda name: True
        while not fleet.killed:
            await asyncio.sleep(0.01)
        assert len(fleet.killed) == 1

    asyncio.run(go())
