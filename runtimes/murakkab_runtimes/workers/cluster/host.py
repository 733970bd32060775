"""Does the work of a slot: the same as a local worker process, with Redis in the place of its pipes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path

import msgspec

from murakkab_optimizer.scheduler.events import TaskFailed, TaskFinished, TaskStarted, parse_lease
from murakkab_runtimes.artifacts import ArtifactStore, no_room
from murakkab_runtimes.base import Cancelled
from murakkab_runtimes.mirror import Mirror
from murakkab_runtimes.secrets import Mask
from murakkab_runtimes.workers.child import Child
from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.cluster.own_folder import own_folder
from murakkab_runtimes.workers.cluster.reach import Reach
from murakkab_runtimes.workers.cluster.redis_link import connect
from murakkab_runtimes.workers.cluster.session import Session
from murakkab_runtimes.workers.cluster.voice import Voice
from murakkab_runtimes.workers.messages import Reply, Run

LOOK_S = 0.5
"""Shortest time between two looks whether the attempt in hand was cancelled."""

ROOM_BYTES = 16 * 2**20
"""A machine that ran out of room takes tasks again when so much can be written."""

KEPT_S = 24 * 3600.0
"""Local copies of a run's artifacts stay this long after the last attempt of the run began to use them."""

_REMEMBERED = 1000

_CANCELLED = 2

_BEGIN = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if not redis.call('SET', KEYS[2], ARGV[2], 'NX', 'EX', ARGV[3]) then return 0 end
redis.call('SET', KEYS[4], ARGV[4], 'EX', ARGV[5])
if redis.call('EXISTS', KEYS[3]) == 1 then return 2 end
return 1
"""


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
        self._begin = self._redis.register_script(_BEGIN)
        self._child = secrets.token_hex(8)
        self._engine, self._lease = "", ""
        self._looked = 0.0
        self._crowded: Path | None = None
        self._back: wire.Returned | None = None
        self._reach = Reach(slot.machine, self._store)
        self._mirror: Mirror | None = None
        self._done: OrderedDict[str, None] = OrderedDict()
        self._totals: dict[str, wire.Total] = {}
        self._model = ""
        self._voice = Voice(self._redis, slot.name, self._child, self._state)
        self._session = Session(self._redis, self._child, self._voice)
        self._closed = threading.Event()
        self._tell_state()
        threading.Thread(target=self._beat, daemon=True).start()

    def serve(self, first: wire.Order, longest_s: float) -> None:
        """Carry out what Celery brought, then what the engine sends after it, as long as something comes.

        What was begun before is not begun again, nor is what an engine asks for that the slot is not of any more.
        """
        if self._owner() != first.engine:
            return
        with self._session.opened(first.engine, longest_s):
            self._carry_out(first, partial(self._begins, longest_s=longest_s))
            while (order := self._session.next()) is not None:
                if order.engine == first.engine:
                    self._carry_out(order, self._goes_on)

    def close(self) -> None:
        """Say nothing more."""
        self._closed.set()
        self.spans.close()

    def _carry_out(self, order: wire.Order, begins: Callable[[str], bool]) -> None:
        self._engine, request = order.engine, order.request
        self._voice.address(order.engine)
        try:
            if isinstance(request, Run):
                self._attempt_once(request, begins)
            else:
                self._tell_state()
                self._load(msgspec.structs.replace(request, threads=min(request.threads, self._width)))
        finally:
            self._rest()

    def send(self, reply: Reply | wire.Back) -> None:
        """Tell the engine; waits for a broker that is away. That an attempt starts was told as it began.

        How an attempt ended is told in the trip that asks for the next one, which comes at once.
        """
        if isinstance(reply, TaskStarted):
            return
        if isinstance(reply, TaskFailed) and self._back is not None:
            reply, self._back = self._back, None
        if isinstance(reply, TaskFinished | TaskFailed | wire.Back):
            self._count(reply)
            self._engine, self._lease = "", ""
            self._voice.say_soon(reply)
        else:
            self._voice.say(reply)

    def _count(self, reply: TaskFinished | TaskFailed | wire.Back) -> None:
        before = self._totals.get(self._model, wire.Total())
        if isinstance(reply, TaskFinished):
            now = wire.Total(before.finished + 1, before.failed, round(before.seconds + reply.seconds, 4))
        else:
            now = wire.Total(before.finished, before.failed + 1, before.seconds)
        self._totals = {**self._totals, self._model: now}

    def _attempt_once(self, request: Run, begins: Callable[[str], bool]) -> None:
        if f"{self._engine}:{request.lease}" in self._done:
            return
        self._lease, self._model = request.lease, request.card.name
        if not begins(request.lease):
            return
        self._remember(request.lease)
        if parse_lease(request.lease)[3] > 1:
            self._mirror = None  # what was put into the store before may be gone: that may be why it is made again
        if (back := self._obstacle(request)) is not None:
            self.send(back)
            return
        self._voice.say_soon(TaskStarted(request.lease))
        self._run(msgspec.structs.replace(request, threads=min(request.threads, self._width)))

    def _obstacle(self, request: Run) -> wire.Back | None:
        """Why another slot must make an attempt: this machine cannot use the run's artifacts, or has no room."""
        try:
            reason = self._reach.obstacle(request, self._engine)
        except OSError as fault:
            return self._returned(request.lease, Path(fault.filename).parent if fault.filename else copies())
        return wire.Unfit(request.lease, reason, self._model) if reason else None

    def _returned(self, lease: str, folder: Path) -> wire.Returned:
        """Give an attempt back, and take no more until there is room again."""
        self._crowded = folder
        return wire.Returned(lease, f"there is no room left in {folder} on {self._machine}")

    def _begins(self, lease: str, longest_s: float) -> bool:
        """Whether to make an attempt that Celery brought: the slot is its engine's, and nobody began it before."""
        found = self._begin(
            keys=[
                wire.owner(self._slot),
                wire.attempted(self._engine, lease),
                wire.cancelled(self._engine, lease),
                wire.state(self._slot),
            ],
            args=[self._engine, self._child, int(longest_s) + 60, self._state(), wire.FORGET_S],
        )
        self._looked = 0.0 if found == _CANCELLED else time.monotonic()
        return bool(found)

    def _goes_on(self, lease: str) -> bool:
        """An attempt that the engine sent here directly is to be made: the broker asked the same as it took it."""
        self._looked = time.monotonic()
        return True

    def _remember(self, lease: str) -> None:
        """A broker that lost its data does not know any more what was begun; the process does."""
        self._done[f"{self._engine}:{lease}"] = None
        while len(self._done) > _REMEMBERED:
            self._done.popitem(last=False)

    def _failed(self, request: Run, fault: Exception, mask: Mask) -> TaskFailed:
        if no_room(fault):
            self._back = self._returned(request.lease, self._store(request).root)
        return super()._failed(request, fault, mask)

    def _store(self, request: Run) -> ArtifactStore:
        if not request.remote:
            return super()._store(request)
        if self._mirror is None or self._mirror.url != request.remote:
            self._mirror = Mirror(request.remote, folder_of(request.remote))
        return self._mirror

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
        full = self._crowded is not None
        state = wire.State(self._child, os.getpid(), self._engine, self._lease, models, full, self._totals)
        return msgspec.json.encode(state)

    def _tell_state(self) -> None:
        self._redis.set(wire.state(self._slot), self._state(), ex=wire.FORGET_S)

    def _rest(self) -> None:
        """Be idle; what is said with the end of an attempt is not told twice."""
        if self._engine:
            self._engine, self._lease = "", ""
            self._tell_state()

    def _beat(self) -> None:
        """Say it again and again: a broker may have lost it."""
        while not self._closed.wait(wire.BEAT_S):
            with contextlib.suppress(Exception):
                if self._crowded is not None and has_room(self._crowded):
                    self._crowded = None
                self._session.mend()
                self._tell_state()


def copies() -> Path:
    """The local folder for copies of what lies in stores.

    Raises:
        OSError: it can not be made, or is not this user's.
    """
    if named := os.environ.get("MURAKKAB_STORE_FOLDER"):
        Path(named).mkdir(parents=True, exist_ok=True)
        return Path(named)
    return own_folder(Path(tempfile.gettempdir(), f"murakkab-store-{os.getuid()}"))


def folder_of(remote: str) -> Path:
    """The local folder for what lies at a URL; those of other runs that nobody used for a day are removed."""
    base = copies()
    folder = own_folder(base / hashlib.sha256(remote.encode()).hexdigest()[:24])
    folder.touch()
    for other in base.glob("[0-9a-f]" * 24):
        with contextlib.suppress(OSError):
            if time.time() - other.stat().st_mtime > KEPT_S:
                shutil.rmtree(other, ignore_errors=True)
    return folder


def has_room(folder: Path) -> bool:
    """Whether a few megabytes can be written in a folder; one that is gone is in nobody's way."""
    probe = folder / f".room-{secrets.token_hex(8)}"
    try:
        with probe.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, ROOM_BYTES)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    finally:
        probe.unlink(missing_ok=True)
    return True
