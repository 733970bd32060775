"""The option that names a queue policy."""

from __future__ import annotations

from typing import Any

import typer


def _check(name: str) -> str:
    """Refuse a name that is no policy's."""
    if name == DEFAULT:
        return name
    from murakkab.engine.errors import UserError
    from murakkab_optimizer.policies.queueing import queue_policy

    try:
        queue_policy(name)
    except ValueError as fault:
        raise UserError(str(fault), f"Leave --policy out for {DEFAULT}.") from None
    return name


DEFAULT = "least-slack"

POLICY: Any = typer.Option(
    "--policy",
    callback=_check,
    help="Which task runs next: deadline-adaptive, earliest-deadline, fifo, lars, least-slack, or a plugin's.",
    metavar="NAME",
)
