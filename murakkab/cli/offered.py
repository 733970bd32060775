"""Whether a server makes the workflow that is meant: it takes names and no files, and makes its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from murakkab.engine import UserError
from murakkab.language import Workflow, workflow_folder


def check_offered(workflow: Workflow, offered: Sequence[Mapping[str, Any]], server: str) -> None:
    """Refuse a workflow that the server does not have, or of which it has another one with the same name.

    Args:
        workflow: that is to be run.
        offered: ``workflows`` of the answer to ``GET /api/workflows``.
        server: its address, for messages.

    Raises:
        UserError: the server would run nothing, or something else.
    """
    file = workflow.file
    folder = file.parent if file else Path()
    there = next((one for one in offered if one.get("name") == workflow.name), None)
    start = f"Start it with: murakkab serve --workflows {folder}"
    if there is None:
        names = ", ".join(str(one.get("name")) for one in offered)
        raise UserError(
            f"{server} has no workflow '{workflow.name}', and takes no file; it has: {names}",
            f"{start}  (it reads YAML files)" if file and file.suffix == ".py" else start,
        )
    if _form(there) != (_types(workflow), list(workflow.outputs)):
        raise UserError(f"the workflow '{workflow.name}' of {server} has other inputs or outputs than {file}", start)
    if file and folder != workflow_folder():
        typer.echo(f"The server makes its own '{workflow.name}'; {file} is not sent.", err=True)


def _form(there: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    inputs = there.get("inputs") or {}
    return {name: str(declared.get("type")) for name, declared in inputs.items()}, list(there.get("outputs") or ())


def _types(workflow: Workflow) -> dict[str, str]:
    return {name: declared.type for name, declared in workflow.inputs.items()}
