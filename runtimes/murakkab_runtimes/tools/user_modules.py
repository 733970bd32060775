"""Loads the modules of users' functions, each with the modules beside its file, apart from all others."""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from murakkab_runtimes.base import InputError


class UserModules:
    """The user modules of one worker.

    Modules in the folder of a function's file can be imported while a function of that folder is loaded or runs, and
    at no other time: neither functions of other folders nor the models of this worker ever see them. A file or a module
    beside it that was edited is loaded anew.
    """

    def __init__(self) -> None:
        self._loaded: dict[tuple[Path, str], ModuleType] = {}
        self._beside: dict[Path, dict[str, ModuleType]] = {}
        self._stamps: dict[Path, dict[Path, int]] = {}

    @contextmanager
    def folder(self, folder: Path | None) -> Iterator[None]:
        """Let modules in ``folder`` be imported."""
        if folder is None:
            yield
            return
        self._forget_edited(folder)
        displaced = _displace(folder)
        known = set(sys.modules)
        sys.modules.update(self._beside.get(folder, {}))
        sys.path.insert(0, str(folder))
        importlib.invalidate_caches()
        try:
            yield
        finally:
            sys.path.remove(str(folder))
            self._take_out(folder, known)
            sys.modules.update(displaced)

    def load_file(self, file: Path, origin: Path) -> ModuleType:
        """The module in ``file``, a copy of ``origin``; call it inside ``folder(origin.parent)``.

        Raises:
            InputError: it is no Python or cannot be run.
        """
        content = file.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if module := self._loaded.get((origin, digest)):
            return module
        module = ModuleType(f"{origin.stem}_{digest[:12]}")
        module.__file__ = str(origin)
        sys.modules[module.__name__] = module
        try:
            exec(compile(content, str(origin), "exec"), module.__dict__)  # noqa: S102 - the user's own code
        except BaseException as fault:
            del sys.modules[module.__name__]
            raise InputError(f"cannot load {origin.name}: {_place(fault, origin)}") from fault
        self._loaded[(origin, digest)] = module
        return module

    def _take_out(self, folder: Path, known: set[str]) -> None:
        """Put modules of the folder aside."""
        beside = self._beside.setdefault(folder, {})
        own = set(self._loaded.values())
        for name in [name for name in sys.modules if name not in known]:
            if _lies_in(module := sys.modules[name], folder) and module not in own:
                beside[name] = sys.modules.pop(name)
        files = [Path(module.__file__) for module in beside.values() if module.__file__]
        self._stamps[folder] = {file: _stamp(file) for file in files}

    def _forget_edited(self, folder: Path) -> None:
        if any(_stamp(file) != stamp for file, stamp in self._stamps.get(folder, {}).items()):
            self._beside.pop(folder, None)
            self._loaded = {key: module for key, module in self._loaded.items() if key[0].parent != folder}


def _displace(folder: Path) -> dict[str, ModuleType]:
    """Take out modules from elsewhere that are called like one in the folder; those of Python itself stay."""
    here = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    here -= sys.stdlib_module_names
    found = [name for name in sys.modules if name.partition(".")[0] in here]
    return {name: sys.modules.pop(name) for name in found if not _lies_in(sys.modules[name], folder)}


def _lies_in(module: ModuleType, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).is_relative_to(folder)


def _stamp(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def _place(fault: BaseException, origin: Path) -> str:
    """Where in the user's file something went wrong, and what."""
    if isinstance(fault, SyntaxError):
        return f"{origin.name}:{fault.lineno}: {fault.msg}"
    return describe(fault, origin)


def describe(fault: BaseException, source: Path) -> str:
    """``tools.py:12: ValueError: what`` with the innermost line in the user's folder, or the innermost at all."""
    file, line = user_line(fault, source) or list(_frames(fault))[-1]
    message = f": {fault}" if str(fault) else ""
    return f"{Path(file).name}:{line}: {type(fault).__name__}{message}"


def user_line(fault: BaseException, source: Path) -> tuple[str, int] | None:
    """File and line of the innermost frame in the folder of the user's file, if there is one."""
    inside = [(file, line) for file, line in _frames(fault) if Path(file).is_relative_to(source.parent)]
    return inside[-1] if inside else None


def _frames(fault: BaseException) -> Iterator[tuple[str, int]]:
    trace: Any = fault.__traceback__
    while trace is not None:
        yield trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
