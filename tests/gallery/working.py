"""Runs a workflow by the real command, and holds loaded adapters for tests of single steps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from murakkab_runtimes.base import Runtime, Task, runtime_class
from murakkab_runtimes.catalog import load_catalog

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(folder: Path, *arguments: str, without: str = "") -> tuple[int, dict[str, Any], str]:
    """Exit code, last event and messages of ``murakkab run``, in a process that lacks the package ``without``."""
    hide = f"sys.modules[{without!r}] = None; " if without else ""
    code = f"import sys; {hide}import murakkab.cli; murakkab.cli.main()"
    command = [sys.executable, "-c", code, "run", *arguments, "--json", "--no-browser", "--runs", str(folder / "runs")]
    environment = {**os.environ, "XDG_STATE_HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, env=environment)
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}, done.stderr


def adapter(name: str) -> Runtime:
    """The adapter of a card."""
    card = load_catalog()[name]
    return runtime_class(card.adapter)(card, threads=2)


def value(runtime: Runtime, folder: Path, **arguments: Any) -> Any:
    """The value of one task of a node that does not stream."""
    task = Task(arguments, folder, runtime.card.knobs, streams=False)
    output = runtime.run(task)
    return output.value  # type: ignore[union-attr]
