from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from murakkab import cli

SAY = """\
apiVersion: murakkab/v1
kind: Workflow
metadata: {name: say, description: Says a text.}
inputs:
  text: {type: text, description: What is said}
nodes:
  speech:
    capability: text-to-speech
    text: ${{ inputs.text }}
    voice: female-1
outputs:
  speech: ${{ nodes.speech }}
"""


@dataclass
class Answer:
    code: int
    out: str
    err: str


Invoke = Callable[..., Answer]


@pytest.fixture
def invoke(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest
) -> Invoke:
    """Call the command line inside this process, in an empty folder; a traceback fails the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("MURAKKAB_RUNS", raising=False)

    def call(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["murakkab", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return Answer(int(ended.value.code or 0), out, err)

    return call


def start(*arguments: str, folder: Path, **streams: int) -> subprocess.Popen[str]:
    """Start the command line as a process of its own, with its output piped."""
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "MURAKKAB_RUNS")}
    return subprocess.Popen(
        [sys.executable, "-m", "murakkab", *arguments],
        cwd=folder,
        env={**environment, "XDG_STATE_HOME": str(folder / "state")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **streams,
    )


@pytest.fixture(scope="session")
def say(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workflow of one node that a packaged voice does in a moment."""
    file = tmp_path_factory.mktemp("workflows") / "say.yaml"
    file.write_text(SAY, encoding="utf-8")
    return file
