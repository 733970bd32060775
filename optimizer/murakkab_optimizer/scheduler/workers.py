"""Who can do work: worker processes, the models that they hold, and the thread budget of each machine.

Whatever happens to one worker costs at most the logarithm of the number of workers; only a worker that joins or is
lost, and a run that needs something new, has all of them looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from murakkab_optimizer.scheduler.commands import LoadModel, UnloadModel
from murakkab_optimizer.scheduler.homes import Homes
from murakkab_optimizer.scheduler.idle import IdleWorkers
from murakkab_optimizer.scheduler.machines import Machine, Machines
from murakkab_optimizer.scheduler.members import LONG_S, WorkerState
from murakkab_optimizer.scheduler.room import Room


class Fleet:
    """All workers and the thread budgets of their machines: threads in use on a machine never exceed its cores.

    Args:
        cores: of the machine without a name, to which workers belong that name none; it is always there.
        needed: names the models that runs may still use; what nobody needs makes room on accelerators.

    """

    def __init__(self, cores: int, needed: Callable[[], Collection[str]] = tuple) -> None:
        self._machines = Machines(cores)
        self.idle = 0
        self.workers: dict[str, WorkerState] = {}
        self._at: dict[str, WorkerState] = {}
        self._deadly: set[str] = set()
        self._joined = 0
        self._stale = False
        self._homes = Homes()
        self._room = Room(needed)
        self._knobs: dict[str, dict[str, Any]] = {}
        self._wanting: Counter[str] = Counter()
        self._able_on: dict[str, list[Machine]] = {}
        self._widest: dict[str, int] = {}
        self._able_to: Counter[str] = Counter()
        self._open = 0
        self._ranked = IdleWorkers(self.workers, self._homes)

    @property
    def cores(self) -> int:
        """Threads of all machines together."""
        return self._machines.cores

    @property
    def free_threads(self) -> int:
        """Most threads that one machine has free."""
        return self._machines.most_free

    def widest(self, model: str) -> int:
        """Cores of the largest machine on which a model can be used: most threads that a task of it can get."""
        if (found := self._widest.get(model)) is None:
            cores = (machine.cores for machine in self._able_machines(model))
            found = self._widest[model] = max(cores, default=self._machines.unnamed.cores)
        return found

    def hold(self, model: str, threads: int) -> Machine | None:
        """Keep what is free on a machine for a task that needs more, so that narrower ones do not take it for ever.

        Returns:
            The machine, of those that are wide enough the one with the most threads free; None where one of them has
            enough, so that the task waits for something else, or is held already.
        """
        wide = [machine for machine in self._able_machines(model) if machine.cores >= threads]
        if not wide or any(machine.held or machine.free >= threads for machine in wide):
            return None
        kept = max(wide, key=lambda machine: (machine.free, machine.cores, machine.name))
        kept.held = True
        return kept

    def _able_machines(self, model: str) -> list[Machine]:
        """Machines on which a model can be used."""
        if (found := self._able_on.get(model)) is None:
            machines = dict.fromkeys(worker.machine for worker in self.workers.values() if worker.can(model))
            found = self._able_on[model] = list(machines)
        return found

    def instances(self, model: str) -> int:
        """Workers on which a model can be used."""
        return self._able_to[model] + self._open

    def _count(self, worker: WorkerState, sign: int) -> None:
        if worker.usable is None:
            self._open += sign
        for model in worker.usable or ():
            self._able_to[model] += sign

    def at(self, lease: str) -> WorkerState | None:
        """The worker that is still at an attempt, cancelled or not."""
        return self._at.get(lease)

    def want(
        self,
        models: Mapping[str, int],
        single: Iterable[str] = (),
        sizes_mb: Mapping[str, int] | None = None,
        knobs: Mapping[str, dict[str, Any]] | None = None,
    ) -> None:
        """Note models that runs need and load them ahead.

        Args:
            models: memory in MiB by name, in the order of first need.
            single: those of which no two tasks run at once.
            sizes_mb: MiB that models take of an accelerator, by name.
            knobs: settings in which models are to be loaded, by name; those of the latest plan hold.

        """
        weighs, counts = self._homes.note(models, single)
        self._room.note(sizes_mb or {})
        self._knobs.update(knobs or {})
        revived = self._deadly & models.keys()
        self._deadly -= revived
        again = self._room.ask_again(models)
        if weighs:
            self._weigh()
        if self._stale or weighs or counts or revived or again:
            self._place()

    def _place(self) -> None:
        """Say anew which worker is to load what."""
        self._stale = False
        if not self._homes.memory_mb:
            return
        self._wanting.clear()
        for worker in self.workers.values():
            worker.wanted.clear()
        for name, model in self._homes.places(self.workers.values()):
            worker = self.workers[name]
            if model in self._deadly or self._room.has_left(worker, model):
                continue
            if model not in worker.models and worker.loading != model and not self._homes.enough(worker.machine, model):
                worker.wanted.append(model)
                self._wanting[model] += 1
        for worker in self.workers.values():
            if worker.wanted and worker.idle:
                self._ranked.seek(worker)

    def route(self, model: str, threads: int) -> WorkerState | None:
        """The idle worker to give a task of ``model`` with so many threads to, or None to wait."""
        return self._ranked.route(model, threads) if self.idle else None

    def spares(self, worker: WorkerState, model: str) -> bool:
        """Whether a worker is a home of large models, and its machine has enough others for tasks of this small one.

        Where there are several machines, none is spared: a worker of another one might do as well.
        """
        alone = worker.machine.workers == len(self.workers)
        return bool(worker.large) and alone and not self._homes.large(model) and worker.machine.spares_homes(model)

    def plain(self, model: str, threads: int) -> WorkerState | None:
        """An idle worker that can use a model, and is no home of a large one."""
        return self._ranked.plain(model, threads)

    def _weigh(self) -> None:
        """Count the large models of every worker anew."""
        self._ranked.rehouse()
        for worker in self.workers.values():
            worker.becomes(large=sum(map(self._homes.large, worker.models)))
            if worker.idle:
                self._ranked.offer(worker)

    def assign(
        self, worker: WorkerState, lease: str, model: str, threads: int, seconds: float = 0.0
    ) -> list[UnloadModel]:
        """Give ``worker`` an attempt; it holds the model from now on. Return what it is to let go of first.

        Args:
            worker: one that is idle.
            lease: of the attempt.
            model: that it needs.
            threads: that it takes of the machine.
            seconds: that it is expected to take; 0 where nobody knows.

        """
        if not threads and not 0 < seconds < LONG_S:
            worker.becomes(tied=True)
        self._at[lease] = worker
        worker.lease, worker.threads = lease, threads
        self._machines.take(worker.machine, threads)
        self.idle -= 1
        unloads = self._unload(worker, self._room.spare(worker, model)) if worker.room_mb else []
        if model not in worker.models:
            self._homed(worker, model)
            self._hold(worker, model)
        return unloads

    def _unload(self, worker: WorkerState, models: Collection[str]) -> list[UnloadModel]:
        """A worker lets go of models."""
        for model in models:
            worker.models.remove(model)
            worker.becomes(large=worker.large - self._homes.large(model))
            self._unhomed(worker, model)
            self._room.leave(worker, model)
        return [UnloadModel(worker.name, model) for model in models]

    def release(self, worker: WorkerState) -> None:
        """The worker is idle again."""
        if worker.lease is not None:
            del self._at[worker.lease]
        self._machines.take(worker.machine, -worker.threads)
        self.idle += 1
        worker.lease, worker.loading, worker.threads = None, None, 0
        if worker.tied:
            worker.becomes(tied=False)
        self._ranked.offer(worker)

    def joined(
        self,
        name: str,
        machine: str = "",
        cores: int = 0,
        models: Collection[str] | None = None,
        held: Collection[str] = (),
        room_mb: int = 0,
    ) -> None:
        """A worker that was not there is; give it a share of the models that runs need.

        Args:
            name: of the worker.
            machine: name of its machine; empty for the one that is always there.
            cores: threads that it adds to the budget of its machine.
            models: that can be used there; None for all.
            held: those that it has loaded already.
            room_mb: MiB of its accelerator; 0 for none, or where that is not known.
        """
        self._joined += 1
        home = self._machines.joined(machine, cores)
        self._able_on.clear()
        self._widest.clear()
        usable = None if models is None else frozenset(models)
        worker = self.workers[name] = WorkerState(name, self._joined, home, cores, usable, room_mb)
        self._count(worker, 1)
        home.has_plain(usable, 1)
        for model in held:
            self._homed(worker, model)
            self._hold(worker, model)
        self.idle += 1
        self._ranked.offer(worker)
        self._stale = True
        self.want({})

    def lost(self, name: str, blame: bool = True) -> WorkerState | None:
        """Take a worker out; the model that it may have died of is not loaded ahead until a new run wants it."""
        worker = self.workers.pop(name, None)
        if worker is None:
            return None
        self.idle -= worker.idle
        worker.gone = True
        worker.machine.has_plain(worker.usable, -worker.plain)
        self._room.forget(worker)
        self._count(worker, -1)
        self._machines.take(worker.machine, -worker.threads)
        self._machines.left(worker.machine, worker.brings)
        self._able_on.clear()
        self._widest.clear()
        if worker.lease is not None:
            del self._at[worker.lease]
        for model in {*worker.models, *((worker.loading,) if worker.loading else ())}:
            self._unhomed(worker, model)
        if worker.loading is not None and blame:
            self._deadly.add(worker.loading)
        self._stale = True
        self.want({})
        return worker

    def load_commands(self) -> list[LoadModel | UnloadModel]:
        """Use idle workers and free threads to load models before they are asked for, as far as they have room."""
        commands: list[LoadModel | UnloadModel] = []
        while self._machines.most_free > 0 and (worker := self._ranked.loaders.best(1)) is not None:
            model = worker.wanted[0]
            spare = self._room.spare(worker, model)
            if self._homes.housed(worker.machine, model) or not self._room.fits(worker, model, spare):
                self._forgo(worker, model)
                continue
            commands += self._unload(worker, spare)
            self._homed(worker, model)
            worker.loading, worker.threads = model, 1
            worker.becomes(tied=self._homes.large(model))
            self._machines.take(worker.machine, 1)
            self.idle -= 1
            commands.append(LoadModel(worker.name, model, self._knobs.get(model, {})))
        return commands

    def left(self, worker: WorkerState, models: Collection[str]) -> None:
        """A worker let go of models by itself, for want of room."""
        self._unload(worker, worker.models.intersection(models))

    def loaded(self, name: str, model: str, error: str, left: Collection[str] = ()) -> None:
        """A load ended; a failed one leaves the model to be tried again by a task."""
        worker = self.workers.get(name)
        if worker is None or worker.loading != model:
            return
        self.left(worker, left)
        if error:
            self._unhomed(worker, model)
            self._stale = True
        else:
            self._hold(worker, model)
        self.release(worker)

    def _hold(self, worker: WorkerState, model: str) -> None:
        worker.models.add(model)
        worker.becomes(large=worker.large + self._homes.large(model))

    def _homed(self, worker: WorkerState, model: str) -> None:
        """One more worker holds or loads a model; others need not load one ahead that is held alone."""
        self._homes.add(worker.machine, model)
        if model in worker.wanted:
            self._forgo(worker, model)
        elif self._wanting[model] and self._homes.alone(model):
            self._stale = True

    def _unhomed(self, worker: WorkerState, model: str) -> None:
        """One less does; a large model may need another home there."""
        self._homes.remove(worker.machine, model)
        self._ranked.rehouse()

    def _forgo(self, worker: WorkerState, model: str) -> None:
        worker.wanted.remove(model)
        self._wanting[model] -= 1
