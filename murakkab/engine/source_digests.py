"""Digests of the code behind a result: of adapters, and of users' functions with what they import beside them."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.machinery import PathFinder
from importlib.metadata import entry_points
from pathlib import Path

from murakkab_runtimes.base import GROUP


@cache
def adapter_version(adapter: str) -> str:
    """Distribution, version and digest of the code of an adapter: its package, or its module where it is in none."""
    for entry in entry_points(group=GROUP).select(name=adapter):
        release = f"{entry.dist.name} {entry.dist.version}" if entry.dist else ""
        return f"{release} {_code_digest(entry.module.partition('.')[0])}"
    return ""


@cache
def _code_digest(name: str) -> str:
    """Digest of a top-level package or module."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        return ""
    origin = Path(spec.origin)
    return digest_of(sorted(origin.parent.rglob("*.py")) if spec.submodule_search_locations else [origin])


def function_version(function: dict[str, str | dict[str, str]], file: Path | None) -> str:
    """Digest of a user's function: its file and all that it imports from the folder beside it, or its module.

    Args:
        function: the argument ``function`` of the node.
        file: the stored copy of its file, if it is one.

    """
    if file is None:
        found = _module_file(str(function.get("module", "")))
        return digest_of([found, *_imported(found, found.parent)]) if found else ""
    folder = Path(str(function.get("folder") or file.parent))
    return digest_of([file, *_imported(file, folder)])


def digest_of(files: Iterable[Path]) -> str:
    """Digest of the names and the contents of files; one that is gone counts as empty."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0")
        digest.update(file.read_bytes() if file.is_file() else b"")
    return digest.hexdigest()


def _module_file(name: str) -> Path | None:
    """The file of a module, found without running any of its packages."""
    paths, found = None, None
    for part in name.split("."):
        found = PathFinder.find_spec(part, paths)
        if found is None:
            return None
        paths = list(found.submodule_search_locations or [])
    return Path(found.origin) if found and found.origin else None


def _imported(file: Path, folder: Path) -> list[Path]:
    """Modules in ``folder`` that a file imports, and those that they import."""
    found: dict[Path, None] = {}
    todo = [file]
    for current in todo:
        for name in _import_names(current):
            target = _beside(name, folder)
            if target is not None and target not in found:
                found[target] = None
                todo.append(target)
    return sorted(found)


def _import_names(file: Path) -> Iterator[str]:
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" if node.module else alias.name for alias in node.names)


def _beside(name: str, folder: Path) -> Path | None:
    stem = folder.joinpath(*name.split("."))
    return next((file for file in (stem.with_name(stem.name + ".py"), stem / "__init__.py") if file.is_file()), None)
