"""``murakkab profile`` as people call it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from murakkab.profiling.store import ProfileStore
from murakkab_optimizer.profiles.memory import Seen

COMMAND = [sys.executable, "-c", "import murakkab.cli; murakkab.cli.main()", "profile"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "MURAKKAB_PROFILES": str(tmp_path / "profiles"), "XDG_STATE_HOME": str(tmp_path)}


def call(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, env=environment, timeout=120)
    assert "Traceback" not in done.stdout + done.stderr
    return done


def test_it_measures_and_shows_and_does_nothing_twice(environment: dict[str, str]) -> None:
    first = call(environment, "calculator", "cast", "function", "--quick", "--json")
    assert first.returncode == 0
    assert "2 configurations of 2 models" in first.stderr
    assert "function: no probe: not measured" in first.stderr
    assert "1 of 2 after 0:0" in first.stderr
    assert "2 of 2 after 0:0" in first.stderr
    facts = json.loads(first.stdout)
    assert {record["profile"]["model"] for record in facts["records"]} == {"calculator", "cast"}
    assert not any(record["stale"] for record in facts["records"])
    second = call(environment, "calculator", "cast", "--quick")
    assert "All 2 configurations are kept" in second.stderr
    assert "calculator" in second.stdout
    shown = call(environment, "--list")
    assert (shown.returncode, "calculator" in shown.stdout) == (0, True)
    assert facts["file"] in shown.stdout
    store = ProfileStore(Path(environment["MURAKKAB_PROFILES"]))
    with store.runs.changing() as runs:
        runs.memory = {name: Seen(name, "cpu", beyond_mb=5.0) for name in ("calculator", "cast")}
    again = call(environment, "calculator", "--again", "--repeats", "3", "--json")
    assert [one.model for one in store.runs.content().memory.values()] == ["cast"]
    (record,) = json.loads(again.stdout)["records"]
    assert record["profile"]["provenance"]["samples"] == 3
    assert "None of these models can be measured here." in call(environment, "function").stderr


def test_nothing_is_measured_yet(environment: dict[str, str]) -> None:
    done = call(environment, "--list")
    assert (done.returncode, "Nothing is measured" in done.stdout) == (0, True)


def test_a_stop_loses_nothing_and_the_next_call_goes_on(environment: dict[str, str]) -> None:
    names = ["calculator", "majority", "sandbox", "best-of"]
    process = subprocess.Popen([*COMMAND, *names], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    folder, until = Path(environment["MURAKKAB_PROFILES"]), time.monotonic() + 60
    while not list(folder.glob("*.json")) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert b"Traceback" not in out + err
    assert b"kept" in err
    kept = json.loads(call(environment, "--list", "--json").stdout)["records"]
    assert 1 <= len(kept) < len(names)
    rest = call(environment, *names, "--quick")
    assert f"{len(names) - len(kept)} configurations" in rest.stderr
    assert f"{len(kept)} are kept" in rest.stderr
    assert len(json.loads(call(environment, "--list", "--json").stdout)["records"]) == len(names)


def test_an_unknown_model_is_refused(environment: dict[str, str]) -> None:
    done = call(environment, "calculater")
    assert done.returncode == 2
    assert "calculator" in done.stderr


def test_a_model_that_is_not_installed_is_told(environment: dict[str, str]) -> None:
    done = call({key: value for key, value in environment.items() if key != "MURAKKAB_LLM_URL"}, "openai")
    assert (done.returncode, "openai: set MURAKKAB_LLM_URL" in done.stderr) == (0, True)


def test_a_damaged_file_is_told(environment: dict[str, str]) -> None:
    call(environment, "calculator", "--quick")
    (path,) = (p for p in Path(environment["MURAKKAB_PROFILES"]).glob("*.json") if not p.stem.endswith("-runs"))
    path.write_text("{")
    done = call(environment, "--list")
    assert (done.returncode, "damaged" in done.stderr) == (0, True)
    again = call(environment, "calculator", "--quick")
    assert (again.returncode, path.with_suffix(".damaged").exists()) == (0, True)
    path.write_text('{"schema": 99}')
    later = call(environment, "calculator", "--quick")
    assert later.returncode == 2
    assert "later version" in later.stderr
    assert path.read_text() == '{"schema": 99}'


SAY = """apiVersion: murakkab/v1
kind: Workflow
metadata: {name: say, description: Says a text.}
inputs: {text: {type: text, description: What to say}}
nodes:
  speech: {capability: text-to-speech, text: "${{ inputs.text }}"}
outputs: {speech: "${{ nodes.speech }}"}
"""


def test_a_run_corrects_what_the_plan_went_by(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "say.yaml").write_text(SAY)
    text = "The moon pulls at the water, and twice a day the sea comes in. " * 3
    command = [*COMMAND[:-1], "run", str(tmp_path / "say.yaml"), "--text", text, "--runs", str(tmp_path / "runs")]
    on = {"MURAKKAB_CORRECTION": "on", "MURAKKAB_CALIBRATION": "off", "MURAKKAB_CACHE": "off"}
    done = subprocess.run(command, capture_output=True, text=True, env={**environment, **on}, timeout=120)
    assert done.returncode == 0, done.stderr
    (path,) = Path(environment["MURAKKAB_PROFILES"]).glob("*-runs.json")
    (learnt,) = json.loads(path.read_text())["learnt"].values()
    assert learnt["correction"]["count"] == 1
    assert learnt["base"].startswith("shipped")
    (report,) = (tmp_path / "runs").glob("*/report.json")
    assert json.loads(report.read_text())["drift"] == []
