"""The time in which the process of a slot takes orders from an engine directly, and not by Celery."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import msgspec

from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.cluster.voice import Voice

LINGER_S = 0.5
"""A process waits this long for what follows before it hands itself back to Celery."""

SESSION_S = 600.0
"""After this long it does so as soon as nothing waits: a message of Celery must not stay unacknowledged for ever."""

_CLOSE = """
local order = redis.call('LPOP', KEYS[1])
if not order then redis.call('DEL', KEYS[2]) end
return order
"""


class Session:
    """Opens and closes it in Redis, where engines look before they send something.

    Args:
        redis: connection that tries again.
        child: id of the process.
        voice: what it says goes with its question for more.

    """

    def __init__(self, redis: Any, child: str, voice: Voice) -> None:  # noqa: ANN401
        self._redis, self._voice = redis, voice
        self._close = redis.register_script(_CLOSE)
        self._key, self._orders = wire.session(child), wire.following(child)
        self._until = 0.0
        self._torn, self._mending = False, threading.Lock()

    @contextlib.contextmanager
    def opened(self, engine: str, longest_s: float) -> Iterator[None]:
        """While entered, an engine may send orders; after a fault it may no more, once ``mend`` has told the broker."""
        self.mend()
        self._until = time.monotonic() + SESSION_S
        try:
            self._redis.set(self._key, engine, ex=int(longest_s))
            with self._voice.session():
                yield
        except BaseException:
            self._torn = True
            raise

    def mend(self) -> None:
        """Close a session that a fault ended; nobody carries out what was sent there since."""
        with self._mending:
            if self._torn:
                self._redis.delete(self._key, self._orders)
                self._torn = False

    def next(self) -> wire.Order | None:
        """What the engine sent meanwhile or sends within a moment; None ends the session, and none is lost by that."""
        early = time.monotonic() < self._until
        text = self._voice.flush_and_wait(self._orders, LINGER_S) if early else None
        if text is None:
            self._voice.flush()
            text = self._close(keys=[self._orders, self._key])
        return None if text is None else msgspec.json.decode(text, type=wire.Order)
