"""Does the work of a slot: the same as a local worker process, with Redis in the place of its pipes."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
from collections import OrderedDict
from io import BytesIO
from pathlib import Path

import msgspec

from murakkab_optimizer.scheduler.events import TaskFailed, TaskFinished
from murakkab_runtimes.base import Cancelled
from murakkab_runtimes.workers.child import Child
from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.cluster.redis_link import connect
from murakkab_runtimes.workers.messages import Reply, Run

LOOK_S = 0.5
"""Shortest time between two looks whether the attempt in hand was cancelled."""

_REMEMBERED = 1000


class Host(Child):
    """The runtimes of one slot.

    Args:
        slot: as it is announced.
        broker: URL of the Redis.

    """

    def __init__(self, slot: wire.Slot, broker: str) -> None:
        super().__init__(slot.name, BytesIO())
        self._slot, self._machine, self._width = slot.name, slot.machine, slot.width
        self._redis = connect(broker)
        self._child = secrets.token_hex(8)
        self._engine, self._lease = "", ""
        self._number = 0
        self._looked = 0.0
        self._done: OrderedDict[str, None] = OrderedDict()
        self._tell_state()
        threading.Thread(target=self._beat, daemon=True).start()

    def serve(self, order: wire.Order, longest_s: float) -> None:
        """Carry out what an engine asks for, unless it was begun before or the slot is another engine's now."""
        if self._owner() != order.engine:
            return
        self._engine, request = order.engine, order.request
        try:
            if not isinstance(request, Run):
                self._tell_state()
                self._load(msgspec.structs.replace(request, threads=min(request.threads, self._width)))
            elif self._is_first(request.lease, longest_s):
                self._attempt_once(request)
        finally:
            self._engine = ""
            self._tell_state()

    def send(self, reply: Reply) -> None:
        """Tell the engine; waits for a broker that is away."""
        self._number += 1
        said = msgspec.json.encode(wire.Said(self._slot, self._child, self._number, reply))
        stream = wire.replies(self._engine)
        with self._redis.pipeline(transaction=True) as pipe:
            if isinstance(reply, TaskFinished | TaskFailed):
                self._lease = ""
                pipe.set(wire.state(self._slot), self._state(), ex=wire.FORGET_S)
            pipe.xadd(stream, {"said": said})
            pipe.expire(stream, wire.REPLIES_S)
            pipe.execute()

    def _attempt_once(self, request: Run) -> None:
        self._lease, self._looked = request.lease, 0.0
        self._tell_state()
        if fault := self._unreachable(Path(request.store)):
            self.send(TaskFailed(request.lease, fault, retry=False))
        else:
            self._run(msgspec.structs.replace(request, threads=min(request.threads, self._width)))

    def _is_first(self, lease: str, longest_s: float) -> bool:
        """Whether nobody began the attempt before; whoever asks first does."""
        name = wire.attempted(self._engine, lease)
        first = name not in self._done and self._redis.set(name, self._child, nx=True, ex=int(longest_s) + 60)
        self._done[name] = None
        while len(self._done) > _REMEMBERED:
            self._done.popitem(last=False)
        return bool(first)

    def _unreachable(self, store: Path) -> str:
        """Why the artifacts of a run cannot be used here; empty when they can."""
        try:
            if (store / wire.MARK).read_text(encoding="utf-8") == self._engine:
                return ""
        except OSError:
            pass
        return (
            f"the machine {self._machine} cannot reach the run's folder {store}: "
            "share the folder of the runs (NFS or the like) and mount it at the same path on every machine"
        )

    def _stop_if_cancelled(self, lease: str) -> None:
        if time.monotonic() - self._looked < LOOK_S:
            return
        self._looked = time.monotonic()
        told, owner = self._redis.mget(wire.cancelled(self._engine, lease), wire.owner(self._slot))
        if told is not None or (owner is not None and owner.decode() != self._engine):
            raise Cancelled(lease)

    def _owner(self) -> str:
        found = self._redis.get(wire.owner(self._slot))
        return found.decode() if found is not None else ""

    def _state(self) -> bytes:
        models = tuple(self._runtimes)
        return msgspec.json.encode(wire.State(self._child, os.getpid(), self._engine, self._lease, models))

    def _tell_state(self) -> None:
        self._redis.set(wire.state(self._slot), self._state(), ex=wire.FORGET_S)

    def _beat(self) -> None:
        """Say it again and again: a broker may have lost it."""
        while True:
            time.sleep(wire.BEAT_S)
            with contextlib.suppress(Exception):
                self._tell_state()
