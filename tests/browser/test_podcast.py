"""Real browsers watch a real podcast while a warm server makes it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from murakkab.engine.shots import changes
from tests.browser.test_play import PROGRAMS, program

pytestmark = [pytest.mark.browser, pytest.mark.alone]

INPUTS = {"topic": "How tides work", "duration": 15}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Address and runs of a ``murakkab serve`` whose workers have made an episode already."""
    runs = tmp_path_factory.mktemp("server") / "runs"
    command = [sys.executable, "-m", "murakkab", "serve", "--port", "0", "--runs", str(runs)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    address = next(found[0] for line in process.stdout if (found := re.search(r"http://[\d.:]+", line)))
    wait(runs, ask(address, {"topic": "Warming up", "duration": 10, "width": 320, "height": 180}))
    yield address, runs
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)


def ask(address: str, inputs: dict[str, object]) -> str:
    answer = httpx.post(f"{address}/api/runs", json={"workflow": "podcast", "inputs": inputs, "seed": 11}, timeout=60)
    return str(answer.raise_for_status().json()["run"])


def wait(runs: Path, run: str) -> None:
    limit = time.monotonic() + 120
    while not (runs / run / "report.json").exists():
        assert time.monotonic() < limit
        time.sleep(0.1)


def reported(runs: Path, run: str) -> dict[str, Any]:
    """The run's record once the run has ended and the player's last report is in it."""
    wait(runs, run)
    limit = time.monotonic() + 20
    while time.monotonic() < limit:
        record: dict[str, Any] = json.loads((runs / run / "run.json").read_text())
        if record["measured_by"] == "player":
            return record
        time.sleep(0.1)
    raise AssertionError("the player has not reported")


@pytest.mark.parametrize("browser", PROGRAMS)
def test_a_podcast_plays_while_it_is_made(browser: str, server: tuple[str, Path], tmp_path: Path) -> None:
    address, runs = server
    executable = program(browser)
    run = ask(address, INPUTS)
    picture = Path(os.environ.get("MURAKKAB_SCREENSHOTS", tmp_path)) / f"{browser}-podcast.png"
    command = ["node", "watch.mjs", browser, executable, f"{address}/runs/{run}", str(picture), "8"]
    done = subprocess.run(
        [*command, str(tmp_path / "profile")],
        cwd=Path(__file__).parent, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    times = [sample["time"] for sample in seen["samples"]]
    assert seen["samples"][-1]["ended"]
    assert seen["samples"][-1]["width"] == 640
    assert all(one <= other for one, other in pairwise(times))
    assert picture.stat().st_size > 50_000
    record = reported(runs, run)
    assert record["duration_s"] == pytest.approx(times[-1], abs=0.2)
    assert 0 < record["ttff_s"] < record["first_speech_s"]
    assert record["stall_s"] < 1.0
    shots = json.loads((runs / run / "report.json").read_text())["shots"]
    assert len(seen["pieces"]) == len(shots) > 2
    for piece, shot in zip(seen["pieces"], shots, strict=True):
        assert shot["rung"] in piece, "every shot is told with its rung,"
        assert shot["reason"] in piece, "and why"
    assert seen["notes"] == [[shot["rung"], shot["reason"]] for shot in changes(shots)]
