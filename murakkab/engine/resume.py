"""What a run has committed, read back from its journal."""

from __future__ import annotations

from pathlib import Path as FilePath

from murakkab.engine.errors import FAILED, UserError
from murakkab.engine.journal import read_journal
from murakkab_optimizer.graph import Path
from murakkab_optimizer.scheduler import events as ev
from murakkab_runtimes.artifacts import ArtifactStore


def committed(folder: FilePath) -> ev.RunResumed:
    """The event that lets a run go on: its graph and plan, and every item and value whose files are all there.

    Args:
        folder: of the run.

    Raises:
        UserError: the journal is missing or does not begin with the run's submission.
    """
    store = ArtifactStore(folder / "artifacts")
    opening: ev.RunSubmitted | ev.RunResumed | None = None
    items: dict[tuple[str, Path], ev.DoneItem] = {}
    finished: dict[tuple[str, Path], ev.DoneItem] = {}
    try:
        entries = list(read_journal(folder / "journal.jsonl"))
    except (OSError, ValueError) as fault:
        raise UserError(f"cannot read the journal of {folder.name}: {fault}", "Start a new run.", FAILED) from None
    for entry in entries:
        match entry.event:
            case ev.RunSubmitted() | ev.RunResumed() as event:
                opening = event
                if isinstance(event, ev.RunResumed):
                    items.update({(i.node, i.path): i for i in event.items})
                    finished.update({(i.node, i.path): i for i in event.finished})
            case ev.ItemEmitted(lease, index, value, meta):
                _, node, path, _ = ev.parse_lease(lease)
                items.setdefault((node, (*path, index)), ev.DoneItem(node, (*path, index), value, meta))
            case ev.TaskFinished(lease, value, meta):
                _, node, path, _ = ev.parse_lease(lease)
                finished.setdefault((node, path), ev.DoneItem(node, path, value, meta))
            case _:
                pass
    if opening is None:
        raise UserError(f"the run {folder.name} had not begun", "Start a new run.", FAILED)
    return ev.RunResumed(
        opening.run,
        opening.graph,
        opening.plan,
        tuple(item for item in items.values() if store.is_whole(item.value)),
        tuple(item for item in finished.values() if store.is_whole(item.value)),
    )
