"""What a worker process tells of an attempt."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import msgspec

from murakkab_optimizer.scheduler.events import TaskFinished
from murakkab_runtimes.artifacts import ArtifactStore
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.workers.messages import Reply, Request, Run, Stop


def told(*requests: Request) -> list[Reply]:
    """All that a worker says to these requests until it ends."""
    lines = b"".join(msgspec.json.encode(request) + b"\n" for request in requests)
    command = [sys.executable, "-m", "murakkab_runtimes.workers.child", "w"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(lines)
        worker.stdin.flush()
        return [msgspec.json.decode(line, type=Reply) for line in worker.stdout]


def test_the_load_of_a_model_is_no_part_of_the_work(tmp_path: Path) -> None:
    card = load_catalog()["toy-heavy"]
    runs = [Run(lease, str(tmp_path), card, {}, 1, {}, 0) for lease in ("first", "second")]
    replies = told(*runs, Stop())
    now = time.monotonic()
    finished = [reply for reply in replies if isinstance(reply, TaskFinished)]
    assert [reply.lease for reply in finished] == ["first", "second"]
    loaded_at = [ArtifactStore(tmp_path).get(reply.value) for reply in finished]
    assert loaded_at[0] == loaded_at[1], "it is loaded once"
    assert 0.0 < sum(reply.seconds for reply in finished) <= now - loaded_at[0]
