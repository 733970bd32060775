"""A model that a group of processes runs together, each on an accelerator of its own, seen as one runtime."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.profiles.nouns import SPREAD
from murakkab_runtimes.base import Cancelled, Meta, Output, Runtime, RuntimeFault, Task, runtime_class
from murakkab_runtimes.hub.ranks import Answer, Item, Loaded, Place, Progress, Stop, serve

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

LATE_S, END_S = 10.0, 5.0
"""Seconds that the others of a group have to answer once one has failed, and to end."""


def processes_for(card: ModelCard, environment: Mapping[str, str] = os.environ) -> int:
    """Processes that a model is run by: as many as its ``context_parallel`` says, and there are accelerators for.

    A worker without accelerators runs them all on its cores.

    Args:
        card: with the settings that it is loaded with.
        environment: that shows the worker its accelerators.

    """
    wanted = card.knobs.get(SPREAD, 1)
    if not isinstance(wanted, int) or SPREAD not in runtime_class(card.adapter).loaded_with:
        return 1
    there = len(list(filter(None, environment.get("CUDA_VISIBLE_DEVICES", "").split(","))))
    return min(wanted, there) if there else wanted


class Group(Runtime):
    """Runs each task in all of its processes, and returns what the first of them makes.

    Where one process fails and others wait for it, the group is ended; the next task begins another one.

    Args:
        card: of the model, with the settings that it is loaded with.
        threads: of the processor, for all processes together.
        count: of processes.

    Raises:
        RuntimeFault: as the adapter raises it where it is loaded.

    """

    def __init__(self, card: ModelCard, threads: int, count: int) -> None:
        super().__init__(card, threads)
        kind = runtime_class(card.adapter)
        self.loaded_with, self.continues = kind.loaded_with, kind.continues
        self.meter = self._peaks = _Peaks()
        self._count = count
        self._members: list[_Member] = []
        self._folder = Path(tempfile.mkdtemp(prefix="murakkab-group-"))
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def run(self, task: Task) -> Output:
        """Do one task; a cancelled one ends between two steps."""
        if not self._members:
            self._begin()
        spare = Path(tempfile.mkdtemp(dir=self._folder))
        try:
            return self._run(task, spare)
        finally:
            shutil.rmtree(spare, ignore_errors=True)

    def close(self) -> None:
        """End the processes."""
        self._end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _begin(self) -> None:
        meeting = Path(tempfile.mkdtemp(dir=self._folder)) / "meeting"
        threads = max(self.threads // self._count, 1)
        for rank in range(self._count):
            self._members.append(_Member.started(self.card, threads, Place(rank, self._count, meeting)))
        try:
            found = self._last_words(lambda _: None)
        except RuntimeFault:
            self._end()
            raise
        self._peaks.loaded([word for word in found if isinstance(word, Loaded)])

    def _run(self, task: Task, spare: Path) -> Output:
        """Only what the first process writes is kept; ``spare`` takes what the others write."""
        own, heard = replace(task, on_item=None, on_progress=None), _Heard(task, self._members[0].link)
        for rank, member in enumerate(self._members):
            folder = task.scratch if rank == 0 else spare / str(rank)
            folder.mkdir(exist_ok=True)
            member.link.send(replace(own, scratch=folder))
        try:
            found = self._last_words(heard)
        except RuntimeFault:
            raise
        except BaseException:  # what was heard could not be passed on: the processes are in the middle of the task
            self._end()
            raise
        if heard.cancelled:
            raise Cancelled
        outputs = [word for word in found if isinstance(word, Output)]
        self._peaks.saw([output.meta for output in outputs])
        return Output(outputs[0].value, outputs[0].meta | self._peaks.told())

    def _last_words(self, heard: Callable[[Progress | Item], None]) -> list[Loaded | Answer]:
        """What becomes of a load or a task in each process, in their order.

        Raises:
            RuntimeFault: of the first that failed.

        """
        found: dict[Connection, Loaded | Answer] = {}
        faults: list[RuntimeFault] = []
        while len(found) < self._count:
            waiting = [member.link for member in self._members if member.link not in found]
            ready = [link for link in wait(waiting, LATE_S if faults else None) if isinstance(link, Connection)]
            if not ready:
                break
            for link in ready:
                word = _received(link)
                if word is None:
                    self._end()
                    raise RuntimeFault(f"one of the {self._count} processes of {self.card.name} ended")
                if isinstance(word, Progress | Item):
                    heard(word)
                    continue
                found[link] = word
                faults += [word] if isinstance(word, RuntimeFault) else []
        if len(found) < self._count:
            self._end()
        if faults:
            raise faults[0]
        return [found[member.link] for member in self._members]

    def _end(self) -> None:
        members, self._members = self._members, []
        for member in members:
            member.link.close()
        for member in members:
            member.process.join(END_S)
            if member.process.is_alive():
                member.process.kill()
                member.process.join()


@dataclass(frozen=True)
class _Member:
    """A process of a group; it ends when its link is closed."""

    process: SpawnProcess
    link: Connection

    @classmethod
    def started(cls, card: ModelCard, threads: int, place: Place) -> _Member:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs, card, threads, place), daemon=True)
        process.start()
        theirs.close()
        return cls(process, ours)


class _Heard:
    """Passes on what the first process says of a task, and tells it once the task is cancelled."""

    def __init__(self, task: Task, first: Connection) -> None:
        self._task, self._first = task, first
        self.cancelled = False

    def __call__(self, word: Progress | Item) -> None:
        if self.cancelled:
            return
        try:
            if isinstance(word, Progress):
                self._task.progress(word.done)
            else:
                self._task.emit(word.value, **word.meta)
        except Cancelled:
            self.cancelled = True
            self._first.send(Stop())


class _Peaks:
    """The memory of the processes: of an accelerator what one of them takes at most, of a processor all together."""

    def __init__(self) -> None:
        self.held_mb = self._peak_mb = 0
        self._apart = True

    def loaded(self, found: Iterable[Loaded]) -> None:
        """All have loaded the model."""
        told = list(found)
        self._apart = all(one.own_device for one in told)
        self.held_mb = self._peak_mb = self._of(one.held_mb for one in told)

    def begin(self) -> None:
        """A task begins."""
        self._peak_mb = self.held_mb

    def saw(self, metas: Iterable[Meta]) -> None:
        """All have done a task."""
        self._peak_mb = max(self._peak_mb, self._of(int(meta.get("peak_mb", 0)) for meta in metas))

    def told(self) -> Meta:
        """The peak, as meta of a task."""
        return {"peak_mb": self._peak_mb} if self._peak_mb else {}

    def _of(self, each: Iterable[int]) -> int:
        return max(each) if self._apart else sum(each)


def _received(link: Connection) -> Loaded | Progress | Item | Answer | None:
    """The next word of a process; None if it has ended."""
    try:
        word: Loaded | Progress | Item | Answer = link.recv()
    except (EOFError, OSError):
        return None
    return word
