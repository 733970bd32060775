"""Results kept across runs: what is taken, why the rest is made, damage, budget, switches."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from murakkab.engine import Engine, EngineOptions
from murakkab.engine.cache import Item, Result, ResultCache, difference, digest
from murakkab_runtimes.artifacts import ArtifactStore
from tests.engine.conftest import SUMS, workflow

FRESH = "the seed is fresh: give --seed to repeat"

TOOLS = """
from beside import FACTOR


def scale(n: int) -> int:
    return FACTOR * n
"""

SCALE = """
apiVersion: murakkab/v1
kind: Workflow
inputs:
  n: integer
nodes:
  scaled:
    function: tools.py:scale
    cache: true
    n: ${{ inputs.n }}
outputs:
  scaled: ${{ nodes.scaled }}
"""


class Runs:
    """Makes runs one after the other, each with an engine of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "work.log"

    def make(self, text: str, inputs: dict[str, Any], *, cache: bool = True, **options: Any) -> dict[str, Any]:
        self.log.unlink(missing_ok=True)
        return asyncio.run(self._make(text, inputs, cache, options))

    async def _make(self, text: str, inputs: dict, cache: bool, options: dict) -> dict[str, Any]:
        engine = Engine(EngineOptions(self.folder / "runs", cores=1, cache=cache))
        await engine.start()
        try:
            run = await engine.submit(workflow(text, self.folder), inputs, **options)
            end = await asyncio.wait_for(engine.wait(run), 60)
            assert end["status"] == "succeeded", end["error"]
            events = [event async for event in engine.events(run)]
            self.verdicts = Counter(event["cache"] for event in events if event["event"] == "task.started")
            self.record = engine.store.record(run)
            return end["outputs"]
        finally:
            await engine.close()

    def sums(self, count: int = 4, *, text: str = SUMS, cache: bool = True, **options: Any) -> dict[str, Any]:
        return self.make(text, {"count": count, "log": str(self.log)}, cache=cache, **options)

    @property
    def work(self) -> int:
        """Pieces of work that the workers did in the last run."""
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def test_an_equal_run_with_an_equal_seed_is_not_made_again(runs: Runs) -> None:
    first = runs.sums(seed=7)
    assert runs.verdicts == {"never made before": 9}
    assert runs.work == 8
    assert runs.sums(seed=7) == first
    assert runs.verdicts == {"hit": 9}
    assert runs.work == 0
    assert runs.record.cache == {"hit": 9}


def test_the_reason_of_every_miss_is_told(runs: Runs) -> None:
    runs.sums(seed=7)
    runs.sums(5, seed=7)
    assert runs.verdicts == {"hit": 8, "argument 'count' 4 -> 5": 1, "never made before": 2}
    runs.sums(seed=8)
    assert runs.verdicts == {"hit": 1, "seed 7 -> 8": 8}
    runs.sums()
    assert runs.verdicts == {"hit": 1, FRESH: 8}
    assert runs.record.cache == {"hit": 1, FRESH: 8}
    runs.sums(seed=7, cache=False)
    assert runs.verdicts == {"off for this run": 9}
    off = SUMS.replace("    capability: toy-double", "    capability: toy-double\n    cache: false")
    runs.sums(text=off, seed=7)
    assert runs.verdicts == {"hit": 5, "off for this node": 4}


def test_the_results_of_a_function_are_kept_only_when_asked(runs: Runs) -> None:
    (runs.folder / "beside.py").write_text("FACTOR = 2\n")
    (runs.folder / "tools.py").write_text(TOOLS)
    plain = SCALE.replace("    cache: true\n", "")
    runs.make(plain, {"n": 4}, seed=1)
    runs.make(plain, {"n": 4}, seed=1)
    assert runs.verdicts == {"off for this node": 1}


def test_a_function_is_made_again_when_its_code_or_what_it_imports_changes(runs: Runs) -> None:
    (runs.folder / "tools.py").write_text(TOOLS)
    (runs.folder / "beside.py").write_text("FACTOR = 2")
    assert runs.make(SCALE, {"n": 3}, seed=1) == {"scaled": 6}
    assert runs.make(SCALE, {"n": 3}, seed=1) == {"scaled": 6}
    assert runs.verdicts == {"hit": 1}
    (runs.folder / "beside.py").write_text("FACTOR = 5")
    assert runs.make(SCALE, {"n": 3}, seed=1) == {"scaled": 15}
    assert runs.verdicts == {"its code changed": 1}
    runs.make(SCALE, {"n": 4}, seed=1)
    assert runs.verdicts == {"argument 'n' 3 -> 4": 1}


def test_a_run_without_the_cache_is_resumed_without_it(runs: Runs) -> None:
    async def go() -> dict[str, int]:
        (runs.folder / "tools.py").write_text("def scale(n):\n    raise ValueError\n")
        engine = Engine(EngineOptions(runs.folder / "runs", cores=1))
        await engine.start()
        try:
            text = SCALE.replace("tools.py:scale", "tools.py:scale\n    attempts: 1")
            run = await engine.submit(workflow(text, runs.folder), {"n": 2}, seed=1, cache=False)
            assert (await asyncio.wait_for(engine.wait(run), 60))["status"] == "failed"
            (runs.folder / "tools.py").write_text("def scale(n):\n    return n\n")
            await engine.resume(run)
            assert (await asyncio.wait_for(engine.wait(run), 60))["status"] == "succeeded"
            return engine.store.record(run).cache
        finally:
            await engine.close()

    assert asyncio.run(go()) == {"off for this run": 2}


def test_a_damaged_result_is_made_again(runs: Runs) -> None:
    first = runs.sums(seed=7)
    for file in (runs.folder / "runs" / ".cache" / "objects").rglob("*.txt"):
        content = file.read_bytes()
        file.unlink()
        file.write_bytes(content + b"0")
    assert runs.sums(seed=7) == first
    assert runs.verdicts == {"hit": 5, "its result is no longer kept": 4}
    assert runs.sums(seed=7) == first
    assert runs.verdicts == {"hit": 9}


def test_where_the_place_of_a_result_cannot_be_written_it_is_taken_all_the_same(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = runs.sums(seed=1)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ResultCache, "note_parts", full)
    assert runs.sums(seed=1) == made
    assert runs.verdicts == {"hit": 9}


def test_a_cache_that_breaks_leaves_the_work_to_workers(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no such case")

    monkeypatch.setattr(ResultCache, "get", broken)
    assert [item["sum"] for item in runs.sums(seed=1)["total"]] == [0, 2, 6, 12]
    assert runs.work == 8
    (log,) = runs.folder.rglob("faults.log")
    assert "no such case" in log.read_text()


def test_removing_runs_does_not_remove_what_is_kept(runs: Runs) -> None:
    first = runs.sums(seed=7)
    engine = Engine(EngineOptions(runs.folder / "runs"))
    engine.store.collect(0)
    assert engine.store.list() == []
    assert runs.sums(seed=7) == first
    assert runs.verdicts == {"hit": 9}


def filled(cache: ResultCache, store: ArtifactStore, number: int) -> str:
    key = digest(number)
    cache.put(key, Result((), Item(store.put("x" * 1000 + str(number))), 1.0), store)
    return key


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("murakkab.engine.cache._YOUNG_S", 0.0)
    store = ArtifactStore(tmp_path / "run")
    cache = ResultCache(tmp_path / "cache", budget_bytes=2500)
    keys = [filled(cache, store, number) for number in range(3)]
    for age, key in enumerate(keys):
        moment = time.time() - 100 + age
        os.utime(tmp_path / "cache" / "entries" / key[:2] / f"{key}.json", (moment, moment))
    assert cache.get(keys[0], store) is not None
    assert cache.trim() == 1003
    assert [cache.get(key, store) is not None for key in keys] == [True, False, True]
    assert cache.trim() == 0


@pytest.mark.parametrize("damage", [b"", b"{", b'{"items": 3}'])
def test_a_damaged_entry_counts_as_none(tmp_path: Path, damage: bytes) -> None:
    store = ArtifactStore(tmp_path / "run")
    cache = ResultCache(tmp_path / "cache")
    key = filled(cache, store, 1)
    (tmp_path / "cache" / "entries" / key[:2] / f"{key}.json").write_bytes(damage)
    assert cache.get(key, store) is None
    cache.trim()


def test_differences_in_words() -> None:
    before = {"model": "smollm2", "card": "a" * 64, "knob style": '"plain"', "argument 'text'": "b" * 64}
    assert difference(None, before) == "never made before"
    assert difference(before, before) == "its result is no longer kept"
    assert difference(before, before | {"model": "openai", "card": "c" * 64}) == "model smollm2 -> openai"
    assert difference(before, before | {"argument 'text'": "c" * 64}) == "argument 'text' changed"
    assert difference(before, before | {"knob style": '"bold"'}) == 'knob style "plain" -> "bold"'
    assert difference(before, {k: v for k, v in before.items() if k != "argument 'text'"}) == "argument 'text' changed"


def test_the_switch_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MURAKKAB_CACHE", "off")
    assert not EngineOptions(tmp_path).cache
    monkeypatch.delenv("MURAKKAB_CACHE")
    assert EngineOptions(tmp_path).cache


def test_equal_values_have_equal_digests_whatever_their_order() -> None:
    assert digest({"a": 1, "b": [2]}) == digest(msgspec.json.decode('{"b": [2], "a": 1}'))
