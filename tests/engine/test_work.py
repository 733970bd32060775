"""Every kind of work with real workers: loops, conditions, values, functions, joins; timeouts; outputs."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from murakkab.engine import Engine, EngineOptions
from tests.engine.conftest import workflow

TOOLS = """
import os
import subprocess
import sys
import time
from pathlib import Path
from pydantic import BaseModel
from beside import twice


class Try(BaseModel):
    number: int
    good: bool


def attempt(before: Try | None, goal: int) -> Try:
    number = before.number + 1 if before else 1
    return Try(number=number, good=number >= goal)


def count(n: int):
    for number in range(n):
        yield {"number": number}
    return n


def double(number: int) -> dict:
    print("doubling", number)
    return {"twice": twice(number)}


def total(n: int, previous: int | None = None) -> int:
    return n + (previous or 0)


def picture(text: str) -> dict:
    Path("it.txt").write_text(text)
    return {"image": Path("it.txt"), "words": len(text.split())}


def nap(flag: str) -> str:
    if Path(flag).exists():
        return "rested"
    Path(flag).write_text(str(subprocess.Popen(["sleep", "60"]).pid))
    time.sleep(60)


def read_all() -> str:
    return subprocess.run(["cat"], stdout=subprocess.PIPE, timeout=5).stdout.decode() + sys.stdin.read()


def leave_a_child() -> None:
    if os.fork() == 0:
        time.sleep(60)
    os._exit(3)


def broken() -> None:
    raise KeyError("gone")
"""

LOOP = """
apiVersion: murakkab/v1
kind: Workflow
inputs:
  goal: integer
nodes:
  search:
    repeat: 5
    until: ${{ nodes.attempt.good }}
    nodes:
      attempt:
        function: tools.py:attempt
        before: ${{ previous.attempt }}
        goal: ${{ inputs.goal }}
  summary:
    value:
      number: ${{ nodes.search.attempt.number }}
      found: ${{ nodes.search.attempt.good }}
outputs:
  summary: ${{ nodes.summary }}
"""

FAN = """
apiVersion: murakkab/v1
kind: Workflow
inputs:
  n: integer
nodes:
  numbers:
    function: tools.py:count
    n: ${{ inputs.n }}
    streams: number
  doubled:
    function: tools.py:double
    for_each: ${{ nodes.numbers }}
    when: ${{ item.number != 2 }}
    number: ${{ item.number }}
  sums:
    function: tools.py:total
    for_each: ${{ nodes.doubled }}
    join: ordered
    n: ${{ item.twice }}
  picture:
    function: tools.py:picture
    text: a small picture
outputs:
  doubled: ${{ nodes.doubled }}
  sums: ${{ nodes.sums }}
  picture: ${{ nodes.picture }}
  words: ${{ nodes.picture.words }}
"""

ONE = """
apiVersion: murakkab/v1
kind: Workflow
inputs:
  flag: {type: text, default: ""}
nodes:
  one:
    function: tools.py:%s
    %s
outputs:
  one: ${{ nodes.one }}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tools.py").write_text(TOOLS)
    (tmp_path / "beside.py").write_text("def twice(n):\n    return 2 * n\n")
    return tmp_path


def make(folder: Path, text: str, inputs: dict[str, Any], **options: Any) -> tuple[dict, list[dict], Path]:
    """Make a run and return its end, its events and its folder."""

    async def go() -> tuple[dict, list[dict], Path]:
        engine = Engine(EngineOptions(folder / "runs", cores=1))
        await engine.start()
        try:
            run = await engine.submit(workflow(text, folder), inputs, **options)
            end = await asyncio.wait_for(engine.wait(run), 60)
            return end, [event async for event in engine.events(run)], engine.store.folder(run)
        finally:
            await engine.close()

    return asyncio.run(go())


@pytest.mark.parametrize(("goal", "rounds", "found"), [(3, 3, True), (9, 5, False)])
def test_a_loop_ends_when_it_may_and_when_it_must(folder: Path, goal: int, rounds: int, found: bool) -> None:
    end, events, _ = make(folder, LOOP, {"goal": goal})
    assert end["status"] == "succeeded", end["error"]
    assert end["outputs"] == {"summary": {"number": rounds, "found": found}}
    assert sum(event["event"] == "loop.round" for event in events) == rounds


def test_items_conditions_joins_and_files_of_functions(folder: Path) -> None:
    end, events, made = make(folder, FAN, {"n": 5})
    assert end["status"] == "succeeded", end["error"]
    outputs = end["outputs"]
    assert outputs["doubled"] == [{"twice": 0}, {"twice": 2}, {"twice": 6}, {"twice": 8}]
    assert outputs["sums"] == [0, 2, 8, 16]
    assert [event["path"] for event in events if event["event"] == "task.skipped"] == [[2]]
    assert outputs["picture"] == {"image": str(made.resolve() / "image.txt"), "words": 3}
    assert (made / "image.txt").read_text() == "a small picture"
    assert json.loads((made / "outputs.json").read_text()) == outputs
    assert json.loads((made / "sums.json").read_text()) == [0, 2, 8, 16]
    assert end["playlist"] is None
    assert "doubling" in "".join(log.read_text() for log in (folder / "runs" / ".engines").glob("*/*.log"))


def test_a_fault_of_a_function_says_where(folder: Path) -> None:
    end, events, _ = make(folder, ONE % ("broken", "attempts: 2"), {})
    line = TOOLS.split("\n").index('    raise KeyError("gone")') + 1
    assert end["status"] == "failed"
    assert f"one: broken() failed at tools.py:{line}: KeyError: 'gone' (tried 2 times)" in end["error"]
    assert [event["retry"] for event in events if event["event"] == "task.failed"] == [True, False]


def test_a_function_that_was_mended_is_resumed(folder: Path) -> None:
    _, _, made = make(folder, ONE % ("broken", "attempts: 1"), {})
    (folder / "tools.py").write_text(TOOLS.replace('raise KeyError("gone")', 'return "mended"'))

    async def go() -> dict:
        engine = Engine(EngineOptions(folder / "runs", cores=1))
        await engine.start()
        try:
            await engine.resume(made.name)
            return await asyncio.wait_for(engine.wait(made.name), 60)
        finally:
            await engine.close()

    assert asyncio.run(go())["outputs"] == {"one": "mended"}


def test_a_function_finds_its_standard_input_empty(folder: Path) -> None:
    end, _, _ = make(folder, ONE % ("read_all", "attempts: 1"), {})
    assert (end["status"], end["outputs"]) == ("succeeded", {"one": ""}), end["error"]


def test_a_dead_worker_whose_child_lives_on_keeps_no_engine_open(folder: Path) -> None:
    end, _, _ = make(folder, ONE % ("leave_a_child", "timeout: 1s\n    attempts: 1"), {})
    assert "took longer than 1 s" in end["error"]


def test_an_attempt_that_takes_too_long_is_stopped_with_its_worker_and_made_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("murakkab.engine.watched.CANCEL_S", 0.3)
    text = ONE % ("nap", "flag: ${{ inputs.flag }}\n    timeout: 3s")
    end, events, made = make(folder, text, {"flag": str(folder / "flag")})
    assert end["status"] == "succeeded", end["error"]
    assert end["outputs"] == {"one": "rested"}
    assert (made / "one.txt").read_text() == "rested\n"
    (failed,) = [event for event in events if event["event"] == "task.failed"]
    assert failed["error"] == "took longer than 3 s"
    left = subprocess.run(["ps", "-o", "stat=", "-p", (folder / "flag").read_text()], capture_output=True, text=True)
    assert left.stdout[:1] in ("", "Z")


def test_a_run_that_never_ends_in_time_fails_with_the_reason(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("murakkab.engine.watched.CANCEL_S", 0.3)
    text = ONE % ("nap", "flag: ${{ inputs.flag }}/x\n    timeout: 1s\n    attempts: 1")
    (folder / "flag").mkdir()
    end, _, _ = make(folder, text, {"flag": str(folder / "flag")})
    assert end["status"] == "failed"
    assert end["error"] == "one: took longer than 1 s"
