"""Finds workflows in Python files: ``module.py:flow`` and ``package.module:flow``."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from types import ModuleType
from typing import Any

from murakkab.language.model import Workflow
from murakkab.language.problems import Problem, WorkflowError, nearest, quoted

from .source import Site, Source
from .workflows import Flow

_LONGEST = 4096
_AROUND: ContextVar[tuple[str, ...]] = ContextVar("murakkab_flows", default=())
"""The workflows that are being written down, outermost first."""


def find_flow(target: str) -> Workflow:
    """The checked workflow of a Python file.

    Args:
        target: ``path/to/module.py:flow`` or ``package.module:flow``; the name may be left out where a file has one
            workflow.

    Raises:
        WorkflowError: there is none, the module cannot be imported, or the workflow is wrong; each problem is told at
            its line.
    """
    where, _, name = target.rpartition(":") if ":" in target else (target, "", "")
    if "\0" in target or len(target) > _LONGEST:
        raise _lacking(target, "there is no such file", "give path/to/file.py:flow")
    with _importable(Path(where).resolve().parent if _is_file(where) else Path.cwd()):
        module = _from_file(target, Path(where)) if _is_file(where) else _from_name(target, where)
        flow = _flow(target, module, name)
        with _told_at_its_line(module.__file__ or where), _within(target, f"{module.__file__}:{flow.__name__}"):
            return flow.workflow


def _is_file(where: str) -> bool:
    return where.endswith(".py") or "/" in where


def _from_file(target: str, path: Path) -> ModuleType:
    if not path.is_file():
        others = [p.name for p in path.parent.glob("*.py")] if path.parent.is_dir() else []
        raise _lacking(target, "there is no such file", nearest(path.name, others, what="Python files there"))
    path = path.resolve()
    name = f"{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise _lacking(target, "it is no Python file", "give a .py file")
    module = importlib.util.module_from_spec(spec)
    with _told_at_its_line(str(path)):
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return module


def _from_name(target: str, name: str) -> ModuleType:
    spec = None
    with _told_at_its_line(name), suppress(ImportError, ValueError):
        spec = importlib.util.find_spec(name) if name.replace(".", "_").isidentifier() else None
    if spec is None:
        raise _lacking(target, f"there is no module {quoted(name)}", "write path/to/file.py:flow for a file")
    with _told_at_its_line(spec.origin or ""):
        return importlib.import_module(name)


def _flow(target: str, module: ModuleType, name: str) -> Flow[Any, Any]:
    flows = {key: value for key, value in vars(module).items() if isinstance(value, Flow)}
    if not name and len(flows) == 1:
        return next(iter(flows.values()))
    if name in flows:
        return flows[name]
    if not flows:
        hint = "put @workflow above the function" if hasattr(module, name) else "write one: @workflow above a function"
        raise _lacking(target, "there is no workflow in this module", hint)
    if not name:
        raise _lacking(target, "which workflow is meant?", f"add ':name'; workflows: {', '.join(sorted(flows))}")
    message = f"'{name}' is no workflow" if hasattr(module, name) else f"there is no workflow {quoted(name)} in it"
    raise _lacking(target, message, nearest(name, flows, what="workflows"))


@contextmanager
def _within(target: str, name: str) -> Iterator[None]:
    """Refuse a workflow that uses itself, directly or through others."""
    around = _AROUND.get()
    if name in around:
        raise _lacking(target, "it uses itself", "workflows cannot use each other in a circle")
    token = _AROUND.set((*around, name))
    try:
        yield
    finally:
        _AROUND.reset(token)


def _lacking(target: str, message: str, hint: str) -> WorkflowError:
    return WorkflowError([Problem(quoted(target), 0, 0, message, hint)])


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Let modules of the folder be imported."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        with suppress(ValueError):
            sys.path.remove(str(folder))


@contextmanager
def _told_at_its_line(file: str) -> Iterator[None]:
    """Tell what goes wrong in a user's module at its line."""
    try:
        yield
    except WorkflowError:
        raise
    except SyntaxError as fault:
        raise WorkflowError([_syntax_problem(fault, file)]) from fault
    except (Exception, SystemExit) as fault:
        raise WorkflowError([_problem(fault, file)]) from fault


def _syntax_problem(fault: SyntaxError, file: str) -> Problem:
    column = max(1, fault.offset or 1)
    line = (fault.text or "").rstrip("\n")
    return Problem(
        fault.filename or file, fault.lineno or 1, column, f"this is not valid Python: {fault.msg}", "", line
    )


def _problem(fault: BaseException, file: str) -> Problem:
    frames = traceback.extract_tb(fault.__traceback__)
    own = [frame for frame in frames if frame.filename == file]
    said = str(fault).strip().partition("\n")[0]
    message = f"{type(fault).__name__}: {said}" if said else type(fault).__name__
    if not own:
        return Problem(file, 0, 0, f"the module cannot be imported: {message}")
    last = own[-1]
    site = Site(file, last.lineno or 1, last.colno or 0, last.end_lineno or 0, last.end_colno or 0)
    return Source(file).problem(
        site, message, "this happened while the module was imported or the workflow written down"
    )
