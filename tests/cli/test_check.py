from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import SAY, Invoke

LOOP = """\
apiVersion: murakkab/v1
kind: Workflow
metadata: {description: Solves and reads aloud.}
inputs:
  problem: {type: text, description: What is to be solved}
  rounds: {type: integer, default: 3, minimum: 1, maximum: 9}
  unread: {type: text, optional: true}
nodes:
  solve:
    repeat: ${{ inputs.rounds }}
    until: ${{ nodes.judge.right }}
    nodes:
      attempt: {capability: text-generation, prompt: "${{ inputs.problem }}", returns: {answer: number, why: text}}
      judge: {capability: text-generation, prompt: "${{ nodes.attempt.answer }}?", returns: {right: boolean}}
  aloud:
    task: read the text aloud
    when: ${{ nodes.solve.judge.right && inputs.rounds > 1 }}
    text: ${{ nodes.solve.attempt.why }}
outputs:
  answer: ${{ nodes.solve.attempt.answer }}
  speech: ${{ nodes.aloud }}
slo: {latency: 2m, objective: [quality, cost]}
"""


@pytest.fixture
def loop(tmp_path: Path) -> Path:
    file = tmp_path / "loop.yaml"
    file.write_text(LOOP, encoding="utf-8")
    return file


def _squeezed(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_podcast_is_told_in_a_line_for_each_step(invoke: Invoke) -> None:
    answer = invoke("check", "podcast")
    assert (answer.code, answer.err) == (0, "")
    lines = _squeezed(answer.out)
    assert lines[0].startswith("podcast: Two hosts talk")
    assert "duration number from 10 to 3600 s 60 Length to aim for" in lines
    assert "script text-generation: dialogue for each section, in order -> stream of turn" in lines
    assert "stream package, shown item by item while it is made" in lines
    assert "first item within 1 s" in lines


def test_loops_conditions_matches_and_types_are_told(invoke: Invoke, loop: Path) -> None:
    answer = invoke("check", str(loop))
    assert answer.code == 0
    lines = _squeezed(answer.out)
    assert "problem text needed What is to be solved" in lines
    assert "solve loop, at most inputs.rounds rounds, until judge.right once" in lines
    assert "attempt text-generation once -> {answer: number, why: text}" in lines
    assert "aloud text-to-speech once, if solve.judge.right && inputs.rounds > 1 -> speech" in lines
    (matched,) = (line for line in lines if '"read the text aloud"' in line)
    assert "-> text-to-speech 0." in matched
    assert "next " in matched
    assert "then the best quality, then cost" in lines
    assert "warning:" in answer.err
    assert "nothing uses the input 'unread'" in answer.err


def test_json_has_the_same_in_one_object(invoke: Invoke, loop: Path) -> None:
    told = json.loads(invoke("check", str(loop), "--json").out)
    assert told["ok"]
    steps = {step["name"]: step for step in told["overview"]["steps"]}
    assert list(steps) == ["solve", "solve.attempt", "solve.judge", "aloud"]
    assert steps["solve.judge"]["inside"] == "solve"
    task = steps["aloud"]["task"]
    assert task["capability"] == "text-to-speech"
    assert 0 < task["next"][0]["score"] < task["score"] <= 1
    assert [w["message"] for w in told["warnings"]] == ["nothing uses the input 'unread'"]


def test_every_problem_of_several_files_is_told(invoke: Invoke, loop: Path) -> None:
    (loop.parent / "bad.yaml").write_text(LOOP.replace("nodes.aloud", "nodes.alound").replace("2m", "soon"))
    answer = invoke("check", "podcast", "bad.yaml", "loop.yaml")
    assert answer.code == 2
    assert "did you mean 'aloud'?" in answer.err
    assert answer.err.count("bad.yaml:") == 2
    assert "podcast: Two hosts" in answer.out
    assert "\nloop: Solves" in answer.out
    told = [json.loads(line) for line in invoke("check", "bad.yaml", "podcast", "--json").out.splitlines()]
    assert [t["ok"] for t in told] == [False, True]
    assert {(p["line"], bool(p["hint"])) for p in told[0]["problems"]} == {(21, True), (22, True)}


def test_a_dash_reads_standard_input(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(SAY.encode())))
    assert invoke("check", "-").out.startswith("say: Says a text.")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff: [\n")))
    assert invoke("check", "-").code == 2


@pytest.mark.parametrize("source", ["podcst", "none.yaml", "none.py:flow", "no.such.module:flow", "x\0y"])
def test_what_is_not_there_is_bad_usage(invoke: Invoke, source: str) -> None:
    answer = invoke("check", source)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err


def test_check_imports_nothing_heavy() -> None:
    heavy = "{'numpy', 'rich', 'murakkab.engine', 'asyncio', 'onnxruntime', 'fast_sugiyama', 'httpx', 'starlette'}"
    code = (
        "import sys; from murakkab.cli import main; sys.argv = ['murakkab', 'check', 'podcast']\n"
        f"try: main()\nfinally: print(sorted({heavy} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
