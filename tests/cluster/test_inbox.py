"""What an engine makes of artifacts that come late, or never, from a store."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from murakkab.engine.inbox import Inbox
from murakkab.engine.shared import SharedStore
from murakkab_optimizer.scheduler.events import ItemEmitted, TaskFinished, TaskProgressed
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.mirror import Mirror
from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.messages import Run

A, B = "r/n/0#1", "r/n/1#1"


class Engine:
    """An inbox, and what came out of it; the store lies in a folder."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "shared"
        shared = SharedStore(f"file://{self.store}", "e")
        request = Run(A, str(folder / "here"), load_catalog()["toy-double"], {}, 1, {}, 0)
        shared.give(shared.addressed(request))
        self.worker = Mirror(f"file://{self.store}/r", folder / "there")
        self.taken: list[tuple[str, int, bool]] = []
        self.failed: list[tuple[str, str]] = []
        self.inbox = Inbox(shared, self.take, lambda lease: lease != "r/cancelled/-#1", self.fail)

    def take(self, said: wire.Said, gone: str) -> None:
        self.taken.append((said.slot, said.number, bool(gone)))

    def fail(self, reason: str | Exception, run: str = "") -> None:
        self.failed.append((str(reason), run))

    def hear(self, slot: str, number: int, reply: TaskFinished | ItemEmitted | TaskProgressed) -> None:
        self.inbox.put(wire.Said(slot, f"child of {slot}", number, number - 1, reply))

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not true():
                await asyncio.sleep(0.005)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setattr("murakkab.engine.shared.TRIES_S", (*[0.01] * 3, math.inf))
    return Engine(tmp_path)


def test_what_comes_late_keeps_its_order_and_nobody_else_waits_for_it(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("murakkab.engine.shared.TRIES_S", (*[0.01] * 2000, math.inf))
    late, there = engine.worker.put([1]), engine.worker.put([2])
    (file,) = engine.store.rglob(late)
    file.rename(tmp_path / "late")

    async def go() -> None:
        engine.hear("a", 1, ItemEmitted(A, 0, late))
        engine.hear("a", 2, TaskProgressed(A, 0.5))
        engine.hear("b", 1, TaskFinished(B, there))
        await engine.until(lambda: "b" not in engine.inbox)
        assert engine.taken == [("b", 1, False)]
        assert "a" in engine.inbox
        (tmp_path / "late").rename(file)
        await engine.until(lambda: "a" not in engine.inbox)

    asyncio.run(go())
    assert engine.taken[1:] == [("a", 1, False), ("a", 2, False)]
    assert not engine.failed


def test_what_is_gone_is_told_and_fails_no_run(engine: Engine) -> None:
    name = engine.worker.put([1])
    (file,) = engine.store.rglob(name)
    file.unlink()

    async def go() -> None:
        engine.hear("a", 1, TaskFinished(A, name))
        engine.hear("a", 2, TaskProgressed(B, 0.5))
        await engine.until(lambda: "a" not in engine.inbox)

    asyncio.run(go())
    assert engine.taken == [("a", 1, True), ("a", 2, False)]
    assert not engine.failed


def test_what_cannot_be_fetched_fails_the_run_that_it_is_of(engine: Engine) -> None:
    name = engine.worker.put([1])
    (file,) = engine.store.rglob(name)
    file.write_text("damaged")

    async def go() -> None:
        engine.hear("a", 1, TaskFinished(A, name))
        engine.hear("b", 1, TaskFinished("r/cancelled/-#1", name))
        await engine.until(lambda: "a" not in engine.inbox and "b" not in engine.inbox)

    asyncio.run(go())
    ((reason, run),) = engine.failed
    assert re.match("what a worker made cannot be fetched: .* is not what its name says", reason)
    assert run == "r"
    assert sorted(engine.taken) == [("a", 1, False), ("b", 1, False)]
