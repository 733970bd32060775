"""Folders for the files of attempts.

Making and removing a folder costs a short task more than all else that it does on some disks, and most tasks leave
theirs as it was.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from murakkab_runtimes.artifacts import ArtifactStore


class Scratch:
    """The folders of one worker process, which does one attempt at a time."""

    def __init__(self) -> None:
        self._spare: Path | None = None
        self._made_ns = 0

    def take(self, store: ArtifactStore) -> Path:
        """An empty folder beside the artifacts of a run: a new one, or one in which nothing ever was."""
        spare, self._spare = self._spare, None
        if spare is not None and spare.parent == store.scratch_root and self._is_untouched(spare):
            return spare
        _remove(spare)
        folder = store.scratch()
        self._made_ns = _changed_ns(folder)
        return folder

    def leave(self, folder: Path, *, done: bool) -> None:
        """An attempt has ended: its folder is removed, unless nothing was ever in it.

        Args:
            folder: of the attempt.
            done: whether it did its work; of one that did not, something may still be under way there.
        """
        if done and self._is_untouched(folder):
            self._spare = folder
        else:
            _remove(folder)

    def close(self) -> None:
        """Remove the folder that is kept."""
        _remove(self._spare)
        self._spare = None

    def _is_untouched(self, folder: Path) -> bool:
        return 0 <= _changed_ns(folder) == self._made_ns


def _changed_ns(folder: Path) -> int:
    """When something was put into a folder or taken out last, in nanoseconds; -1 where there is none."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return -1


def _remove(folder: Path | None) -> None:
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
