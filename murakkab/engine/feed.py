"""What people and programs are told of a run: one stream for the page, ``--json`` and the progress display."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from murakkab.engine.lines import LineFile

FINISHED = "run.finished"


class RunFeed:
    """The public events of one run, kept in ``events.jsonl`` and handed to any number of readers.

    Args:
        path: of the file; a feed that is opened again goes on behind what is there.
        run: id of the run.
        began: time of the request in seconds since the epoch; ``t`` of every event counts from it.

    """

    def __init__(self, path: Path, run: str, began: float) -> None:
        self._run = run
        self.began = began
        self._events = read_events(path)
        self._lines = LineFile(path)
        self._news = asyncio.Event()
        self._open = True

    def send(self, name: str, now: float, **facts: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON of any shape
        """Append one event and wake the readers; on a full disk only the readers get it."""
        event = {
            "event": name,
            "run": self._run,
            "seq": len(self._events) + 1,
            "t": round(now - self.began, 3),
            **facts,
        }
        self._events.append(event)
        with contextlib.suppress(OSError):
            self._lines.append(msgspec.json.encode(event))
        self._wake()
        return event

    @property
    def events(self) -> Sequence[dict[str, Any]]:
        """All events so far."""
        return self._events

    def close(self) -> None:
        """No more events will come."""
        if self._open:
            self._open = False
            self._lines.close()
            self._wake()

    async def read(self, after: int = 0) -> AsyncIterator[dict[str, Any]]:
        """Yield the events with a ``seq`` above ``after``, then each new one until the feed is closed."""
        position = after
        while True:
            news = self._news
            while position < len(self._events):
                yield self._events[position]
                position += 1
            if not self._open:
                return
            await news.wait()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()


def read_events(path: Path) -> list[dict[str, Any]]:
    """The events kept in a file, numbered anew; none when it does not exist. A torn last line is left out."""
    return list(kept_events(path))


def kept_events(path: Path, after: int = 0) -> Iterator[dict[str, Any]]:
    """The same one by one, those with a ``seq`` above ``after``: a slow reader holds one of them."""
    if not path.exists():
        return
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if number > after and line.endswith(b"\n"):
                yield {**msgspec.json.decode(line), "seq": number}
