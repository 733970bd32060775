"""What a run has committed, read back from its journal."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path as FilePath

import msgspec

from murakkab.engine.errors import FAILED, UserError
from murakkab.engine.journal import read_journal
from murakkab_optimizer.graph import Node, Path
from murakkab_optimizer.scheduler import Command, Event
from murakkab_optimizer.scheduler import events as ev
from murakkab_optimizer.scheduler.commands import MakeShot
from murakkab_runtimes.artifacts import ArtifactStore

_Place = tuple[str, Path]


def committed(folder: FilePath) -> ev.RunResumed:
    """The event that lets a run go on: its graph and plan, and every item and value whose files are all there.

    Args:
        folder: of the run.

    Raises:
        UserError: the journal is missing or does not begin with the run's submission.
    """
    try:
        entries = list(read_journal(folder / "journal.jsonl"))
    except (OSError, ValueError) as fault:
        raise UserError(f"cannot read the journal of {folder.name}: {fault}", "Start a new run.", FAILED) from None
    past = _Past()
    for entry in entries:
        past.take(entry.event)
        past.begin(entry.commands or ())
    if past.opening is None:
        raise UserError(f"the run {folder.name} had not begun", "Start a new run.", FAILED)
    return past.event(past.opening, ArtifactStore(folder / "artifacts"))


class _Past:
    """What the events of a run add up to, in the order of the commits.

    What came first counts; of the rungs of a shot the last one, to which it was moved.
    """

    def __init__(self) -> None:
        self.opening: ev.RunSubmitted | ev.RunResumed | None = None
        self._items: dict[_Place, ev.DoneItem] = {}
        self._finished: dict[_Place, ev.DoneItem] = {}
        self._decided: dict[_Place, ev.Decision] = {}
        self._shots: dict[Path, ev.ShotMade] = {}
        self._times = 0

    def take(self, event: Event | None) -> None:
        """Take the next event in."""
        match event:
            case ev.RunSubmitted():
                self.opening = event
            case ev.PlanChanged(_, plan) if self.opening is not None:
                self.opening = msgspec.structs.replace(self.opening, plan=plan)
            case ev.RunResumed():
                self.opening, self._times = event, self._times + 1
                self._items.update({(i.node, i.path): i for i in event.items})
                self._finished.update({(i.node, i.path): i for i in event.finished})
                self._decided.update({(d.node, d.path): d for d in event.decided})
                self._shots.update({shot.path: shot for shot in event.shots})
            case ev.ItemEmitted(lease, index, value, meta):
                _, node, path, _ = ev.parse_lease(lease)
                self._items.setdefault((node, (*path, index)), ev.DoneItem(node, (*path, index), value, meta))
            case ev.TaskFinished(lease, value, meta):
                _, node, path, _ = ev.parse_lease(lease)
                self._finished.setdefault((node, path), ev.DoneItem(node, path, value, meta))
            case ev.Evaluated(error="") if self.opening is not None:
                self._evaluated(event, self.opening.graph.node(event.node))
            case _:
                pass

    def begin(self, commands: Iterable[Command]) -> None:
        """Take in which shots were begun or moved, and how."""
        for command in commands:
            if isinstance(command, MakeShot):
                self._shots[command.path] = ev.ShotMade(command.path, command.rung)

    def _evaluated(self, event: ev.Evaluated, node: Node) -> None:
        if event.what == "when":
            decision = ev.Decision(event.node, event.path, event.holds)
            self._decided.setdefault((event.node, event.path), decision)
        elif event.what == "round" and not node.ends(event.index, event.holds):
            path = (*event.path, event.index + 1)
            self._items.setdefault((event.node, path), ev.DoneItem(event.node, path, event.value))
        else:
            self._finished.setdefault((event.node, event.path), ev.DoneItem(event.node, event.path, event.value))

    def event(self, opening: ev.RunSubmitted | ev.RunResumed, store: ArtifactStore) -> ev.RunResumed:
        """All of it that is still there."""
        return ev.RunResumed(
            opening.run,
            opening.graph,
            opening.plan,
            tuple(item for item in self._items.values() if store.is_whole(item.value)),
            tuple(item for item in self._finished.values() if store.is_whole(item.value)),
            tuple(self._decided.values()),
            tuple(self._shots.values()),
            self._times + 1,
        )
