"""The journal: every event before it is acted on, and the commands that it led to.

One JSON object a line: ``{"now": seconds, "event": {...}}`` or ``{"commands": [...]}``. A line is handed to the
operating system before the next step, so a killed process loses nothing; it is forced to the disk at most
``SYNC_S`` later, so a power cut loses no more than that.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from murakkab_optimizer.scheduler import Command, Event

SYNC_S = 0.05


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line: an event with its time, or the commands of the event before it."""

    now: float = 0.0
    event: Event | None = None
    commands: tuple[Command, ...] | None = None


class Journal:
    """Appends entries to a file; ``close`` it at the end.

    Raises:
        OSError: the file cannot be written (a full disk, for example); nothing of the entry counts then.

    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        _drop_torn_line(path)
        self._file = path.open("ab", buffering=0)
        self._encoder = msgspec.json.Encoder()
        self._dirty = threading.Event()
        self._closed = False
        self._syncer = threading.Thread(target=self._sync, name="journal-sync", daemon=True)
        self._syncer.start()

    def event(self, event: Event, now: float) -> None:
        """Write an event down."""
        self._append(Entry(now=now, event=event))

    def commands(self, commands: Sequence[Command]) -> None:
        """Write down what the last event led to."""
        if commands:
            self._append(Entry(commands=tuple(commands)))

    def close(self) -> None:
        """Force everything to the disk and end."""
        self._closed = True
        self._dirty.set()
        self._syncer.join()
        self._file.close()

    def _append(self, entry: Entry) -> None:
        self._file.write(self._encoder.encode(entry) + b"\n")
        self._dirty.set()

    def _sync(self) -> None:
        pause = threading.Event()
        while True:
            self._dirty.wait()
            self._dirty.clear()
            os.fdatasync(self._file.fileno())
            if self._closed:
                return
            pause.wait(SYNC_S)


def read_journal(path: Path) -> Iterator[Entry]:
    """Yield the entries of a journal; a last line that was cut off by a crash is left out."""
    decoder = msgspec.json.Decoder(Entry)
    with path.open("rb") as stream:
        for line in stream:
            if line.endswith(b"\n"):
                yield decoder.decode(line)


def _drop_torn_line(path: Path) -> None:
    """Cut off what stands behind the last line end, so that new entries begin on a line of their own."""
    if not path.exists():
        return
    content = path.read_bytes()
    keep = content.rfind(b"\n") + 1
    if keep != len(content):
        os.truncate(path, keep)
