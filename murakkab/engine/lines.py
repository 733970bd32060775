"""Files of JSON lines: a line is there whole or not at all, also after a kill, a power cut or a full disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path


class LineFile:
    """Appends lines to a file; what a power cut left behind the last line end is cut off first."""

    def __init__(self, path: Path) -> None:
        _drop_torn_line(path)
        self._file = path.open("ab", buffering=0)

    def append(self, line: bytes) -> None:
        """Hand one line to the operating system.

        Raises:
            OSError: the disk is full, for example; nothing of the line is in the file then.
        """
        content = line + b"\n"
        written = self._file.write(content)
        if written != len(content):
            os.ftruncate(self._file.fileno(), os.fstat(self._file.fileno()).st_size - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def sync(self) -> None:
        """Force what was appended to the disk."""
        os.fdatasync(self._file.fileno())

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def read_lines(path: Path) -> list[bytes]:
    """The whole lines of a file; a torn last one is left out."""
    return path.read_bytes().split(b"\n")[:-1]


def _drop_torn_line(path: Path) -> None:
    if not path.exists():
        return
    content = path.read_bytes()
    keep = content.rfind(b"\n") + 1
    if keep != len(content):
        os.truncate(path, keep)
