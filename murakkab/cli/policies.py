"""The options that name policies."""

from __future__ import annotations

from typing import Any

import typer

DEFAULT, RUNGS_DEFAULT = "least-slack", "adaptive"


def _check(name: str) -> str:
    """Refuse a name that is no queue policy's."""
    if name != DEFAULT:
        from murakkab_optimizer.policies.queueing import queue_policy

        _built(queue_policy, name, f"Leave --policy out for {DEFAULT}.")
    return name


def _check_rungs(name: str) -> str:
    """Refuse a name that is no rung policy's."""
    if name != RUNGS_DEFAULT:
        from murakkab_optimizer.policies.rungs import rung_policy

        _built(rung_policy, name, f"Leave --rungs out for {RUNGS_DEFAULT}.")
    return name


def _built(build: Any, name: str, remedy: str) -> None:  # noqa: ANN401 - of any family
    from murakkab.engine.errors import UserError

    try:
        build(name)
    except ValueError as fault:
        raise UserError(str(fault), remedy) from None


POLICY: Any = typer.Option(
    "--policy",
    callback=_check,
    help="Which task runs next: deadline-adaptive, earliest-deadline, fifo, lars, least-slack, or a plugin's.",
    metavar="NAME",
)

RUNG_POLICY: Any = typer.Option(
    "--rungs",
    callback=_check_rungs,
    help="How good each shot is made: adaptive, lowest, per-run, top, or a plugin's.",
    metavar="NAME",
)
