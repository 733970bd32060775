"""Digests of the code behind a result: of adapters, and of users' functions with what they import beside them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.machinery import PathFinder
from importlib.metadata import EntryPoints, entry_points, packages_distributions, version
from pathlib import Path

from murakkab_runtimes.base import GROUP

_IMPORT = re.compile(
    r"(?:^|[;:])[ \t]*(?:from[ \t]+(\.*)([\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^;\n]*)|import[ \t]+([^;\n]*))",
    re.MULTILINE,
)
_NAME = re.compile(r"\w[\w.]*")


@cache
def _adapters() -> EntryPoints:
    return entry_points(group=GROUP)


@cache
def adapter_version(adapter: str) -> str:
    """Distribution, version and digest of the code of an adapter: its file and what that imports from its package."""
    for entry in _adapters().select(name=adapter):
        release = f"{entry.dist.name} {entry.dist.version}" if entry.dist else ""
        file = _module_file(entry.module)
        if file is None:
            return release
        depth = entry.module.count(".") + (file.name == "__init__.py")
        top = entry.module.partition(".")[0]
        return f"{release} {digest_of([file, *_imported(file, file.parents[depth], top)])}"
    return ""


@cache
def package_versions(imported: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Import names with the versions of the distributions that they come from; names without one are left out."""
    known = packages_distributions()
    return tuple((name, version(known[name][0])) for name in imported if name in known)


def function_version(function: dict[str, str | dict[str, str]], file: Path | None) -> str:
    """Digest of a user's function: its file and all that it imports from the folder beside it, or its module and all
    that this imports from its package.

    Args:
        function: the argument ``function`` of the node.
        file: the stored copy of its file, if it is one.

    """
    if file is None:
        name = str(function.get("module", ""))
        found = _module_file(name)
        if found is None:
            return ""
        inside = name.count(".") + (found.name == "__init__.py")
        return digest_of([found, *_imported(found, found.parents[inside], name.partition(".")[0] if inside else "")])
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


def _imported(file: Path, root: Path, top: str = "") -> list[Path]:
    """Modules below ``root`` that a file imports, and those that they import.

    Args:
        file: the module.
        root: where absolute names begin.
        top: only modules of this top-level package, where it is given.

    """
    found: dict[Path, None] = {}
    todo = [file]
    for current in todo:
        for stem in _import_stems(current, root, top):
            target = _module_at(stem)
            if target is not None and target not in found:
                found[target] = None
                todo.append(target)
    return sorted(found)


def _import_stems(file: Path, root: Path, top: str) -> Iterator[Path]:
    """Where the modules that a file imports would be, without the endings of files; also some that it does not."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace").replace("\\\n", " ")
    except OSError:
        return
    for dots, module, members, plain in _IMPORT.findall(text):
        base = file.parents[len(dots) - 1] if 0 < len(dots) <= len(file.parents) else root
        inside = [f"{module}.{name}".lstrip(".") for name in _NAME.findall(members)]
        for name in filter(None, [module, *inside, *_NAME.findall(plain)]):
            if base is not root or not top or name.partition(".")[0] == top:
                yield base.joinpath(*name.split("."))


def _module_at(stem: Path) -> Path | None:
    return next((file for file in (stem.with_name(stem.name + ".py"), stem / "__init__.py") if file.is_file()), None)
