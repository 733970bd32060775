"""Content-addressed files: what tasks hand to each other.

A value is JSON in which ``{"$file": "<sha256>.<suffix>"}`` stands for a stored file. A file gets its name by an
atomic link after it is complete, so a name always stands for whole content and a second commit of it has no effect.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
from pathlib import Path
from typing import Any

import msgspec

from murakkab_optimizer.graph import INLINE

FILE_KEY = "$file"

_NAME = re.compile(r"[0-9a-f]{64}(\.[^/]*|/(?!\.\.?$)[^/]+)?")


def is_mark(value: dict[str, Any]) -> bool:
    """Whether an object stands for a stored file."""
    name = value.get(FILE_KEY)
    return len(value) == 1 and isinstance(name, str) and _NAME.fullmatch(name) is not None


class ArtifactStore:
    """A folder of content-addressed files.

    Args:
        root: the folder; scratch space lies beside the files so that commits are renames.

    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.scratch_root = root / "scratch"

    def path(self, name: str) -> Path:
        """Where the artifact of that name is, or would be."""
        return self.root / name[:2] / name

    def __contains__(self, name: str) -> bool:
        return self.path(name).is_file()

    def local(self, name: str) -> Path:
        """Where the artifact of that name can be read."""
        return self.path(name)

    def stored(self, name: str) -> None:
        """Called with the name of each artifact that was stored."""

    def scratch(self) -> Path:
        """Make an empty folder for one attempt; no other one, on whichever machine, has the same."""
        folder = self.scratch_root / secrets.token_hex(12)
        folder.mkdir(parents=True)
        return folder

    def put_file(self, source: Path) -> str:
        """Store a copy (a link where possible) of a file and return its name."""
        with source.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        name = digest + source.suffix.lower()
        target = self.path(name)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_relative_to(self.scratch_root):
                link_or_copy(source, target)
            else:
                copy(source, target)
        self.stored(name)
        return name

    def put_input(self, source: Path) -> str:
        """Store a copy of a user's file under its own name, so that messages can name it; return the reference."""
        with source.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        name = f"{digest}/{source.name}"
        target = self.path(name)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            copy(source, target)
        self.stored(name)
        return name

    def put_json(self, value: Any) -> str:  # noqa: ANN401 - JSON of any shape
        """Store a value whose files are stored already and return its name."""
        content = msgspec.json.encode(value)
        name = hashlib.sha256(content).hexdigest() + ".json"
        target = self.path(name)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(partial_name())
            partial.write_bytes(content)
            partial.replace(target)
        self.stored(name)
        return name

    def put(self, value: Any) -> str:  # noqa: ANN401 - JSON of any shape
        """Store a value with all the files (``pathlib.Path``) inside it and return its name."""
        return self.put_json(self._store_files(value))

    def load(self, name: str) -> Any:  # noqa: ANN401 - JSON of any shape
        """Read a value by its name or from an inline reference, file marks as they are."""
        if name.startswith(INLINE):
            return msgspec.json.decode(name[len(INLINE) :])
        return msgspec.json.decode(self.local(name).read_bytes())

    def get(self, name: str) -> Any:  # noqa: ANN401 - JSON of any shape
        """Read a value; every file in it becomes a ``pathlib.Path``."""
        return self.open_files(self.load(name))

    def open_files(self, value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
        """Replace file marks by paths; what only looks like a mark stays, so that no value opens other files."""
        if isinstance(value, dict):
            if is_mark(value):
                return self.local(value[FILE_KEY])
            return {key: self.open_files(inner) for key, inner in value.items()}
        return [self.open_files(inner) for inner in value] if isinstance(value, list) else value

    def is_whole(self, name: str) -> bool:
        """Whether the value and its files are what their names say; what is not (after a power cut) is removed."""
        if name.startswith(INLINE):
            return True
        try:
            paths = [self.path(name), *self.files_in(self.load(name))]
        except (OSError, msgspec.DecodeError):
            self.path(name).unlink(missing_ok=True)
            return False
        broken = [path for path in paths if not is_intact(path)]
        return not broken

    def files_in(self, value: Any) -> list[Path]:  # noqa: ANN401 - JSON of any shape
        """The stored files that a value's marks stand for."""
        return _paths(self.open_files(value))

    def _store_files(self, value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
        if isinstance(value, Path):
            return {FILE_KEY: value.name if self.path(value.name) == value else self.put_file(value)}
        if isinstance(value, dict):
            return {key: self._store_files(inner) for key, inner in value.items()}
        return [self._store_files(inner) for inner in value] if isinstance(value, list | tuple) else value


def marks_in(value: Any) -> list[str]:  # noqa: ANN401 - JSON of any shape
    """Names of the files that stand in a value as marks."""
    if isinstance(value, dict):
        return [value[FILE_KEY]] if is_mark(value) else [name for part in value.values() for name in marks_in(part)]
    return [name for part in value for name in marks_in(part)] if isinstance(value, list | tuple) else []


def _paths(value: Any) -> list[Path]:  # noqa: ANN401 - JSON of any shape
    if isinstance(value, Path):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [path for part in inner for path in _paths(part)]


def is_intact(path: Path) -> bool:
    """Whether a stored file is what its name says; one that is not is removed."""
    digest = path.parent.name if len(path.parent.name) == 64 else path.stem
    try:
        with path.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() == digest:
                return True
    except OSError:
        return False
    path.unlink()
    return False


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it where the file system has no links; an existing target stays."""
    try:
        os.link(source, target)
    except FileExistsError:
        return
    except OSError:
        copy(source, target)


def no_room(fault: Exception) -> bool:
    """Whether a fault says that nothing more, or nothing larger, can be written."""
    return isinstance(fault, OSError) and fault.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def partial_name() -> str:
    """A name for a file that is being written here and, since the folder may be shared, nowhere else."""
    return f".{secrets.token_hex(8)}.part"


def copy(source: Path, target: Path) -> None:
    """Copy a file; it has its name when it is whole."""
    partial = target.with_name(partial_name())
    shutil.copyfile(source, partial)
    partial.replace(target)
