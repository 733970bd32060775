"""Bringing a new graph to where an earlier engine had left it."""

from __future__ import annotations

from collections.abc import Iterable

from murakkab_optimizer.graph import Path
from murakkab_optimizer.scheduler import events as ev
from murakkab_optimizer.scheduler.growth import Growth
from murakkab_optimizer.scheduler.state import Status, TaskState

_Place = tuple[str, Path]


class Restoration:
    """What was committed, by place."""

    def __init__(self, growth: Growth, event: ev.RunResumed) -> None:
        self._growth = growth
        self._items = {(i.node, i.path): i.value for i in event.items}
        self._finished = {(i.node, i.path): i.value for i in event.finished}
        self._decided = {(d.node, d.path): d.holds for d in event.decided}
        self._begun = self._begun_loops()

    def restore(self) -> None:
        """Commit everything again, items before the tasks that they let exist."""
        growth = self._growth
        growth.restoring()
        for task in (todo := growth.take_ready()):
            if task.status is Status.READY:
                self._restore_task(task)
            todo.extend(growth.take_ready())
        growth.restored(todo, self._finished)

    def _restore_task(self, task: TaskState) -> None:
        place = (task.node.name, task.path)
        if task.node.when is not None:
            holds = self._decided.get(place)
            if holds is False:
                self._growth.skip(task)
            if not holds:
                return
            task.decided = True
        if task.node.repeat and (task.node.join != "unordered" or place in self._begun):
            self._growth.begin(task)
        self._restore_items(task)
        if (value := self._finished.get(place)) is not None:
            self._growth.finish(task, value)

    def _restore_items(self, task: TaskState) -> None:
        index = task.state.emitted.get(task.path, 0)
        while (value := self._items.get((task.node.name, (*task.path, index)))) is not None:
            self._growth.emit(task, index, value)
            index += 1

    def _begun_loops(self) -> set[_Place]:
        """Loops of which something was committed, be it inside their body."""
        places: set[_Place] = self._items.keys() | self._finished.keys() | self._decided.keys()
        found: set[_Place] = set(self._finished)
        for node in self._growth.graph.nodes:
            if node.repeat and node.join == "unordered":
                found |= {(node.name, path[: node.depth]) for name, path in places if name in {node.name, *node.body}}
        return found


def restored_items(growth: Growth, event: ev.RunResumed) -> Iterable[ev.DoneItem]:
    """The items that are there again, in the order of their commits; those of a loop are its values."""
    for streams, done in ((True, event.items), (False, event.finished)):
        for item in done:
            state = growth.nodes[item.node]
            made = state.items if streams else state.values
            if (state.node.streams and not state.node.repeat) is streams and item.path in made:
                yield item
