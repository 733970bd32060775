"""Which run is meant: by its id, by the beginning of its id, or the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from murakkab.engine import RunStore

RUN: Any = typer.Argument(
    help="Id of the run, or how it begins; the last run if left out. 'murakkab runs' lists them.", metavar="ID"
)

_LISTED = 5
"""Ids that a message names at most."""


def find_run(store: RunStore, said: str | None) -> str:
    """The id of the run that is meant.

    Args:
        store: of the runs.
        said: the id or its beginning; None for the run that was begun last.

    Raises:
        UserError: there is none, or several ids begin so.
    """
    from murakkab.engine import UserError

    ids = [file.parent.name for file in store.root.glob("*/run.json")]
    if said is None:
        if not ids:
            raise UserError(f"there are no runs in {store.root}", "Name their folder with --runs, or make one.")
        return max(ids, key=lambda run: (store.record(run).created, run))
    begin_so = sorted(run for run in ids if said and run.startswith(said))
    if said in ids or not begin_so:
        store.folder(said)
        return said
    if len(begin_so) > 1:
        named = ", ".join(begin_so[-_LISTED:]) + (", ..." if len(begin_so) > _LISTED else "")
        raise UserError(f"{len(begin_so)} runs begin with '{said}': {named}", "Give more of the id.")
    return begin_so[0]
