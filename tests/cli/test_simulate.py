"""``murakkab simulate`` through the command line, with the real catalogue."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from murakkab.engine.planning import make_plan
from murakkab.language import check_inputs, compile_graph, find_workflow, load_workflow
from murakkab.profiling.firsts import keep_firsts
from murakkab.profiling.store import ProfileStore

from .conftest import Invoke


def test_it_says_that_it_is_simulated_and_gives_every_figure(invoke: Invoke, tmp_path: Path) -> None:
    trace = tmp_path / "trace.json"
    answer = invoke("simulate", "podcast", "--duration", "20", "--runs", "2", "--trace", str(trace))
    assert answer.code == 0, answer.err
    assert answer.out.startswith("Simulated on")
    for word in ("p50", "p99", "first item", "stalls", "all made", "quality", "cost", "energy", "goodput"):
        assert word in answer.out
    assert json.loads(trace.read_text(encoding="utf-8"))["traceEvents"]


def test_equal_seeds_give_equal_figures(invoke: Invoke) -> None:
    def found(*words: str) -> dict[str, object]:
        answer = invoke("simulate", "podcast", "--duration", "20", "--arrivals", "poisson:4", "--json", *words)
        assert answer.code == 0, answer.err
        told: dict[str, object] = json.loads(answer.out)
        return told

    one = found("--seed", "1", "--evict", "10:50%:5", "--fail", "20", "--policy", "lars")
    assert one == found("--seed", "1", "--evict", "10:50%:5", "--fail", "20", "--policy", "lars")
    assert one["simulated"] is True
    assert one["ttff_s"] != found("--seed", "2")["ttff_s"]


def test_what_runs_on_this_machine_showed_of_first_tasks_counts(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MURAKKAB_PROFILES", str(tmp_path))
    monkeypatch.delenv("MURAKKAB_CORRECTION")
    workflow = load_workflow(find_workflow("podcast"))
    graph = compile_graph(workflow, check_inputs(workflow, {"duration": 20}))
    began = {"event": "task.started", "node": "speech", "path": [0, 0], "t": 0.0}
    ended = {"event": "task.finished", "node": "speech", "path": [0, 0], "t": 2.5, "seconds": 2.5, "meta": {}}

    def first_s() -> tuple[float, str]:
        told = json.loads(invoke("simulate", "podcast", "--duration", "20", "--warm", "--json").out)
        return told["ttff_s"]["p50"], str(told["notes"])

    before, notes = first_s()
    assert "first tasks" not in notes
    keep_firsts(graph, make_plan(graph, 2), [began, ended], ProfileStore())
    after, notes = first_s()
    assert after > before + 2.0
    assert "seconds of first tasks are those that runs on this machine showed: speech" in notes


def test_a_plan_from_a_file_and_arrivals_from_a_trace(invoke: Invoke, tmp_path: Path) -> None:
    plan, trace = tmp_path / "plan.json", tmp_path / "arrivals.csv"
    assert invoke("plan", "podcast", "--duration", "20", "-o", str(plan)).code == 0
    trace.write_text("user,at_s\na,0\nb,40.5\n", encoding="utf-8")
    options = ("--plan", str(plan), "--arrivals", str(trace), "--json")
    answer = invoke("simulate", "podcast", "--duration", "20", *options)
    assert answer.code == 0, answer.err
    assert [run["status"] for run in json.loads(answer.out)["runs"]] == ["succeeded"] * 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--policy", "guess"), "deadline-adaptive, earliest-deadline, fifo, lars, least-slack"),
        (("--arrivals", "poisson:often"), "poisson:RUNS_A_MINUTE"),
        (("--arrivals", "missing.csv"), "cannot read missing.csv"),
        (("--evict", "soon"), "--evict AT"),
        (("--evict", "5:200%"), "--evict AT"),
        (("--plan", "missing.json"), "cannot read missing.json"),
    ],
)
def test_what_cannot_be_read_is_told_with_what_can(invoke: Invoke, words: tuple[str, ...], told: str) -> None:
    answer = invoke("simulate", "podcast", *words)
    assert answer.code == 2
    assert told in answer.err
    assert "Traceback" not in answer.err


def test_a_plan_of_a_file_is_simulated_cold_and_says_so(invoke: Invoke) -> None:
    assert invoke("plan", "podcast", "--duration", "10s", "-o", "pod.json").code == 0
    simulated = ("simulate", "podcast", "--duration", "10s", "--plan", "pod.json")
    assert "ttff is promised for loaded models; the first run loads: smollm2 " in invoke(*simulated).out
    assert "the first run loads" not in invoke(*simulated, "--warm").out


def test_runs_that_cannot_go_on_are_told(invoke: Invoke) -> None:
    answer = invoke("simulate", "podcast", "--duration", "20", "--runs", "2", "--fail", "5:100%")
    assert answer.code == 0, answer.err
    assert "2 runs (2 unfinished)" in answer.out
    assert "2 of 2 runs cannot go on without the workers that were lost" in answer.out
