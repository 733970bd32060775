"""Which idle worker is to be given a task, or to load a model ahead."""

from __future__ import annotations

from collections.abc import Mapping

from murakkab_optimizer.scheduler.homes import Homes
from murakkab_optimizer.scheduler.members import Rank, WorkerState


class IdleWorkers:
    """Idle workers, ranked for each purpose: those that hold a model, those that are to load it, all that can use it.

    Args:
        workers: all that there are, by name.
        homes: where models are at home.

    Attributes:
        loaders: those that are to load a model ahead, by the order in which they joined.

    """

    def __init__(self, workers: Mapping[str, WorkerState], homes: Homes) -> None:
        self._workers, self._homes = workers, homes
        self._holders: dict[str, Rank] = {}
        self._seekers: dict[str, Rank] = {}
        self._anyone: dict[frozenset[str] | None, Rank] = {}
        self._further: dict[str, Rank] = {}
        self.loaders = Rank(lambda worker: bool(worker.wanted))

    def offer(self, worker: WorkerState) -> None:
        """An idle worker may be given tasks and loads."""
        key = (worker.large, worker.number)
        for model in worker.models:
            if (holders := self._holders.get(model)) is None:
                holders = self._holders[model] = self._holding(model)
            holders.put(worker, key)
        if (anyone := self._anyone.get(worker.usable)) is None:
            anyone = self._anyone[worker.usable] = Rank(lambda worker: True)
        anyone.put(worker, worker.load)
        for model, rank in self._further.items():
            if worker.can(model) and not self._homes.full(worker.machine, model):
                rank.put(worker, worker.load)
        if worker.wanted:
            self.seek(worker)

    def seek(self, worker: WorkerState) -> None:
        """An idle worker may load models ahead, and is preferred for tasks of them."""
        self.loaders.put(worker, (worker.number,))
        key = worker.load
        for model in worker.wanted:
            if (seekers := self._seekers.get(model)) is None:
                seekers = self._seekers[model] = self._seeking(model)
            seekers.put(worker, key)

    def rehouse(self) -> None:
        """Large models may have a further home on other machines than before."""
        self._further.clear()

    def route(self, model: str, threads: int) -> WorkerState | None:
        """The worker to give a task of ``model`` with so many threads to, or None to wait.

        Among those that hold it, the one with the fewest large models, so that these stay reachable. A large model gets
        a further home only on a machine that has room for one.
        """
        if (holders := self._holders.get(model)) is not None and (holder := holders.best(threads)) is not None:
            return holder
        if (seekers := self._seekers.get(model)) is not None and (seeker := seekers.best(threads)) is not None:
            return seeker
        return self._roomy(model).best(threads) if self._homes.large(model) else self._able(model, threads)

    def plain(self, model: str, threads: int) -> WorkerState | None:
        """One that can use a model and holds no large one; None where there is none."""
        found = self._able(model, threads)
        return None if found is None or found.large else found

    def _able(self, model: str, threads: int) -> WorkerState | None:
        """The one with the least to hold among those that can use a model."""
        ranks = [rank for usable, rank in self._anyone.items() if usable is None or model in usable]
        found = [worker for rank in ranks if (worker := rank.best(threads)) is not None]
        return min(found, key=lambda worker: worker.load, default=None)

    def _roomy(self, model: str) -> Rank:
        """Those on machines that may hold a large model once more, as :meth:`_able` ranks them."""
        if (found := self._further.get(model)) is None:
            found = self._further[model] = Rank(lambda worker: not self._homes.full(worker.machine, model))
            for worker in self._workers.values():
                if worker.idle and worker.can(model):
                    found.put(worker, worker.load)
        return found

    @staticmethod
    def _holding(model: str) -> Rank:
        return Rank(lambda worker: model in worker.models)

    def _seeking(self, model: str) -> Rank:
        return Rank(lambda worker: model in worker.wanted and not self._homes.housed(worker.machine, model))
