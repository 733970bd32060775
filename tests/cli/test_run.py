"""Runs through the command line as a user starts it: real processes, real workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from murakkab.cli.display import FINISHED_KEYS

from ..engine.conftest import SUMS, TOYS
from .conftest import Invoke, start

Events = list[dict[str, Any]]


@pytest.fixture(scope="module")
def made(say: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Events, str]:
    """Folder, events and stderr of one finished run of a real voice."""
    folder = tmp_path_factory.mktemp("made")
    text = "Hello [bold]tides[/bold] \x1b[31m$HOME"
    process = start("run", str(say), "--text", text, "--json", "--no-browser", "--seed", "7", folder=folder)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return folder, [json.loads(line) for line in out.splitlines()], err


def test_json_ends_with_the_promised_object(made: tuple[Path, Events, str]) -> None:
    _, events, _ = made
    assert tuple(events[-1]) == FINISHED_KEYS
    assert events[-1]["status"] == "succeeded"
    assert Path(events[-1]["report"]).is_file()
    assert [e["seq"] for e in events[:-1]] == list(range(1, len(events)))


def test_a_run_without_a_stream_leaves_its_outputs_and_opens_no_page(made: tuple[Path, Events, str]) -> None:
    _, events, err = made
    assert Path(events[-1]["outputs"]["speech"]["audio"]).stat().st_size > 10_000
    assert events[-1]["video"] is None
    assert "Watch" not in err


def test_a_pipe_gets_few_plain_lines(made: tuple[Path, Events, str]) -> None:
    _, events, err = made
    lines = err.splitlines()
    assert lines[0].startswith(f"Run {events[0]['run']}")
    assert lines[1].startswith("Plan: speech=")
    assert len(lines) < 8
    assert "\x1b" not in err


def test_runs_lists_it(made: tuple[Path, Events, str], invoke: Invoke) -> None:
    folder, events, _ = made
    answer = invoke("runs", "--runs", str(folder / "runs"))
    assert events[0]["run"] in answer.out
    assert "succeeded" in answer.out
    (line,) = invoke("runs", "--json", "--runs", str(folder / "runs")).out.splitlines()
    assert json.loads(line)["seed"] == 7


def test_show_tells_inputs_and_plan_without_terminal_codes(made: tuple[Path, Events, str], invoke: Invoke) -> None:
    folder, events, _ = made
    answer = invoke("show", events[0]["run"], "--runs", str(folder / "runs"))
    assert answer.code == 0
    assert "text: Hello [bold]tides[/bold]" in answer.out
    assert "$HOME" in answer.out
    assert "\x1b" not in answer.out
    assert events[1]["nodes"][0]["model"] in answer.out


def test_a_finished_run_cannot_be_resumed(made: tuple[Path, Events, str], invoke: Invoke) -> None:
    folder, events, _ = made
    answer = invoke("resume", events[0]["run"], "--no-browser", "--runs", str(folder / "runs"))
    assert answer.code == 2
    assert "is finished" in answer.err


def _start_sums(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    (folder / "sums.yaml").write_text(SUMS, encoding="utf-8")
    return start(*arguments, "--json", "--no-browser", folder=folder)


def _read_until(process: subprocess.Popen[str], name: str) -> Events:
    assert process.stdout is not None
    events: Events = []
    while not events or events[-1]["event"] != name:
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        events.append(json.loads(line))
    return events


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(TOYS), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("MURAKKAB_CATALOG", str(TOYS / "cards"))


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_stops_cleanly_and_the_run_can_be_resumed(tmp_path: Path, number: signal.Signals) -> None:
    process = _start_sums(tmp_path, "run", "sums.yaml", "--count", "12", "--pause", "0.1")
    begun = _read_until(process, "item.emitted")
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    last = json.loads(out.splitlines()[-1])
    assert (process.returncode, last["status"]) == (130, "cancelled")
    assert "Traceback" not in err
    assert f"murakkab resume {begun[0]['run']}" in err

    resumed = start("resume", begun[0]["run"], "--json", "--no-browser", "--quiet", folder=tmp_path)
    out, err = resumed.communicate(timeout=60)
    assert json.loads(out.splitlines()[-1])["status"] == "succeeded"
    assert (resumed.returncode, err) == (0, "")


@pytest.mark.usefixtures("toys")
def test_a_killed_command_leaves_an_interrupted_run_that_rm_and_gc_remove(tmp_path: Path, invoke: Invoke) -> None:
    process = _start_sums(tmp_path, "run", "sums.yaml", "--count", "12", "--pause", "0.1")
    run = _read_until(process, "item.emitted")[0]["run"]
    assert invoke("runs", "rm", run).code == 2
    process.kill()
    process.communicate()
    assert "interrupted" in invoke("runs").out
    assert invoke("runs", "rm", run).out == f"Removed {run}\n"
    assert "No runs" in invoke("runs").out
    assert "0 B in 0 runs stay" in invoke("runs", "gc", "--budget", "1GB").out


@pytest.mark.usefixtures("toys")
def test_a_failed_run_says_why_even_when_quiet(tmp_path: Path) -> None:
    from ..engine.conftest import TROUBLE

    (tmp_path / "trouble.yaml").write_text(TROUBLE, encoding="utf-8")
    process = start(
        "run", "trouble.yaml", "--how", "input", "--until", "never", "--no-browser", "--quiet", folder=tmp_path
    )
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert out == ""
    assert err.startswith("murakkab: the run failed:")
    assert "Traceback" not in err


TELEPATHY = """
apiVersion: murakkab/v1
kind: Model
name: telepath
capability: mind-reading
adapter: as-is
description: Needs what nobody has.
licence: Apache-2.0
source: tests
packages: [no_such_package]
"""


def test_no_usable_model_ends_with_code_3(
    tmp_path: Path, invoke: Invoke, say: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "telepath.yaml").write_text(TELEPATHY, encoding="utf-8")
    monkeypatch.setenv("MURAKKAB_CATALOG", str(tmp_path / "cards"))
    nothing = say.read_text(encoding="utf-8").replace("text-to-speech", "mind-reading")
    (tmp_path / "nothing.yaml").write_text(nothing, encoding="utf-8")
    answer = invoke("run", "nothing.yaml", "--text", "x", "--no-browser")
    assert answer.code == 3
    assert "mind-reading" in answer.err
    assert "murakkab doctor" in answer.err


@pytest.mark.usefixtures("toys")
def test_a_reader_that_goes_away_stops_the_run(tmp_path: Path) -> None:
    process = _start_sums(tmp_path, "run", "sums.yaml", "--count", "500", "--pause", "0.1")
    _read_until(process, "item.emitted")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=20) != 0
    assert process.stderr is not None
    with process.stderr as stream:
        assert "Traceback" not in stream.read()


def _edit(folder: Path, editor: str) -> tuple[int, str]:
    """Run a podcast of a given script with ``--edit``; exit code and stderr."""
    (folder / "draft.txt").write_text("Ada: Tides come twice a day.\n\nBen: Why?\n", encoding="utf-8")
    (folder / "editor").write_text(f"#!/bin/sh\n{editor}\n", encoding="utf-8")
    (folder / "editor").chmod(0o755)
    arguments = ("--script", "draft.txt", "--use", "outline=smollm2", "--use", "script=smollm2")
    process = start("run", "podcast", *arguments, "--edit", "--no-browser", "--quiet", folder=folder)
    out, err = process.communicate(timeout=60)
    assert out == ""
    assert "Traceback" not in err
    return process.returncode, err


def test_edit_opens_the_written_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", f"'{tmp_path}/editor' --wait")
    code, err = _edit(tmp_path, 'cp "$2" seen.txt; exit 3')
    assert code == 1
    assert "ended with code 3" in err
    assert "--script" in err
    seen = (tmp_path / "seen.txt").read_text(encoding="utf-8")
    assert "Ada: Tides come twice a day." in seen
    assert "Ben: Why?" in seen


def test_edit_without_an_editor_is_told_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", "no-such-editor")
    code, err = _edit(tmp_path, "")
    assert code == 2
    assert "EDITOR=" in err
    assert not list(tmp_path.glob("runs/podcast-*"))


@pytest.mark.parametrize(("text", "bytes_"), [("0", 0), ("5GB", 5 * 10**9), ("1.5 MB", 1_500_000), ("500k", 500_000)])
def test_sizes(text: str, bytes_: int) -> None:
    from murakkab.cli.runs import parse_size

    assert parse_size(text) == bytes_


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "5 EB", "1e3", "5GBs"])
def test_what_is_no_size_is_refused(invoke: Invoke, text: str) -> None:
    assert invoke("runs", "gc", f"--budget={text}").code == 2


@pytest.mark.parametrize(
    ("option", "content", "told"),
    [("--hosts", "# A page\n\nprose: [", "--hosts: page.txt:"), ("--script", "Ada:\n", "--script: page.txt")],
)
def test_files_of_hosts_and_scripts_are_read_before_a_run_is_begun(
    invoke: Invoke, tmp_path: Path, option: str, content: str, told: str
) -> None:
    (tmp_path / "page.txt").write_text(content, encoding="utf-8")
    answer = invoke("run", "podcast", "--topic", "tides", "--no-browser", option, "page.txt")
    assert (answer.code, told in answer.err) == (2, True), answer.err
    assert not (tmp_path / "runs").exists()
