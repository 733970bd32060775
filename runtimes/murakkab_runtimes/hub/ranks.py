"""The processes of a group that do the tasks of one model together.

Each holds the whole model on an accelerator of its own, is given the same tasks, and draws the same noise. Their
denoisers work on a share of the sequence each and exchange what attention needs (context parallelism: DeepSpeed
Ulysses, arXiv 2309.14509, as diffusers has it). What the first of them makes is the result.
"""

from __future__ import annotations

import os
import queue
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import (
    Cancelled,
    InputError,
    Meta,
    Output,
    Runtime,
    RuntimeFault,
    Task,
    Value,
    runtime_class,
)
from murakkab_runtimes.hub.memory import is_broken

PULSE_S, END_S = 0.2, 0.5
"""Shortest time between two reports within a step; seconds to end in, in the middle of a task."""


@dataclass(frozen=True)
class Place:
    """Which process of a group one is.

    Attributes:
        rank: its number, from 0.
        count: of processes.
        meeting: a file, not there yet, by which they find each other; its folder is theirs.

    """

    rank: int
    count: int
    meeting: Path


@dataclass(frozen=True)
class Loaded:
    """A process has loaded the model, which took so many MiB of its device, one that it has to itself or not."""

    held_mb: int
    own_device: bool


@dataclass(frozen=True)
class Progress:
    """The finished share of the task."""

    done: float


@dataclass(frozen=True)
class Item:
    """An item of a streaming task."""

    value: Value
    meta: Meta


class Stop:
    """The task is to stop; or it has."""


Answer = Output | Exception | Stop
"""How a task ended in one process."""


def main() -> None:
    """Be the process of a group whose socket is the file descriptor that the first argument names."""
    serve(Connection(int(sys.argv[1])))


def serve(link: Connection) -> None:
    """Be one process of a group, until the other end of ``link`` is closed.

    The card of the model, threads of the processor and the place in the group come in first, then tasks; ``Loaded`` or
    a fault goes out, and what becomes of each task.
    """
    card, threads, place = link.recv()
    inbox = _Inbox(link, place.meeting)
    try:
        runtime = _joined(card, threads, place)
    except Exception as fault:
        link.send(_told(fault))
        return
    held_mb = runtime.meter.held_mb if runtime.meter else 0
    link.send(Loaded(held_mb, own_device=_on_accelerator()))
    while (task := inbox.tasks.get()) is not None:
        link.send(_done(runtime, task, _Pulse(link, inbox, place.rank)))
    runtime.close()


def spread(denoiser: Any, attention: str, name: str) -> None:  # noqa: ANN401 - a module of torch
    """Let the denoiser of this process do its share of each task, where it is one of a group.

    Raises:
        InputError: diffusers cannot spread it, or not with that backend of attention.

    """
    import torch.distributed as dist

    if not dist.is_initialized():
        return
    from diffusers import ContextParallelConfig

    if getattr(denoiser, "_cp_plan", None) is None:
        raise InputError(f"{name}: diffusers cannot spread a {type(denoiser).__name__}; leave context_parallel at 1")
    if attention == "eager":
        raise InputError(f"{name}: context_parallel does not go with attention 'eager'; take 'auto'")
    config = ContextParallelConfig(ulysses_degree=dist.get_world_size(), ulysses_anything=True)
    with _counted_as_device():
        denoiser.enable_parallelism(config=config)


class _Inbox:
    """What comes from the worker: tasks, None at the end; ``stop`` is set once the task in hand is to stop.

    When the worker is gone or lets go, this process ends, wherever it is.
    """

    def __init__(self, link: Connection, meeting: Path) -> None:
        self._meeting = meeting
        self.tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self.stop = threading.Event()
        threading.Thread(target=self._listen, args=(link,), daemon=True).start()

    def _listen(self, link: Connection) -> None:
        while True:
            try:
                found = link.recv()
            except (EOFError, OSError):
                shutil.rmtree(self._meeting.parent, ignore_errors=True)
                self.tasks.put(None)
                time.sleep(END_S)  # the time that a process with nothing to do takes to end by itself
                os._exit(0)
            if isinstance(found, Stop):
                self.stop.set()
            else:
                self.stop.clear()
                self.tasks.put(found)


class _Pulse:
    """Passes on what the first process does; all stop at the same point, or they would wait for each other."""

    def __init__(self, link: Connection, inbox: _Inbox, rank: int) -> None:
        self._link, self._inbox, self._rank = link, inbox, rank
        self._done, self._last = -1.0, 0.0

    def progress(self, done: float) -> None:
        """The processes agree whether to stop: all of them come by here equally often, between layers and steps."""
        if self._agreed_to_stop():
            raise Cancelled
        changed, self._done = done != self._done, done
        now = time.monotonic()
        if self._rank == 0 and (changed or now - self._last >= PULSE_S):
            self._last = now
            self._link.send(Progress(done))

    def item(self, value: Value, meta: Meta) -> None:
        """Pass an item on."""
        if self._rank == 0:
            self._link.send(Item(value, meta))

    def _agreed_to_stop(self) -> bool:
        import torch
        import torch.distributed as dist

        told = torch.tensor([int(self._inbox.stop.is_set())])
        dist.broadcast(told, src=0)
        return bool(told.item())


def _joined(card: ModelCard, threads: int, place: Place) -> Runtime:
    """The model, loaded in a process that can reach the others of its group."""
    import torch
    import torch.distributed as dist

    own = _on_accelerator()
    if own:
        if (there := torch.cuda.device_count()) < place.count:
            raise InputError(f"{card.name}: context_parallel is {place.count}, and there are {there} accelerators here")
        torch.cuda.set_device(place.rank)
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo0" if os.uname().sysname == "Darwin" else "lo")
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if own else "gloo",
        init_method=place.meeting.as_uri(), rank=place.rank, world_size=place.count,
    )  # fmt: skip
    return runtime_class(card.adapter)(card, threads)


def _on_accelerator() -> bool:
    import torch

    return bool(torch.cuda.is_available())


def _done(runtime: Runtime, task: Task, pulse: _Pulse) -> Answer:
    """Do a task."""
    try:
        if runtime.meter is not None:
            runtime.meter.begin()
        output = runtime.run(replace(task, on_item=pulse.item, on_progress=pulse.progress))
    except Cancelled:
        return Stop()
    except Exception as fault:
        if is_broken(fault):
            traceback.print_exc()
            os._exit(1)
        return _told(fault)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        _give_back()
    output = output if isinstance(output, Output) else Output(output)
    return output if runtime.meter is None else Output(output.value, runtime.meter.told() | output.meta)


def _give_back() -> None:
    """Leave memory of the accelerator that nothing uses to the other models of the worker."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _told(fault: Exception) -> Exception:
    """A fault as the worker can be told it; errors of the system it knows by their numbers."""
    if type(fault).__module__ == RuntimeFault.__module__:
        return fault
    if isinstance(fault, OSError) and fault.errno is not None:
        return OSError(fault.errno, str(fault.strerror), fault.filename)
    traceback.print_exc()
    return RuntimeFault(f"{type(fault).__name__}: {fault}")


@contextmanager
def _counted_as_device() -> Iterator[None]:
    """While it lasts, torch counts a processor as a device: by their number diffusers tells the one of a process."""
    import torch

    count = torch.accelerator.device_count
    torch.accelerator.device_count = lambda: count() or 1
    try:
        yield
    finally:
        torch.accelerator.device_count = count
