"""``murakkab check``: tells what is wrong with workflows, or what they do."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from murakkab.cli import sources
from murakkab.cli.common import command_app

if TYPE_CHECKING:
    from murakkab.language import Problem, Workflow

app = command_app()
main = app


@app.command()
def check(
    workflows: Annotated[list[str], typer.Argument(help=sources.HELP, metavar="WORKFLOW...")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each workflow.")] = False,
) -> None:
    """Check workflows: print every problem (exit code 2), or an overview of each."""
    fine = [_check(source, as_json, first=source == workflows[0]) for source in workflows]
    if not all(fine):
        raise typer.Exit(2)


def _check(source: str, as_json: bool, *, first: bool) -> bool:
    """Check one workflow and print what was found; whether it can run."""
    sources.import_language()
    from murakkab.language import WorkflowError

    try:
        workflow = sources.load(source)
    except WorkflowError as fault:
        if as_json:
            _print_json(source, fault.problems, (), None)
        else:
            typer.echo(str(fault), err=True)
        return False
    from murakkab.cli.overview import overview, overview_lines

    facts = overview(workflow)
    if as_json:
        _print_json(source, (), workflow.warnings, facts)
        return True
    lines = [*([] if first else [""]), *overview_lines(facts)]
    typer.echo("\n".join(lines))
    for warning in workflow.warnings:
        typer.echo(f"\nwarning: {warning}", err=True)
    for name in _unknown(workflow):
        told = f"no model that is known can do '{name}'; `murakkab capabilities` lists what can be asked for"
        typer.echo(f"\nwarning: {told}", err=True)
    return True


def _unknown(workflow: Workflow) -> list[str]:
    """Capabilities that the catalogue does not have; a plugin may bring them."""
    from murakkab_runtimes.catalog import load_capabilities

    return sorted({node.capability for node in workflow.flat.nodes.values()} - {"", *load_capabilities()})


def _print_json(source: str, problems: Any, warnings: Any, facts: dict[str, Any] | None) -> None:  # noqa: ANN401
    found = {
        "workflow": source,
        "ok": facts is not None,
        "problems": [_plain(problem) for problem in problems],
        "warnings": [_plain(warning) for warning in warnings],
        "overview": facts,
    }
    typer.echo(json.dumps(found, ensure_ascii=True))


def _plain(problem: Problem) -> dict[str, Any]:
    return {name: value for name, value in asdict(problem).items() if name != "source_line"}
