"""A podcast whose command or worker is killed loses nothing that was finished."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path

import pytest

from murakkab.engine.resume import committed
from murakkab_optimizer.scheduler import events as ev
from tests.podcast.conftest import SIZE, start

ARGUMENTS = ("run", "podcast", "--topic", "the history of coffee", "--duration", "20", "--seed", "3", "--json", *SIZE)


def run_folder(runs: Path) -> Path:
    limit = time.monotonic() + 60
    while not (found := [f.parent for f in runs.glob("*/journal.jsonl") if f.stat().st_size]):
        assert time.monotonic() < limit
        time.sleep(0.01)
    return found[0]


def kill_the_command(tmp_path: Path, after: float) -> None:
    """Kill, resume, and compare what the journal says was made before and after."""
    process = start(tmp_path / "runs", *ARGUMENTS, "--no-browser")
    folder = run_folder(tmp_path / "runs")
    time.sleep(after)
    process.kill()
    process.communicate()
    if json.loads((folder / "run.json").read_text())["status"] == "succeeded":
        return
    time.sleep(0.3)
    before = committed(folder)
    lines = len((folder / "journal.jsonl").read_bytes().splitlines())
    again = start(tmp_path / "runs", "resume", folder.name, "--json", "--no-browser")
    out, err = again.communicate(timeout=240)
    assert again.returncode == 0, err
    assert json.loads(out.splitlines()[-1])["status"] == "succeeded"
    check_nothing_was_made_twice(folder, before, lines)


def check_nothing_was_made_twice(folder: Path, before: ev.RunResumed, lines: int) -> None:
    items = {(item.node, item.path) for item in before.items}
    finished = {(item.node, item.path) for item in before.finished}
    for line in (folder / "journal.jsonl").read_bytes().splitlines()[lines:]:
        event = json.loads(line).get("event") or {"type": "commands"}
        if event["type"] in ("ItemEmitted", "TaskFinished"):
            _, node, path, _ = ev.parse_lease(event["lease"])
            made = (node, (*path, event["index"])) if event["type"] == "ItemEmitted" else (node, path)
            assert made not in (items if event["type"] == "ItemEmitted" else finished)
    assert (folder / "episode.mp4").is_file()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_command_is_resumed_without_making_anything_twice(tmp_path: Path, seed: int) -> None:
    kill_the_command(tmp_path, random.Random(seed).uniform(1.0, 5.0))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_killed_at_many_moments(tmp_path: Path, seed: int) -> None:
    kill_the_command(tmp_path, random.Random(seed).uniform(0.0, 7.0))


def test_a_killed_worker_is_replaced_and_the_episode_is_whole(tmp_path: Path) -> None:
    process = start(tmp_path / "runs", *ARGUMENTS, "--no-browser")
    run_folder(tmp_path / "runs")
    time.sleep(2.0)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for child in random.Random(1).sample(children, 2):
        os.kill(int(child), signal.SIGKILL)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    assert any(json.loads(line)["event"] == "run.first_segment" for line in out.splitlines())
