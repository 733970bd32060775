"""The journal: every event before it is acted on, and the commands that it led to.

One JSON object a line: ``{"now": seconds, "event": {...}}`` or ``{"commands": [...]}``. A line is handed to the
operating system before the next step, so a killed process loses nothing; it is forced to the disk at most
``SYNC_S`` later, so a power cut loses no more than that. What cannot be written, since the disk is full, is written in
its place as soon as there is room: before anything else is.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from murakkab.engine.lines import LineFile, read_lines
from murakkab_optimizer.scheduler import Command, Event
from murakkab_optimizer.scheduler.commands import Evaluate, LoadModel, StartTask

SYNC_S = 0.05


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line: an event with its time, or the commands of the event before it."""

    now: float = 0.0
    event: Event | None = None
    commands: tuple[Command, ...] | None = None


class Journal:
    """Appends entries to a file; ``close`` it at the end.

    Raises:
        OSError: the file cannot be opened.

    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lines = LineFile(path)
        self._encoder = msgspec.json.Encoder()
        self._owed: deque[bytes] = deque()
        self._dirty = threading.Event()
        self._closed = threading.Event()
        self._fault: OSError | None = None
        self._syncer = threading.Thread(target=self._sync, name="journal-sync", daemon=True)
        self._syncer.start()

    def event(self, event: Event, now: float) -> None:
        """Write an event down.

        Raises:
            OSError: it cannot be written (a full disk, for example), and does not count; or an earlier one could not be
                forced to the disk.
        """
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault
        self._settle()
        self._lines.append(self._encoder.encode(Entry(now=now, event=event)))
        self._dirty.set()

    def late(self, event: Event, now: float) -> None:
        """Write an event down that counts whether it can be written now or not."""
        self._owe(Entry(now=now, event=event))

    def commands(self, commands: Sequence[Command]) -> None:
        """Write down what the last event led to (see ``told``), now or later."""
        if commands:
            self._owe(Entry(commands=tuple(map(told, commands))))

    def close(self) -> None:
        """Force everything to the disk and end."""
        with contextlib.suppress(OSError):
            self._settle()
        self._closed.set()
        self._dirty.set()
        self._syncer.join()
        self._lines.close()

    def _owe(self, entry: Entry) -> None:
        self._owed.append(self._encoder.encode(entry))
        with contextlib.suppress(OSError):
            self._settle()

    def _settle(self) -> None:
        """Write down what is owed."""
        while self._owed:
            self._lines.append(self._owed[0])
            self._owed.popleft()
            self._dirty.set()

    def _sync(self) -> None:
        """Force lines to the disk until closed."""
        while True:
            self._dirty.wait()
            self._dirty.clear()
            closing = self._closed.is_set()
            try:
                self._lines.sync()
            except OSError as fault:
                self._fault = fault
            if closing:
                return
            self._closed.wait(SYNC_S)


LISTED = 16
"""References of one list that a command in the journal holds at most."""


def told(command: Command) -> Command:
    """A command as it stands in the journal: without what a replay works out again.

    That is long lists of inputs, and the settings in which a model is loaded.
    """
    if isinstance(command, LoadModel):
        return msgspec.structs.replace(command, knobs={})
    if not isinstance(command, StartTask | Evaluate):
        return command
    short = {name: one for name, one in command.inputs.items() if isinstance(one, str) or len(one) <= LISTED}
    return command if len(short) == len(command.inputs) else msgspec.structs.replace(command, inputs=short)


def read_journal(path: Path) -> Iterator[Entry]:
    """Yield the entries of a journal; a last line that was cut off by a crash is left out."""
    decoder = msgspec.json.Decoder(Entry)
    for line in read_lines(path):
        yield decoder.decode(line)
