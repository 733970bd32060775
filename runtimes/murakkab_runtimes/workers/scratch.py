"""Folders for the files of attempts.

Making and removing a folder is a good part of what a short task costs, and many tasks put nothing into theirs.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from murakkab_runtimes.artifacts import ArtifactStore


class Scratch:
    """The folders of one worker process, which does one attempt at a time."""

    def __init__(self) -> None:
        self._spare: Path | None = None

    def take(self, store: ArtifactStore) -> Path:
        """An empty folder beside the artifacts of a run: a new one, or one that an attempt left empty."""
        spare, self._spare = self._spare, None
        if spare is not None and spare.parent == store.scratch_root and _is_empty(spare):
            return spare
        _remove(spare)
        return store.scratch()

    def leave(self, folder: Path, *, done: bool) -> None:
        """An attempt has ended: its folder is removed, unless nothing is in it.

        Args:
            folder: of the attempt.
            done: whether it did its work; of one that did not, something may still be under way there.
        """
        if done and _is_empty(folder):
            self._spare = folder
        else:
            _remove(folder)

    def close(self) -> None:
        """Remove the folder that is kept."""
        _remove(self._spare)
        self._spare = None


def _is_empty(folder: Path) -> bool:
    """Whether a folder is there and nothing is in it."""
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except OSError:
        return False


def _remove(folder: Path | None) -> None:
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
