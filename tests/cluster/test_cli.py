"""What a person sees of workers and brokers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from murakkab.engine.broker import without_password
from tests.engine.conftest import SUMS


def murakkab(folder: Path, *args: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "murakkab", *args]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("command", ["run", "worker"])
def test_a_broker_that_cannot_be_reached_is_told(tmp_path: Path, command: str) -> None:
    (tmp_path / "sums.yaml").write_text(SUMS)
    args = {"run": ["run", "sums.yaml", "--no-browser"], "worker": ["worker"]}[command]
    answer = murakkab(tmp_path, *args, "--broker", "redis://:secret@127.0.0.1:1/0")
    assert answer.returncode == 1
    assert "cannot reach the broker redis://:***@127.0.0.1:1/0" in answer.stderr
    assert "redis-server" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert "secret" not in answer.stderr


def test_what_is_no_broker_is_bad_usage(tmp_path: Path) -> None:
    answer = murakkab(tmp_path, "workers", "--broker", "ftp://there")
    assert answer.returncode == 2
    assert "redis://host:6379/0" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:pw@h:1/0", "redis://:***@h:1/0"),
        ("rediss://me:p%40w@h/1", "rediss://me:***@h/1"),
        ("redis://h:1/0", "redis://h:1/0"),
    ],
)
def test_passwords_are_not_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_embedded_runs_need_neither_celery_nor_redis(tmp_path: Path) -> None:
    (tmp_path / "sums.yaml").write_text(SUMS)
    code = (
        "import sys\n"
        "sys.modules['celery'] = sys.modules['redis'] = None\n"
        "from murakkab.cli import app\n"
        "app(['run', 'sums.yaml', '--count', '2', '--no-browser'], standalone_mode=False)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "sum" in done.stdout
