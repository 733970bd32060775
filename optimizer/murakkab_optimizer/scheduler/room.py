"""The memory of accelerators: which models a worker lets go of before it loads another one there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from murakkab_optimizer.scheduler.members import WorkerState


class Room:
    """What models take of an accelerator, as plans say, and what was let go of for want of it.

    Args:
        needed: names the models that runs in hand, or those that are expected, may still use.

    """

    def __init__(self, needed: Callable[[], Collection[str]]) -> None:
        self._needed = needed
        self._mb: dict[str, int] = {}
        self._left: dict[str, set[str]] = {}

    def note(self, sizes_mb: Mapping[str, int]) -> None:
        """Models take so many MiB; one that is never named takes none."""
        self._mb.update(sizes_mb)

    def spare(self, worker: WorkerState, model: str) -> list[str]:
        """The models to let go of for another one: what nobody needs, the largest first, until it has its place."""
        if self.fits(worker, model):
            return []
        kept, going = {model, *self._needed()}, list[str]()
        for name in sorted(worker.models - kept, key=lambda name: (-self._of(name), name)):
            if not self._of(name) or self.fits(worker, model, going):
                break
            going.append(name)
        return going

    def fits(self, worker: WorkerState, model: str, without: Iterable[str] = ()) -> bool:
        """Whether a model has its place beside the others that a worker holds; always where the room is not known."""
        if not worker.room_mb or not self._of(model):
            return True
        return sum(map(self._of, worker.models.difference(without) | {model})) <= worker.room_mb

    def leave(self, worker: WorkerState, model: str) -> None:
        """A worker lets go of a model."""
        self._left.setdefault(worker.name, set()).add(model)

    def has_left(self, worker: WorkerState, model: str) -> bool:
        """Whether a worker let go of a model that no run has asked for since; it is not loaded ahead there."""
        return model in self._left.get(worker.name, ())

    def ask_again(self, models: Collection[str]) -> bool:
        """A run needs these: they may be loaded ahead again. Whether one of them was let go of."""
        found = [left for left in self._left.values() if not left.isdisjoint(models)]
        for left in found:
            left.difference_update(models)
        return bool(found)

    def forget(self, worker: WorkerState) -> None:
        """A worker is gone."""
        self._left.pop(worker.name, None)

    def _of(self, model: str) -> int:
        return self._mb.get(model, 0)
