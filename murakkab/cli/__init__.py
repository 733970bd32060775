"""The command line. Each command is a module of this package, imported only when it is asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module

import typer

COMMANDS = {
    "run": "Run a workflow and play what it makes while it is being made.",
    "new": "Write a workflow to start from.",
    "check": "Tell what is wrong with a workflow, or what it does.",
    "graph": "Draw a workflow.",
    "schema": "Print the JSON Schema of workflow files, for editors.",
    "plan": "Plan a run without making it: models, devices, cost, and what stands in the way.",
    "resume": "End a run that was interrupted, without redoing what it had finished.",
    "runs": "List runs, remove some, or keep them within a disk budget.",
    "show": "Show the plan, the script, the shots and the figures of a run.",
    "serve": "Keep the workers warm and serve the page and the API.",
    "worker": "Do tasks of engines on other machines.",
    "autoscale": "Start and end workers of this machine by what waits.",
    "workers": "List the workers at a broker.",
    "capabilities": "List what steps can do, and what each takes and gives.",
    "models": "List the models of the catalogue, or all that is known of one.",
    "devices": "List types of devices with price and power, or the machines of a cluster.",
    "profile": "Measure how fast the models are on this machine, so that plans go by it.",
    "fleet": "Plan the instances that serve many requests of several workflows.",
    "simulate": "Play runs of a plan in virtual time.",
    "doctor": "Check this machine and say how to fix what is missing.",
}

app = typer.Typer(
    name="murakkab",
    help="Declare a multi-modal workflow; a planner picks the models; workers stream the result.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"murakkab {version('murakkab')}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Show the version."),
) -> None:
    pass


def _forward(name: str) -> Callable[[typer.Context], None]:
    def command(context: typer.Context) -> None:
        from murakkab.cli.common import stopping

        with stopping():
            module = import_module(f"murakkab.cli.{name}")
            module.main(context.args, prog_name=context.command_path)

    return command


for _name, _help in COMMANDS.items():
    app.command(
        _name,
        help=_help,
        add_help_option=False,
        context_settings={
            "allow_extra_args": True,
            "ignore_unknown_options": True,
            "allow_interspersed_args": False,
        },
    )(_forward(_name))


def main() -> None:
    """Run the command that ``sys.argv`` names and exit with its code; never shows a traceback."""
    try:
        app(prog_name="murakkab")
    except Exception as fault:
        from murakkab.cli.faults import report

        sys.exit(report(fault))
