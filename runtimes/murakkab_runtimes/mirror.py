"""Artifacts where machines share no folder: a local copy of what lies in a store that fsspec reaches (S3 and others).

Files have the names of their content, so a copy is never out of date, and whoever puts the same file twice changes
nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from murakkab_optimizer.graph import INLINE
from murakkab_runtimes.artifacts import ArtifactStore, copy, is_intact, marks_in, no_room, partial_name
from murakkab_runtimes.base import RuntimeFault

_S3 = {"connect_timeout": 5, "read_timeout": 60, "retries": {"max_attempts": 4, "mode": "standard"}}


class StoreFault(RuntimeFault):
    """The store cannot be reached, or has not what it should have."""

    retry = True


class Mirror(ArtifactStore):
    """A folder of artifacts that fetches what it lacks and passes on what it gets.

    Args:
        url: of the folder in the store: ``s3://bucket/prefix``, ``file:///shared/folder`` or whatever fsspec knows.
        root: the local folder.

    Raises:
        StoreFault: from any method, when the store cannot be reached.

    """

    def __init__(self, url: str, root: Path) -> None:
        super().__init__(root)
        self.url = url
        self._there: set[str] = set()
        self._fs, self._base = open_store(url)

    def local(self, name: str) -> Path:
        """Where the artifact can be read; fetches it when it is not there."""
        path = self.path(name)
        if not path.exists():
            self._fetch(name, path)
        return path

    def stored(self, name: str) -> None:
        """Pass an artifact on."""
        if name in self._there:
            return
        with told(self.url, writing=True):
            self._put(self.path(name), self._remote(name))
        self._there.add(name)

    def share(self, names: Iterable[str]) -> None:
        """Pass values on with the files in them, those that came from there left out."""
        for name in names:
            if name in self._there or name.startswith(INLINE):
                continue
            for file in marks_in(self.load(name)):
                self.stored(file)
            self.stored(name)

    def write(self, name: str, content: bytes) -> None:
        """Write a small file that is no artifact."""
        with told(self.url, writing=True):
            if "file" in self._fs.protocol:
                self._fs.makedirs(self._base, exist_ok=True)
            self._fs.pipe_file(f"{self._base}/{name}", content)

    def read(self, name: str) -> bytes:
        """Read a small file that is no artifact.

        Raises:
            FileNotFoundError: it is not there.
        """
        with told(self.url):
            content: bytes = self._fs.cat_file(f"{self._base}/{name}")
            return content

    def _fetch(self, name: str, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(partial_name())
        try:
            with told(self.url):
                self._fs.get_file(self._remote(name), str(partial))
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        if not is_intact(path):
            raise StoreFault(f"{name} in the store {self.url} is not what its name says")
        self._there.add(name)

    def _put(self, source: Path, remote: str) -> None:
        """Store a file; it has its name there when it is whole."""
        if "file" in self._fs.protocol:
            target = Path(remote)
            target.parent.mkdir(parents=True, exist_ok=True)
            copy(source, target)
        else:
            self._fs.put_file(str(source), remote)

    def _remote(self, name: str) -> str:
        return f"{self._base}/{name[:2]}/{name}"


@contextlib.contextmanager
def told(url: str, *, writing: bool = False) -> Iterator[None]:
    """Turn whatever a store raises into StoreFault, except that something is not there or that this disk is full.

    Args:
        url: of the store.
        writing: whether something is put there: it is the store, then, that is full.
    """
    try:
        yield
    except (FileNotFoundError, StoreFault):
        raise
    except Exception as fault:
        if no_room(fault):
            if not writing:
                raise
            raise StoreFault(f"the store {url} is full: {fault}") from fault
        raise StoreFault(f"cannot reach the store {url}: {str(fault) or type(fault).__name__}") from fault


def open_store(url: str) -> tuple[Any, str]:
    """The file system of a store and the path of the folder in it.

    Raises:
        StoreFault: the address is none, or a package for it is missing.
    """
    try:
        import fsspec

        protocol = urlsplit(url).scheme
        options: dict[str, Any] = {"config_kwargs": _S3} if protocol == "s3" else {}
        fs, base = fsspec.core.url_to_fs(url, use_listings_cache=False, **options)
    except ImportError as fault:
        raise StoreFault(f"the store {url} needs a package: pip install 'murakkab[cluster]' ({fault})") from None
    except ValueError as fault:
        raise StoreFault(f"'{url}' is no address of a store: {fault}") from None
    return fs, base.rstrip("/")
