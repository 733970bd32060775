"""What the user sees of an error: one line that says what to do, and an exit code."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import traceback
from datetime import datetime
from pathlib import Path

import typer

FAILED, USAGE, INTERRUPTED = 1, 2, 130
"""Exit codes: the run failed; bad usage or file; stopped by the user."""


def report(fault: Exception) -> int:
    """Print ``fault`` on stderr in words for the user and return the exit code."""
    code, message = _explain(fault)
    typer.echo(f"murakkab: {message}", err=True)
    return code


def _explain(fault: Exception) -> tuple[int, str]:
    if _is_users(fault):
        return getattr(fault, "exit_code", USAGE), str(fault)
    if isinstance(fault, OSError) and (words := _os_words(fault)):
        return FAILED, words
    log = _write_log(fault)
    return FAILED, f"unexpected fault: {type(fault).__name__}: {_first_line(fault)}\n  The details are in {log}"


def _is_users(fault: Exception) -> bool:
    """Whether the engine or the language raised it for the user; where one was raised, its module is loaded."""
    names = (
        ("murakkab.engine.errors", "UserError"),
        ("murakkab.language", "InputProblem"),
        ("murakkab.language", "WorkflowError"),
        ("murakkab_runtimes.catalog", "CatalogError"),
        ("murakkab_runtimes.clusters", "ClusterError"),
    )
    known = tuple(getattr(sys.modules[module], name) for module, name in names if module in sys.modules)
    return isinstance(fault, known)


def _os_words(fault: OSError) -> str | None:
    place = fault.filename or "the disk"
    match fault.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return (
                f"no space left for {place}\n  Free some (murakkab runs gc --budget 1GB) or choose another --runs DIR."
            )
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"no permission to write {place}\n  Choose another folder with --runs DIR."
    return None


def _first_line(fault: Exception) -> str:
    return str(fault).strip().partition("\n")[0] or "no message"


def _write_log(fault: Exception) -> Path:
    text = "".join(traceback.format_exception(fault))
    name = f"murakkab-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}.log"
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "murakkab"
    try:
        state.mkdir(parents=True, exist_ok=True)
        (state / name).write_text(text, encoding="utf-8")
    except OSError:
        state = Path(tempfile.mkdtemp(prefix="murakkab-"))
        (state / name).write_text(text, encoding="utf-8")
    return state / name
