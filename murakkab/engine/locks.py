"""Files that say which living process something belongs to; the claim ends with the process."""

from __future__ import annotations

import fcntl
import time
from pathlib import Path
from typing import TextIO

_LOOK_S = 0.1
"""Others may hold a lock for a moment to see whether it is claimed; a claim waits for them this long."""


def claim(path: Path) -> TextIO | None:
    """Claim a file until the returned handle is closed; None when a living process has it."""
    handle = path.open("a")
    until = time.monotonic() + _LOOK_S
    while not _flock(handle, fcntl.LOCK_EX):
        if time.monotonic() > until:
            handle.close()
            return None
        time.sleep(_LOOK_S / 20)
    return handle


def is_claimed(path: Path) -> bool:
    """Whether a living process has claimed the file."""
    try:
        handle = path.open("r")
    except FileNotFoundError:
        return False
    with handle:
        return not _flock(handle, fcntl.LOCK_SH)


def _flock(handle: TextIO, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
