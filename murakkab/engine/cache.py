"""Results that are kept across runs: a folder of files named by their content, and entries named by what made them."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from murakkab_optimizer.graph import INLINE
from murakkab_optimizer.scheduler.events import Meta
from murakkab_runtimes.artifacts import ArtifactStore, link_or_copy

BUDGET_BYTES = 2_000_000_000
MOST_PLACES = 20_000
SHORT = 24
"""Characters of a value that is told as it is when it changed."""
_YOUNG_S = 60.0
"""Files that were linked more recently may belong to an entry that is just being written."""

Parts = dict[str, str]
"""What a result follows from: names of parts (``model``, ``argument text``) and their digests or short values."""


class Item(msgspec.Struct, frozen=True):
    """A reference of a stored value and what the scheduler should know of it."""

    value: str
    meta: Meta = {}


class Result(msgspec.Struct, frozen=True):
    """What a task made: its items in their order, its value, and the seconds of work that it took."""

    items: tuple[Item, ...]
    end: Item
    seconds: float


class ResultCache:
    """Keeps results in a folder; several engines may use it at once.

    Args:
        root: the folder.
        budget_bytes: what ``trim`` leaves.

    """

    def __init__(self, root: Path, budget_bytes: int = BUDGET_BYTES) -> None:
        self._entries, self._places = root / "entries", root / "places"
        self._objects = ArtifactStore(root / "objects")
        self._budget = budget_bytes

    def get(self, key: str, store: ArtifactStore) -> Result | None:
        """The result of that key, its files linked into ``store``; None where there is none or it is damaged."""
        path = self._path(self._entries, key)
        try:
            result = msgspec.json.decode(path.read_bytes(), type=Result)
            for name in _names(result):
                if not self._objects.is_whole(name):
                    path.unlink(missing_ok=True)
                    return None
                _copy_value(name, self._objects, store)
            os.utime(path)
        except (OSError, msgspec.DecodeError):
            return None
        return result

    def put(self, key: str, result: Result, store: ArtifactStore) -> None:
        """Keep a result whose files are in ``store``."""
        for name in _names(result):
            _copy_value(name, store, self._objects)
        _write(self._path(self._entries, key), msgspec.json.encode(result))

    def last_parts(self, place: str) -> Parts | None:
        """The parts of the last result at a place (a task of a workflow)."""
        try:
            return msgspec.json.decode(self._path(self._places, digest(place)).read_bytes(), type=Parts)
        except (OSError, msgspec.DecodeError):
            return None

    def note_parts(self, place: str, parts: Parts) -> None:
        """Remember of what the last result at a place was made."""
        _write(self._path(self._places, digest(place)), msgspec.json.encode(parts))

    def trim(self) -> int:
        """Remove the results that were not used for longest until the rest fits the budget; return bytes removed."""
        kept: set[Path] = set()
        total = 0
        for path in _by_use(self._entries):
            files = self._files(path)
            more = {file: _size(file) for file in (files or ()) if file not in kept}
            if files is not None and total + sum(more.values()) <= self._budget:
                kept.update(more)
                total += sum(more.values())
            else:
                path.unlink(missing_ok=True)
        for path in _by_use(self._places)[MOST_PLACES:]:
            path.unlink(missing_ok=True)
        return sum(_remove(file) for file in self._objects.root.rglob("*") if file.is_file() and file not in kept)

    def _files(self, entry: Path) -> set[Path] | None:
        """Files of an entry; None where it cannot be read."""
        found: set[Path] = set()
        try:
            for name in _names(msgspec.json.decode(entry.read_bytes(), type=Result)):
                if not name.startswith(INLINE):
                    found |= {self._objects.path(name), *self._objects.files_in(self._objects.load(name))}
        except (OSError, msgspec.DecodeError):
            return None
        return found

    @staticmethod
    def _path(folder: Path, key: str) -> Path:
        return folder / key[:2] / f"{key}.json"


def digest(value: object) -> str:
    """Digest of JSON; the order of keys does not count."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()


def difference(before: Mapping[str, str] | None, now: Mapping[str, str]) -> str:
    """Why a result could not be taken from the cache, in words."""
    if before is None:
        return "never made before"
    changed = [name for name in {**now, **before} if before.get(name) != now.get(name)]
    if not changed:
        return "its result is no longer kept"
    if "model" in changed:
        changed = [name for name in changed if name not in ("card", "adapter") and not name.startswith("knob ")]
    told = [_told(name, before.get(name, ""), now.get(name, "")) for name in changed]
    return "; ".join(told[:3]) + ("; and more" if len(told) > 3 else "")


def _told(name: str, before: str, now: str) -> str:
    short = all(0 < len(value) <= SHORT for value in (before, now))
    return f"{name} {before} -> {now}" if short else f"{name} changed"


def _names(result: Result) -> list[str]:
    return [item.value for item in (*result.items, result.end)]


def _copy_value(name: str, source: ArtifactStore, target: ArtifactStore) -> None:
    """Link a value and its files from one store into another."""
    if not name.startswith(INLINE):
        for path in (*source.files_in(source.load(name)), source.path(name)):
            place = target.root / path.relative_to(source.root)
            if not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                link_or_copy(path, place)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
    partial.write_bytes(content)
    partial.replace(path)


def _by_use(folder: Path) -> list[Path]:
    """The files of entries or places, the one that was used last first."""

    def used(path: Path) -> float:
        try:
            return path.stat().st_mtime
        except OSError:
            return 0.0

    return sorted(folder.glob("*/*.json"), key=used, reverse=True)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _remove(path: Path) -> int:
    """Remove a file that is not young; return its size."""
    try:
        status = path.stat()
        if time.time() - status.st_ctime < _YOUNG_S:
            return 0
        path.unlink()
    except OSError:
        return 0
    return status.st_size
