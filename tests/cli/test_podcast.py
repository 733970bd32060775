"""Whole podcasts through the command line, of a script of two short turns."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from .conftest import start

SCRIPT = "Ada: Tides come <b>twice</b> a day.\n\nBen: Why?\n"


@pytest.fixture
def draft(tmp_path: Path) -> str:
    (tmp_path / "my draft.txt").write_text(SCRIPT, encoding="utf-8")
    return "my draft.txt"


def test_an_edited_script_is_performed(draft: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/Why/For what reason/" "$1"\n', encoding="utf-8")
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))
    pins = [f"--use={pin}" for pin in ("outline=smollm2", "script=smollm2", "speech=hibari-joe")]
    arguments = ("--script", draft, "--edit", *pins, "--width=320", "--height=180", "--fps=12")
    process = start("run", "podcast", *arguments, "--json", "--no-browser", folder=tmp_path)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    events = [json.loads(line) for line in out.splitlines()]
    performed = [event for event in events if event["run"] == events[-1]["run"]]
    assert events[0]["run"] != performed[0]["run"]
    said = " ".join(event["text"] for event in performed if event["event"] == "turn.written")
    assert "For what reason?" in said
    assert "twice" in said
    assert Path(performed[-1]["video"]).stat().st_size > 10_000
    assert performed[-1]["measured_by"] == "playback clock"
    assert performed[-1]["duration_s"] > 2


def test_a_warm_server_makes_a_run_with_files_from_here(draft: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    server = start("serve", "--port", "0", "--runs", "kept", folder=tmp_path / "elsewhere")
    assert server.stderr is not None
    address = re.search(r"http://[\d.:]+", server.stderr.readline())
    assert address
    arguments = ("--script", draft, "--seed", "4", "--width=320", "--height=180", "--fps=12", "--server", address[0])
    process = start("run", "podcast", *arguments, "--json", folder=tmp_path)
    out, err = process.communicate(timeout=200)
    server.send_signal(signal.SIGINT)
    _, said = server.communicate(timeout=20)
    assert process.returncode == 0, err
    last = json.loads(out.splitlines()[-1])
    assert last["status"] == "succeeded"
    assert Path(last["video"]).parent.parent == tmp_path / "elsewhere" / "kept"
    assert f"Watch it at {address[0]}/runs/{last['run']}" in err
    assert not (tmp_path / "runs").exists()
    assert (server.returncode, "Traceback" in said) == (0, False)
