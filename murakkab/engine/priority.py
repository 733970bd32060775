"""Playing goes before making: workers of this machine step back once somebody watches."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

NICE = 3
"""Niceness of workers that step back: beside one of them, a player that needs it gets two thirds of a core.

With much more, any other program on the machine would starve the show.
"""


class StepBack:
    """Lowers the priority of worker processes, each once; it is not raised again, which systems seldom allow.

    A player that cannot decode in time stalls however much of the show is ready, while a show that is made a little
    later still has its rungs to go down.
    """

    def __init__(self) -> None:
        self._done: set[int] = set()

    def workers(self, pids: Iterable[int]) -> None:
        """Let these processes step back, all their threads included. What the system does not allow stays as it is."""
        for pid in set(pids) - self._done:
            self._done.add(pid)
            for thread in _threads(pid):
                with contextlib.suppress(OSError):
                    os.setpriority(os.PRIO_PROCESS, thread, max(os.getpriority(os.PRIO_PROCESS, thread), NICE))
            with contextlib.suppress(OSError):  # Linux shares processor time out by session first
                Path(f"/proc/{pid}/autogroup").write_text(str(NICE))


def _threads(pid: int) -> list[int]:
    try:
        return [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return [pid]
