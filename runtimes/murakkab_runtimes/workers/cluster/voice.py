"""What a slot says to an engine: numbered, in order, and as few trips to the broker as possible."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec

from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.messages import Reply

HOLD_S = 0.02
"""What is not urgent waits this long for something else to be said."""

_TELL = """
for i = 4, #ARGV do redis.call('XADD', KEYS[1], '*', 'said', ARGV[i]) end
redis.call('EXPIRE', KEYS[1], ARGV[1])
if KEYS[2] then redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3]) end
"""


class Voice:
    """Speaks for one process of a slot; its methods wait for a broker that is away.

    Args:
        redis: connection that tries again.
        slot: name of the slot.
        child: id of the process.
        state: what the slot's process says of itself, encoded.

    """

    def __init__(self, redis: Any, slot: str, child: str, state: Callable[[], bytes]) -> None:  # noqa: ANN401
        self._redis, self._slot, self._child, self._state = redis, slot, child, state
        self._engine = ""
        self._number = self._place = 0
        self._waiting: list[bytes] = []
        self._since = 0.0
        self._with_state = False
        self._lock = threading.RLock()
        self._serving = threading.Event()
        threading.Thread(target=self._tell_late, daemon=True).start()

    @contextlib.contextmanager
    def session(self) -> Any:  # noqa: ANN401 - an iterator of None
        """While entered, what waits is told after ``HOLD_S`` at the latest; at the end nothing waits any more."""
        self._serving.set()
        try:
            yield
        finally:
            self._serving.clear()
            self.flush()

    def address(self, engine: str) -> None:
        """From now on speak to an engine, of a new order."""
        self.flush()
        self._engine, self._place = engine, 0

    def say(self, reply: Reply | wire.Back) -> None:
        """Say something now, after what waits."""
        with self._lock:
            self._add(reply)
            self.flush()

    def say_soon(self, reply: Reply | wire.Back) -> None:
        """Say something, and the state, with what comes next or after ``HOLD_S``."""
        with self._lock:
            self._add(reply)
            self._with_state = True

    def flush(self) -> None:
        """Say what waits."""
        with self._lock:
            if self._waiting:
                call = self._call()
                self._redis.eval(*call)
                self._forget()

    def flush_and_wait(self, orders: str, seconds: float) -> bytes | None:
        """Say what waits and take the next of a list of orders, in one trip; None when none comes in time."""
        with self._lock:
            with self._redis.pipeline(transaction=False) as trip:
                if self._waiting:
                    trip.eval(*self._call())
                trip.blpop([orders], seconds)
                found = trip.execute()[-1]
            self._forget()
        return None if found is None else bytes(found[1])

    def _add(self, reply: Reply | wire.Back) -> None:
        if not self._waiting:
            self._since = time.monotonic()
        self._number += 1
        said = wire.Said(self._slot, self._child, self._number, self._place, reply)
        self._place += 1
        self._waiting.append(msgspec.json.encode(said))

    def _call(self) -> tuple[Any, ...]:
        """Arguments of ``EVAL`` that say what waits."""
        keys = [wire.replies(self._engine)]
        if self._with_state:
            keys.append(wire.state(self._slot))
        state = self._state() if self._with_state else b""
        return (_TELL, len(keys), *keys, wire.REPLIES_S, state, wire.FORGET_S, *self._waiting)

    def _forget(self) -> None:
        self._waiting, self._with_state = [], False

    def _tell_late(self) -> None:
        while True:
            self._serving.wait()
            time.sleep(HOLD_S)
            if self._waiting and time.monotonic() - self._since >= HOLD_S:
                with contextlib.suppress(Exception):
                    self.flush()
