"""Turns the typed inputs of a workflow into options of the command line."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator
from typing import Annotated, Any

import typer

from murakkab.language import Workflow
from murakkab.language.model import AnyInput

PREFIX = "input_"
"""Marks parameters that are inputs of the workflow; no Python keyword begins so."""

_METAVARS = {"text": "TEXT", "number": "NUMBER", "integer": "NUMBER", "document": "FILE"}


def input_parameters(workflow: Workflow, taken: Collection[str]) -> Iterator[inspect.Parameter]:
    """Yield one keyword parameter for each input; values stay texts, the language checks them.

    Args:
        workflow: declares the inputs.
        taken: flags that are in use; an input with such a name becomes ``--input-NAME``.
    """
    for name, declared in workflow.inputs.items():
        flag = f"--{name.replace('_', '-')}"
        flag = f"--input-{flag[2:]}" if flag in taken else flag
        yield inspect.Parameter(
            PREFIX + name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_annotation(flag, declared)
        )


def input_values(values: dict[str, Any]) -> dict[str, Any]:
    """Take the inputs that were given out of the values of all parameters."""
    names = [name for name in values if name.startswith(PREFIX)]
    given = {name.removeprefix(PREFIX): values.pop(name) for name in names}
    return {name: value for name, value in given.items() if value is not None}


def _annotation(flag: str, declared: AnyInput) -> Any:  # noqa: ANN401 - a typing form
    if declared.type == "boolean":
        option = typer.Option(f"{flag}/--no-{flag[2:]}", help=_help(declared), show_default=False)
        return Annotated[bool | None, option]
    metavar = f"[{'|'.join(declared.choices)}]" if declared.type == "choice" else _METAVARS[declared.type]
    return Annotated[str | None, typer.Option(flag, help=_help(declared), metavar=metavar, show_default=False)]


def _help(declared: AnyInput) -> str:
    text = declared.description or "No description"
    if declared.type in ("number", "integer"):
        text += f" ({declared.range_text()})"
    default = getattr(declared, "default", None)
    if default not in (None, ""):
        text += f"  [default: {str(default).lower() if isinstance(default, bool) else default}]"
    return text + ("  [required]" if declared.required else "")
