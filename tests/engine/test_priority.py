"""Workers step back for a player, and only then."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from murakkab.engine.priority import NICE, StepBack

SLEEPS = """
import threading, time
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
print("ready", flush=True)
time.sleep(60)
"""


@pytest.fixture
def worker() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", SLEEPS], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    process.stdout.readline()
    yield process.pid
    process.kill()
    process.communicate()


def niceness(pid: int) -> set[int]:
    tasks = Path(f"/proc/{pid}/task")
    threads = [int(task.name) for task in tasks.iterdir()] if tasks.exists() else [pid]
    return {os.getpriority(os.PRIO_PROCESS, thread) for thread in threads}


def test_all_threads_of_a_worker_step_back(worker: int) -> None:
    before = niceness(os.getpid())
    StepBack().workers([worker])
    assert niceness(worker) == {NICE}
    group = Path(f"/proc/{worker}/autogroup")
    assert not group.exists() or not group.read_text() or group.read_text().split()[-1] == str(NICE)
    assert niceness(os.getpid()) == before, "who asks stays as it is"


def test_a_worker_that_has_stepped_back_further_stays_there_and_one_that_is_gone_is_no_fault(worker: int) -> None:
    for thread in Path(f"/proc/{worker}/task").iterdir() if Path("/proc").exists() else ():
        os.setpriority(os.PRIO_PROCESS, int(thread.name), NICE + 3)
    StepBack().workers([worker, 2**22 + 1])
    assert niceness(worker) == {NICE + 3}
