"""``--edit``: the script is written first, changed by the user, then performed."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import typer

from murakkab.cli.display import open_sinks
from murakkab.cli.faults import FAILED
from murakkab.cli.session import Event, Session, exit_code, follow
from murakkab.engine import UserError
from murakkab.language import Workflow, check_inputs, compile_graph
from murakkab_optimizer.plan import Plan
from murakkab_runtimes.text.script_file import render_script

NODE = "script"
"""The node that writes the turns, and the input that takes a finished script."""


async def edited_inputs(
    session: Session, workflow: Workflow, inputs: dict[str, Any], plan: Plan | None = None
) -> dict[str, Any]:
    """Write the script, as ``plan`` says if there is one, let the user change it, and return the inputs to perform it.

    Raises:
        UserError: the workflow has no script, there is no editor, or the editor failed.
    """
    if NODE not in workflow.nodes or NODE not in workflow.inputs:
        raise UserError(f"the workflow '{workflow.name}' has no script to edit", "Leave --edit out.")
    editor = _editor()
    engine = session.engine
    written = {node.name for node in compile_graph(workflow, check_inputs(workflow, inputs)).pruned([NODE]).nodes}
    use = [pin for pin in session.options.use if re.split(r"[.=]", pin)[0] in written]
    run = await engine.submit(workflow, inputs, seed=session.options.seed, plan=plan, use=use, until=[NODE])
    turns: list[Event] = []
    finished = await follow(
        engine.events(run),
        lambda: engine.cancel(run),
        session.interrupts,
        [_Turns(turns), *open_sinks(session.options)],
    )
    if finished["status"] != "succeeded":
        raise typer.Exit(exit_code(finished))
    file = engine.store.folder(run) / "script.txt"
    file.write_text(render_script(turns), encoding="utf-8")
    await asyncio.to_thread(_edit, editor, file)
    return {**inputs, NODE: str(file)}


class _Turns:
    """Collects the turns of a run, in order."""

    def __init__(self, turns: list[Event]) -> None:
        self._turns = turns

    def show(self, event: Event) -> None:
        """Keep a turn."""
        if event["event"] == "turn.written":
            self._turns.append(event)
            self._turns.sort(key=lambda turn: turn["path"])

    def close(self) -> None:
        """Nothing is held back."""


def _editor() -> list[str]:
    words = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
    found = words or [name for name in ("nano", "vi") if shutil.which(name)][:1]
    if not found or shutil.which(found[0]) is None:
        raise UserError("there is no editor to open the script with", "Name one: EDITOR=nano murakkab run ...")
    return found


def _edit(editor: list[str], file: Path) -> None:
    code = subprocess.run([*editor, str(file)], check=False).returncode
    if code:
        raise UserError(f"{editor[0]} ended with code {code}", f"The script is in {file}: give it as --script.", FAILED)
