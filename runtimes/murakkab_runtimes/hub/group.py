"""A model that a group of processes runs together, each on an accelerator of its own, seen as one runtime."""

from __future__ import annotations

import math
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.profiles.conditions import SPREAD
from murakkab_runtimes.base import PROCESSES, Cancelled, Meta, Output, Runtime, RuntimeFault, Task, runtime_class
from murakkab_runtimes.hub.ranks import Answer, Item, Loaded, Place, Progress, Stop

LATE_S, APART_S, END_S = 10.0, 300.0, 5.0
"""Seconds that the others of a group have to answer once one has failed or the task is cancelled; once one is done; and
that they have to end."""

LOOK_S, SILENT_S = 0.5, 60.0
"""How often, and for how long at most, is asked whether a task was cancelled while nothing is heard of it."""

_MAIN = "from murakkab_runtimes.hub.ranks import main; main()"
_PIECE = 65536


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

    What the processes print is printed here, while a task is in hand or they load. Where one of them is lost, or fails
    while others wait for it, the group is ended and ``broken``.

    Args:
        card: of the model, with the settings that it is loaded with.
        threads: of the processor, for all processes together.
        count: of processes.

    Raises:
        RuntimeFault: as the adapter raises it where it is loaded, or a process ended.

    """

    def __init__(self, card: ModelCard, threads: int, count: int) -> None:
        super().__init__(card, threads)
        kind = runtime_class(card.adapter)
        self.loaded_with, self.continues = kind.loaded_with, kind.continues
        self.meter = self._peaks = _Peaks()
        self._members: list[_Member] = []
        self._folder = Path(tempfile.mkdtemp(prefix="murakkab-group-"))
        try:
            self._begin(max(threads // count, 1), count)
        except _Told as told:
            self.close()
            raise told.fault from None
        except BaseException:
            self.close()
            raise

    def run(self, task: Task) -> Output:
        """Do one task; a cancelled one ends between two layers."""
        if not self._members:
            raise self._lost()
        spare = [task.scratch / f"rank-{rank}" for rank in range(1, len(self._members))]
        try:
            return self._run(task, [task.scratch, *spare])
        finally:
            for folder in spare:
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """End the processes."""
        members, self._members = self._members, []
        for member in members:
            member.link.close()
        for member in members:
            member.end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _begin(self, threads: int, count: int) -> None:
        for rank in range(count):
            self._members.append(_Member.started())
            self._members[rank].link.send((self.card, threads, Place(rank, count, self._folder / "meeting")))
        found = self._last_words(_Silent())
        self._peaks.loaded([word for word in found if isinstance(word, Loaded)])

    def _run(self, task: Task, folders: Iterable[Path]) -> Output:
        """Only what the first process writes is kept."""
        own, heard = replace(task, on_item=None, on_progress=None), _Heard(task, self._members[0].link)
        try:
            for rank, (member, folder) in enumerate(zip(self._members, folders, strict=True)):
                folder.mkdir(exist_ok=True)
                member.link.send(replace(own, scratch=folder, threads=task.threads if rank == 0 else 1))
            found = self._last_words(heard)
        except _Told as told:
            raise told.fault from None
        except BrokenPipeError:
            self._break()
            raise self._lost() from None
        except BaseException:  # the processes are in the middle of the task
            self._break()
            raise
        if heard.cancelled:
            raise Cancelled
        outputs = [word for word in found if isinstance(word, Output)]
        self._peaks.saw([output.meta for output in outputs])
        return Output(outputs[0].value, outputs[0].meta | self._peaks.told() | {PROCESSES: len(found)})

    def _last_words(self, heard: _Heard | _Silent) -> list[Loaded | Answer]:
        """What becomes of a load or a task in each process, in their order.

        Raises:
            _Told: one of them failed at it.
            RuntimeFault: one of them ended, or does not answer.

        """
        found: dict[Connection, Loaded | Answer] = {}
        faults: list[Exception] = []
        until, spoke = math.inf, time.monotonic()
        while len(found) < len(self._members):
            links = self._that_speak(found)
            if links:
                spoke = time.monotonic()
            else:
                if time.monotonic() - spoke < SILENT_S:  # after that, the silence is for the engine to judge
                    heard.alive()
                until = min(until, time.monotonic() + LATE_S) if faults or heard.cancelled else until
            for link in links:
                word = _received(link)
                if word is None:
                    self._break()
                    raise faults[0] if faults else self._lost()
                if isinstance(word, Progress | Item):
                    heard.told(word)
                else:
                    found[link] = word
                    faults += [word] if isinstance(word, Exception) else []
                    until = min(until, time.monotonic() + (LATE_S if faults else APART_S))
            if time.monotonic() > until and len(found) < len(self._members):
                self._break()
                raise faults[0] if faults else self._lost()
        if faults:
            raise _Told(faults[0])
        return [found[member.link] for member in self._members]

    def _that_speak(self, found: Container[Connection]) -> list[Connection]:
        """Links to processes that have not said their last word and say something, or none after a while."""
        links = [member.link for member in self._members if member.link not in found]
        ready = wait([*links, *(member.output for member in self._members if not member.silent)], LOOK_S)
        for member in self._members:
            member.print()
        return [link for link in ready if isinstance(link, Connection)]

    def _break(self) -> None:
        self.broken = True
        self.close()

    def _lost(self) -> RuntimeFault:
        return RuntimeFault(f"one of the processes of {self.card.name} ended; it is tried again in new ones")


class _Told(Exception):
    """A process said that it failed, and how."""

    def __init__(self, fault: Exception) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass
class _Member:
    """A process of a group; it ends when its link is closed.

    Attributes:
        process: itself.
        link: to it.
        output: file descriptor of what it prints.
        silent: whether it prints no more.

    """

    process: subprocess.Popen[bytes]
    link: Connection
    output: int
    silent: bool = False

    @classmethod
    def started(cls) -> _Member:
        ours, theirs = multiprocessing.Pipe()
        source, sink = os.pipe()
        os.set_blocking(source, False)
        try:
            process = subprocess.Popen(
                [sys.executable, "-c", _MAIN, str(theirs.fileno())],
                stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, pass_fds=[theirs.fileno()],
            )  # fmt: skip
        except OSError:
            os.close(source)
            ours.close()
            raise
        finally:
            theirs.close()
            os.close(sink)
        return cls(process, ours, source)

    def print(self) -> None:
        """Pass on what it has printed."""
        with suppress(BlockingIOError):
            while not self.silent:
                if piece := os.read(self.output, _PIECE):
                    os.write(2, piece)
                else:
                    self.silent = True

    def end(self) -> None:
        """Wait until it has ended, and make it where it does not."""
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.print()
        os.close(self.output)


class _Silent:
    """Nobody hears what happens while a model is loaded."""

    cancelled = False

    def alive(self) -> None:
        """It goes on."""

    def told(self, word: Progress | Item) -> None:
        """It has come so far."""


class _Heard:
    """Passes on what the first process says of a task, and tells it once the task is cancelled."""

    def __init__(self, task: Task, first: Connection) -> None:
        self._task, self._first = task, first
        self._done = 0.0
        self.cancelled = False

    def alive(self) -> None:
        """It goes on, as far as it was."""
        self.told(Progress(self._done))

    def told(self, word: Progress | Item) -> None:
        """Pass a word on."""
        if self.cancelled:
            return
        try:
            if isinstance(word, Progress):
                self._done = word.done
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
