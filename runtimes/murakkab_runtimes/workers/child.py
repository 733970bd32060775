"""The main loop of a worker process: ``python -m murakkab_runtimes.workers.child NAME``.

Requests come on standard input, replies go to standard output. Neither libraries nor programs that they start can
reach these: what they print is sent to standard error, and they find their standard input empty. When the engine is
gone, the requests end and the process exits at once.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import msgspec

from murakkab_optimizer.scheduler.events import (
    ItemEmitted,
    ModelLoaded,
    TaskFailed,
    TaskFinished,
    TaskProgressed,
    TaskStarted,
)
from murakkab_runtimes.artifacts import ArtifactStore, no_room
from murakkab_runtimes.base import (
    Cancelled,
    InputError,
    Meta,
    OutOfMemory,
    Output,
    Runtime,
    RuntimeFault,
    Task,
    Value,
)
from murakkab_runtimes.hub.memory import is_broken
from murakkab_runtimes.references import fill
from murakkab_runtimes.secrets import Mask
from murakkab_runtimes.workers.held import Held
from murakkab_runtimes.workers.logs import masked_output
from murakkab_runtimes.workers.messages import Cancel, Load, Ready, Reply, Request, Run, Stop
from murakkab_runtimes.workers.scratch import Scratch
from murakkab_runtimes.workers.spans import worker_spans

PROGRESS_S = 0.2
"""Shortest time between two progress reports of a task."""


class _AcceleratorLost(Exception):
    """This process can do no more on its accelerator."""


class Child:
    """One worker process: the runtimes that it holds and the leases that it was told to drop."""

    def __init__(self, name: str, out: BinaryIO) -> None:
        self._name = name
        self._out = out
        self._lock = threading.Lock()
        self._encoder = msgspec.json.Encoder()
        self._cancelled: set[str] = set()
        self.spans = worker_spans(name)
        self._runtimes = Held(self.spans.load)
        self._scratch = Scratch()
        self.requests: queue.SimpleQueue[Run | Load | Stop] = queue.SimpleQueue()

    def send(self, reply: Reply) -> None:
        """Write one reply."""
        line = self._encoder.encode(reply) + b"\n"
        with self._lock:
            self._out.write(line)
            self._out.flush()

    def listen(self, stream: BinaryIO) -> None:
        """Read requests until the engine is gone; then end the process."""
        decoder = msgspec.json.Decoder(Request)
        for line in stream:
            request = decoder.decode(line)
            if isinstance(request, Cancel):
                self._cancelled.add(request.lease)
            else:
                self.requests.put(request)
        os._exit(0)

    def work(self) -> None:
        """Serve requests until told to stop."""
        self.send(Ready(os.getpid()))
        while not isinstance(request := self.requests.get(), Stop):
            if isinstance(request, Load):
                self._load(request)
            else:
                self._run(request)
        self._scratch.close()
        self._runtimes.close()
        self.spans.close()

    def _load(self, request: Load) -> None:
        error = ""
        try:
            self._runtimes.let_go(request.unload)
            self._runtimes.get(request.card, request.threads, request.knobs).warm()
        except Exception as fault:
            traceback.print_exc()
            if is_broken(fault):
                os._exit(1)
            error = str(fault) or type(fault).__name__
            if isinstance(fault, OutOfMemory):
                self._runtimes.leave_only(request.card)
        self.send(ModelLoaded(self._name, request.card.name, error, self._runtimes.take_left()))

    def _run(self, request: Run) -> None:
        """Do one attempt; none of the secrets that it may know gets into a reply, a file or the log.

        A process that has lost its accelerator ends, so that a new one takes its place.
        """
        mask = Mask(request.secrets)
        try:
            with masked_output(mask), self.spans.attempt(request.lease, request.card.name, request.trace):
                outcome = self._outcome(request, mask)
        except _AcceleratorLost:
            os._exit(1)
        self.send(msgspec.structs.replace(outcome, left=self._runtimes.take_left()))

    def _outcome(self, request: Run, mask: Mask) -> TaskFinished | TaskFailed:
        """What came of an attempt; the seconds that it took do not count the load of its model."""
        store = self._store(request)
        scratch: Path | None = None
        done = False
        try:
            self._runtimes.let_go(request.unload)
            self._stop_if_cancelled(request.lease)
            self.send(TaskStarted(request.lease))
            runtime = self._runtimes.get(request.card, request.threads, request.knobs)
            began = time.perf_counter()
            scratch = self._scratch.take(store)
            output = self._attempt(request, runtime, store, scratch, mask)
            value, meta = store.put(mask.value(output.value, scratch)), mask.value(output.meta, scratch)
            self._stop_if_cancelled(request.lease)
            done = True
            return TaskFinished(request.lease, value, meta, round(time.perf_counter() - began, 4))
        except Cancelled:
            return TaskFailed(request.lease, "cancelled", retry=False)
        except Exception as fault:
            if is_broken(fault):
                traceback.print_exc()
                raise _AcceleratorLost from None
            return self._failed(request, fault, mask)
        finally:
            self._cancelled.discard(request.lease)
            if scratch is not None:
                self._scratch.leave(scratch, done=done)

    def _store(self, request: Run) -> ArtifactStore:
        """Where the artifacts of the run are."""
        return ArtifactStore(Path(request.store))

    def _failed(self, request: Run, fault: Exception, mask: Mask) -> TaskFailed:
        """What to say of an attempt that went wrong."""
        if no_room(fault):
            return TaskFailed(request.lease, "the disk is full: free some space, then resume the run", retry=False)
        if isinstance(fault, OutOfMemory) and self._runtimes.leave_only(request.card):
            return TaskFailed(request.lease, mask.text(f"{fault}; other models were let go, and it is tried again"))
        if isinstance(fault, RuntimeFault):
            kinds = isinstance(fault, InputError), isinstance(fault, OutOfMemory)
            return TaskFailed(request.lease, mask.text(str(fault)), fault.retry, *kinds)
        traceback.print_exc()
        return TaskFailed(request.lease, mask.text(f"{type(fault).__name__}: {fault}"))

    def _attempt(self, request: Run, runtime: Runtime, store: ArtifactStore, scratch: Path, mask: Mask) -> Output:
        first = request.first_item if runtime.continues else 0
        emitter = _Emitter(self, request, store, first, lambda value: mask.value(value, scratch))
        task = self._task(request, store, scratch, emitter)
        if runtime.meter is not None:
            runtime.meter.begin()
        output = runtime.run(task)
        output = output if isinstance(output, Output) else Output(output)
        return output if runtime.meter is None else Output(output.value, runtime.meter.told() | output.meta)

    def _task(self, request: Run, store: ArtifactStore, scratch: Path, emitter: _Emitter) -> Task:
        item = None if request.item is None else store.get(request.item)
        previous = None if request.previous is None else store.get(request.previous)
        return Task(
            arguments=store.open_files(fill(request.arguments, item, request.inputs, store.get, previous)),
            scratch=scratch,
            knobs=request.knobs,
            seed=request.seed,
            threads=max(request.threads, 1),
            previous=previous,
            path=request.path,
            first_item=request.first_item,
            streams=request.streams,
            on_item=emitter,
            on_progress=_Reporter(self, request.lease),
        )

    def _stop_if_cancelled(self, lease: str) -> None:
        if lease in self._cancelled:
            raise Cancelled(lease)


class _Emitter:
    """Commits the items of one attempt, numbered from ``index``."""

    def __init__(
        self, child: Child, request: Run, store: ArtifactStore, index: int, hide: Callable[[Value], Value]
    ) -> None:
        self._child, self._request, self._store, self._index, self._hide = child, request, store, index, hide

    def __call__(self, value: Value, meta: Meta) -> None:
        self._child._stop_if_cancelled(self._request.lease)
        if not self._request.streams:
            raise InputError("it gives its result piece by piece, and the node does not say so: add 'streams: NAME'")
        index, self._index = self._index, self._index + 1
        if index >= self._request.first_item:
            value, meta = self._hide((value, meta))
            self._child.send(ItemEmitted(self._request.lease, index, self._store.put(value), meta))
            self._child.spans.item(index)


class _Reporter:
    """Passes the progress of one attempt on, not too often."""

    def __init__(self, child: Child, lease: str) -> None:
        self._child, self._lease, self._last = child, lease, 0.0

    def __call__(self, done: float) -> None:
        self._child._stop_if_cancelled(self._lease)
        now = time.perf_counter()
        if now - self._last >= PROGRESS_S:
            self._last = now
            self._child.send(TaskProgressed(self._lease, round(done, 3)))
            self._child.spans.progress(round(done, 3))


def main() -> None:
    """Run one worker process."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    child = Child(sys.argv[1], replies)
    threading.Thread(target=child.listen, args=(requests,), daemon=True).start()
    child.work()


if __name__ == "__main__":
    main()
