"""Podcasts by the real command with the real models, in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

SIZE = ("--width", "320", "--height", "180", "--fps", "12")

REPEATABLE = ("--seed", "7", "--rungs", "top")

DOCUMENT = """# The lighthouse of Aldersea

The lighthouse of Aldersea was built in 1871 by Martha Quill. It stands on a rock of green granite, forty metres above
the sea. Its lamp burned whale oil for the first nine years.

In 1880 the keepers changed the lamp to paraffin, because paraffin gave a whiter light. The new lamp could be seen from
nineteen miles away. Ships from Norhaven used it to find the harbour at night.

The last keeper, Tobias Fenn, left the tower in 1958, when an electric lamp was put in. Puffins nest in the
old oil store now. Visitors may climb the tower in July and August.
"""


@dataclass
class Made:
    """One finished command."""

    folder: Path
    code: int
    events: list[dict[str, Any]] = field(default_factory=list)
    err: str = ""

    @property
    def end(self) -> dict[str, Any]:
        return self.events[-1]

    def of(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == name]


def command(runs: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "murakkab", *arguments, "--runs", str(runs)]


def start(runs: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "XDG_STATE_HOME": str(runs.parent / "state")}
    return subprocess.Popen(
        command(runs, *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def podcast(runs: Path, *arguments: str, size: tuple[str, ...] = SIZE) -> Made:
    """Make a podcast and read all that it says."""
    process = start(runs, "run", "podcast", "--json", "--no-browser", *size, *arguments)
    out, err = process.communicate(timeout=240)
    assert "Traceback" not in out + err
    events = [json.loads(line) for line in out.splitlines()]
    folder = runs / events[-1]["run"] if events else runs
    return Made(folder, process.returncode, events, err)


@pytest.fixture(scope="session")
def episode(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """An ungrounded episode of about twenty seconds."""
    return podcast(
        tmp_path_factory.mktemp("topic") / "runs",
        "--topic",
        "how tides work",
        "--duration",
        "20",
        "--seed",
        "7",
        "--rungs",
        "top",
    )


@pytest.fixture(scope="session")
def grounded(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """An episode about a document that no model has ever read."""
    folder = tmp_path_factory.mktemp("source")
    (folder / "aldersea.md").write_text(DOCUMENT)
    return podcast(folder / "runs", "--source", str(folder / "aldersea.md"), "--duration", "30", "--seed", "7")
