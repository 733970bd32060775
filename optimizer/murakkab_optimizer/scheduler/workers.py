"""Who can do work: worker processes, the models that they hold, and the thread budget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from murakkab_optimizer.policies.placement.spread import LARGE_MB, Spread
from murakkab_optimizer.scheduler.commands import LoadModel


class WorkerState:
    """One worker: it does one thing at a time, a task (``lease``) or loading a model (``loading``)."""

    __slots__ = ("lease", "loading", "models", "name", "threads", "wanted")

    def __init__(self, name: str) -> None:
        self.name = name
        self.models: set[str] = set()
        self.wanted: list[str] = []
        self.lease: str | None = None
        self.loading: str | None = None
        self.threads = 0

    @property
    def idle(self) -> bool:
        """Whether it can be given something to do."""
        return self.lease is None and self.loading is None


class Fleet:
    """All workers and the thread budget that they share: threads in use never exceed ``cores``."""

    def __init__(self, cores: int) -> None:
        self.cores = cores
        self.workers: dict[str, WorkerState] = {}
        self.memory_mb: dict[str, int] = {}
        self._single: set[str] = set()
        self._deadly: set[str] = set()
        self._placer = Spread()

    @property
    def free_threads(self) -> int:
        """Threads that no task or load has."""
        return self.cores - sum(worker.threads for worker in self.workers.values())

    def want(self, models: Mapping[str, int], single: Iterable[str] = ()) -> None:
        """Note models that runs need and load them ahead.

        Args:
            models: memory in MiB by name, in the order of first need.
            single: those of which no two tasks run at once.

        """
        self._single.update(name for name in single if name not in self.memory_mb)
        self._single.intersection_update({name for name in self._single if name not in models} | set(single))
        self.memory_mb.update(models)
        self._deadly -= models.keys()
        held = {model for worker in self.workers.values() for model in (*worker.models, worker.loading)}
        for worker in self.workers.values():
            worker.wanted.clear()
        for name, model in self._placer.place(self.memory_mb, self._single, list(self.workers)):
            worker = self.workers[name]
            if model in self._deadly:
                continue
            if model not in worker.models and worker.loading != model and not (model in held and self._alone(model)):
                worker.wanted.append(model)

    def route(self, model: str) -> WorkerState | None:
        """The idle worker to give a task of ``model`` to, or None to wait.

        Among those that hold it, the one with the fewest large models, so that these stay reachable.
        """
        idle = [worker for worker in self.workers.values() if worker.idle]
        holders = [worker for worker in idle if model in worker.models]
        if holders:
            return min(holders, key=self._large_held)
        if not idle or (self._large(model) and any(self._has(worker, model) for worker in self.workers.values())):
            return None
        return min(idle, key=lambda worker: (model not in worker.wanted, self._large_held(worker), len(worker.models)))

    def _large(self, model: str) -> bool:
        return self.memory_mb.get(model, 0) > LARGE_MB

    def _alone(self, model: str) -> bool:
        return self._large(model) or model in self._single

    def _large_held(self, worker: WorkerState) -> int:
        return sum(1 for model in worker.models if self._large(model))

    @staticmethod
    def _has(worker: WorkerState, model: str) -> bool:
        return model in worker.models or worker.loading == model

    def assign(self, worker: WorkerState, lease: str, model: str, threads: int) -> None:
        """Give ``worker`` an attempt; it holds the model from now on."""
        worker.lease, worker.threads = lease, threads
        worker.models.add(model)
        if model in worker.wanted:
            worker.wanted.remove(model)

    def release(self, worker: WorkerState) -> None:
        """The worker is idle again."""
        worker.lease, worker.loading, worker.threads = None, None, 0

    def joined(self, name: str) -> None:
        """A worker is there; give it a share of the models that runs need."""
        self.workers[name] = WorkerState(name)
        self.want({})

    def lost(self, name: str) -> WorkerState | None:
        """Take a worker out; the model that it died of loading is not loaded ahead until a new run wants it."""
        worker = self.workers.pop(name, None)
        if worker is not None:
            if worker.loading is not None:
                self._deadly.add(worker.loading)
            self.want({})
        return worker

    def load_commands(self) -> list[LoadModel]:
        """Use idle workers and free threads to load models before they are asked for."""
        commands = []
        for worker in self.workers.values():
            if worker.idle and worker.wanted and self.free_threads > 0:
                worker.loading, worker.threads = worker.wanted.pop(0), 1
                commands.append(LoadModel(worker.name, worker.loading))
        return commands

    def loaded(self, name: str, model: str, error: str) -> None:
        """A load ended; a failed one leaves the model to be tried again by a task."""
        worker = self.workers.get(name)
        if worker is None or worker.loading != model:
            return
        if not error:
            worker.models.add(model)
        self.release(worker)
