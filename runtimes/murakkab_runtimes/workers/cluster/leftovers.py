"""Ending what the processes of a slot have started, when they cannot do it themselves."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Collection
from pathlib import Path


def end_session(session: int, keep: Collection[int] = ()) -> None:
    """Kill all processes of a session that are in none of some process groups (Linux; elsewhere nothing happens).

    Args:
        session: process id of its leader, which may be gone.
        keep: ids of the process groups that stay.
    """
    for place in Path("/proc").glob("[0-9]*"):
        pid = int(place.name)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(pid) == session and os.getpgid(pid) not in keep:
                os.kill(pid, signal.SIGKILL)


def lead_group() -> None:
    """Lead a process group, alone in the session beside that of the parent: what an earlier child left there is ended.

    Only where the parent leads the session, so that nobody else's processes are in it.
    """
    before = os.getpgrp()
    os.setpgid(0, 0)
    if os.getsid(0) == os.getppid():
        end_session(os.getsid(0), keep=(before, os.getpgrp()))
