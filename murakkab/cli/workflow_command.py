"""Commands whose first argument is a workflow, which decides on the other options: its inputs."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from murakkab.cli.common import command_app, stopping

if TYPE_CHECKING:
    from murakkab.language import Workflow

Options = TypeVar("Options")


def workflow_command(
    workflow: Workflow,
    options: Callable[..., Options],
    perform: Callable[[Workflow, dict[str, Any], Options], int],
    about: str = "",
) -> typer.Typer:
    """Build the command of one workflow: its inputs, then the options that all workflows have.

    Args:
        workflow: declares the inputs.
        options: takes the other options as keyword arguments and puts them together.
        perform: what the command does with both; returns the exit code.
        about: what it says it does; by default what the workflow does.
    """
    from murakkab.cli.options import input_parameters, input_values

    shared = list(inspect.signature(options, eval_str=True).parameters.values())
    taken = {flag for parameter in shared for flag in _flags(parameter)} | {"--help"}

    def call(**values: Any) -> None:  # noqa: ANN401 - built from the workflow
        inputs = input_values(values)
        with stopping():
            raise typer.Exit(perform(workflow, inputs, options(**values)))

    parameters = [*input_parameters(workflow, taken), *shared]
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    app = command_app()
    app.command(help=about or workflow.metadata.description or workflow.name)(call)
    return app


def overview(args: list[str], prog_name: str, more: Sequence[str] = ()) -> None:
    """Say how the command is used, because no workflow was named, and exit.

    Args:
        args: that were given.
        prog_name: what the user called.
        more: lines that belong to this command.
    """
    from murakkab.cli.faults import USAGE
    from murakkab.language import workflow_folder

    wants_help = args[:1] in (["--help"], ["-h"])
    lines = [f"Usage: {prog_name} WORKFLOW [OPTIONS]", "", "WORKFLOW is a .yaml file, module.py:flow, or one of:"]
    paths = sorted(workflow_folder().glob("*.yaml"))
    width = max((len(path.stem) for path in paths), default=0)
    lines += [f"  {path.stem:<{width}}  {_about(path)}" for path in paths]
    lines += ["", f"Its inputs are the options: {prog_name} podcast --help", *more]
    if args and not wants_help:
        lines.append(f"murakkab: the workflow comes first, before {args[0]}")
    typer.echo("\n".join(lines), err=not wants_help)
    sys.exit(0 if wants_help else USAGE)


def _about(path: Path) -> str:
    from murakkab.language import WorkflowError, load_workflow

    try:
        return load_workflow(path).metadata.description
    except WorkflowError:
        return f"(has problems: murakkab check {path.stem})"


def _flags(parameter: inspect.Parameter) -> list[str]:
    """Flags of a parameter, which stand in its ``typer.Option``."""
    (option,) = (m for m in parameter.annotation.__metadata__)
    return [flag for text in (option.default, *(option.param_decls or ())) for flag in text.split("/")]
