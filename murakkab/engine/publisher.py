"""Showing the viewer what is made: the values of the published node become an HLS stream."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from murakkab_runtimes.media.hls import HlsWriter


def is_segment(value: object) -> bool:
    """Whether a published value is a packaged segment, which a playlist can take."""
    return isinstance(value, dict) and {"segment", "init", "start", "seconds"} <= value.keys()


class Publisher:
    """Appends packaged segments to the playlist in a folder; one that holds segments already is continued."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: HlsWriter | None = None

    def append(self, index: int, value: dict[str, Any]) -> bool:
        """Publish a package value; False when segment ``index`` was published before.

        Raises:
            OSError: the folder cannot be written.
        """
        if self._writer is None:
            self._writer = HlsWriter(self._folder, value["width"], value["height"], value["fps"])
        if index < self._writer.count:
            return False
        self._writer.append(value["segment"], value["init"], value["seconds"], value["captions"], index=index)
        return True

    def finish(self, *, whole: bool) -> None:
        """End the playlist. One that is not whole is left open, so that the run can be resumed."""
        if self._writer is not None and whole:
            self._writer.finish()
