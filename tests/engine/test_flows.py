"""What the language can say is what happens: loops, conditions, tasks that a planner emits, parts, joins, resuming."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from murakkab.engine import Engine, EngineOptions, UserError
from murakkab.engine.journal import read_journal, told
from murakkab_optimizer.scheduler import Scheduler
from murakkab_optimizer.scheduler import events as ev
from tests.engine.conftest import workflow

TOOLS = """
from pathlib import Path


def plan(question: str):
    for number, word in enumerate(question.split()):
        yield {"tool": "count" if len(word) > 3 else "shout", "word": word, "parts": number}


def count(word: str) -> dict:
    return {"length": len(word)}


def shout(word: str) -> str:
    return word.upper()


def parts(word: str, number: int):
    for index in range(number):
        yield {"part": f"{word}{index}"}


def improve(guess: float | None, target: float) -> dict:
    guess = target / 2 if guess is None else (guess + target / guess) / 2
    return {"guess": guess, "off": abs(guess * guess - target)}


def tally(one: str, previous: list | None = None) -> list:
    return [*(previous or []), one]


def stumble(flag: str) -> str:
    if not Path(flag).exists():
        Path(flag).touch()
        raise RuntimeError("not yet")
    return "up again"
"""

HEAD = "apiVersion: murakkab/v1\nkind: Workflow\n"

AGENT = (
    HEAD
    + """
inputs: {question: text}
nodes:
  plan: {function: "tools.py:plan", question: "${{ inputs.question }}", streams: task}
  count:
    function: tools.py:count
    for_each: ${{ nodes.plan }}
    when: ${{ item.tool == 'count' }}
    word: ${{ item.word }}
  shout:
    function: tools.py:shout
    for_each: ${{ nodes.plan }}
    when: ${{ item.tool != 'count' && item.word != 'and' }}
    word: ${{ item.word }}
  done:
    value: {word: "${{ item.word }}", length: "${{ nodes.count.length }}", loud: "${{ nodes.shout }}"}
    for_each: ${{ nodes.plan }}
  all: {value: {done: "${{ nodes.done }}", loud: "${{ nodes.shout }}"}}
outputs: {all: "${{ nodes.all }}"}
"""
)

ROOTS = (
    HEAD
    + """
nodes:
  targets: {function: "tools.py:plan", question: "one two three", streams: target}
  solve:
    repeat: 20
    for_each: ${{ nodes.targets }}
    until: ${{ nodes.improve.off < 0.001 }}
    nodes:
      improve: {function: "tools.py:improve", guess: "${{ previous.improve.guess }}", target: 9}
  rounds: {value: {all: "${{ nodes.solve }}"}}
outputs: {all: "${{ nodes.rounds.all }}"}
"""
)

PARTS = (
    HEAD
    + """
nodes:
  words: {function: "tools.py:plan", question: "a b c", streams: word}
  parts:
    function: tools.py:parts
    for_each: ${{ nodes.words }}
    word: ${{ item.word }}
    number: ${{ item.parts }}
    streams: part
  own: {value: "${{ nodes.parts }}", for_each: "${{ nodes.words }}"}
  told: {function: "tools.py:tally", for_each: "${{ nodes.parts }}", join: JOIN, one: "${{ item.part }}"}
outputs: {own: "${{ nodes.own }}", told: "${{ nodes.told }}"}
"""
)

STUMBLE = (
    HEAD
    + """
inputs: {flag: text, tries: {type: integer, default: 3}}
nodes:
  plan: {function: "tools.py:plan", question: "one two", streams: task}
  walk:
    repeat: 2
    for_each: ${{ nodes.plan }}
    nodes:
      step: {function: "tools.py:stumble", flag: "${{ inputs.flag }}", attempts: "${{ inputs.tries }}"}
outputs: {walk: "${{ nodes.walk }}"}
"""
)


async def _outputs(folder: Path, text: str, inputs: dict[str, Any], seed: int) -> dict[str, Any]:
    (folder / "tools.py").write_text(TOOLS)
    made = Engine(EngineOptions(folder / "runs", cores=2))
    await made.start()
    try:
        run = await made.submit(workflow(text, folder), inputs, seed=seed)
        end = await asyncio.wait_for(made.wait(run), 60)
        if end["status"] != "succeeded" and "not yet" in end["error"]:
            await made.resume(run)
            end = await asyncio.wait_for(made.wait(run), 60)
        assert end["status"] == "succeeded", end["error"]
        return {"run": run, **end["outputs"]}
    finally:
        await made.close()


def outputs(folder: Path, text: str, **inputs: Any) -> dict[str, Any]:
    return asyncio.run(_outputs(folder, text, inputs, 1))


def test_a_planner_emits_tasks_and_each_goes_to_its_tool(tmp_path: Path) -> None:
    found = outputs(tmp_path, AGENT, question="bread and jam tomorrow")["all"]
    assert found["done"] == [
        {"word": "bread", "length": 5, "loud": None},
        {"word": "and", "length": None, "loud": None},
        {"word": "jam", "length": None, "loud": "JAM"},
        {"word": "tomorrow", "length": 8, "loud": None},
    ]
    assert found["loud"] == ["JAM"]


def test_a_loop_for_each_item_ends_when_its_condition_holds(tmp_path: Path) -> None:
    made = outputs(tmp_path, ROOTS)
    assert [round(one["improve"]["guess"], 3) for one in made["all"]] == [3.0, 3.0, 3.0]
    journal = tmp_path / "runs" / made["run"] / "journal.jsonl"
    tasks = [e.event.lease for e in read_journal(journal) if isinstance(e.event, ev.TaskFinished)]
    assert len([lease for lease in tasks if "/solve.improve/" in lease]) == 3 * 4


def test_the_journal_of_a_flow_replays_to_the_same_commands(tmp_path: Path) -> None:
    made = outputs(tmp_path, AGENT, question="bread and jam")
    (file,) = (tmp_path / "runs" / ".engines").glob("*/journal.jsonl")
    scheduler, expected, seen = Scheduler(2), [], []
    for entry in read_journal(file):
        if entry.event is not None:
            seen += map(told, scheduler.handle(entry.event, entry.now))
        else:
            expected += entry.commands or ()
    assert made["all"]["loud"] == ["JAM"]
    assert len(seen) > 15
    assert seen == expected


@pytest.mark.parametrize("join", ["ordered", "unordered"])
def test_a_step_reads_its_own_parts_and_a_join_all_of_them(tmp_path: Path, join: str) -> None:
    found = outputs(tmp_path, PARTS.replace("JOIN", join))
    assert found["own"] == [[], [{"part": "b0"}], [{"part": "c0"}, {"part": "c1"}]]
    assert len(found["told"]) == 3
    last = max(found["told"], key=len)
    assert sorted(last) == ["b0", "c0", "c1"]
    if join == "ordered":
        assert found["told"] == [["b0"], ["b0", "c0"], ["b0", "c0", "c1"]]


def test_a_step_of_a_loop_is_tried_again(tmp_path: Path) -> None:
    found = outputs(tmp_path, STUMBLE, flag=str(tmp_path / "flag"))
    assert found["walk"] == [{"step": "up again"}] * 2


def test_a_run_with_loops_is_resumed(tmp_path: Path) -> None:
    found = outputs(tmp_path, STUMBLE, flag=str(tmp_path / "flag"), tries=1)
    assert found["walk"] == [{"step": "up again"}] * 2


def test_a_step_of_a_loop_is_pinned_by_its_name(tmp_path: Path) -> None:
    async def scenario() -> None:
        (tmp_path / "tools.py").write_text(TOOLS)
        made = Engine(EngineOptions(tmp_path / "runs", cores=2))
        flow = workflow(ROOTS, tmp_path)
        with pytest.raises(UserError, match=r"node 'solve\.improve' has no model 'flite'"):
            await made.submit(flow, {}, use=["solve.improve=flite"])
        with pytest.raises(UserError, match="no knob 'speed'"):
            await made.submit(flow, {}, use=["solve.improve.speed=2"])

    asyncio.run(scenario())
