"""One slot: a Celery worker with one process, which keeps its models loaded.

    python -m murakkab_runtimes.workers.cluster.slot '{"name": ..., "machine": ..., ...}'

The broker's URL comes in the environment, so that no list of processes shows its password. The first process speaks to
the broker and never touches a device; the second one is forked, does the work, and is replaced when it dies.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import sys
import threading
import time
import warnings
from typing import Any, ClassVar

import msgspec

from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.cluster.app import LONGEST_S, make_app
from murakkab_runtimes.workers.cluster.host import Host
from murakkab_runtimes.workers.cluster.leftovers import lead_group
from murakkab_runtimes.workers.cluster.redis_link import connect

BROKER = "MURAKKAB_BROKER"
"""Environment variable with the URL of the broker."""

_PR_SET_PDEATHSIG = 1

_host: Host | None = None


def die_with_parent(number: int) -> None:
    """Have the kernel send a signal to this process when the one that started it is gone (Linux)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number)


class Announcer:
    """Tells the cluster of a slot, from inside the loop of its Celery worker.

    Args:
        slot: what to tell.
        redis: to tell it over; one try, the next beat tells anyway.

    """

    def __init__(self, slot: wire.Slot, redis: Any) -> None:  # noqa: ANN401 - redis clients have no common type
        self._slot, self._redis = slot, redis
        self._left = False

    def beat(self) -> None:
        """Announce the slot; a broker that is away is told the next time."""
        slot = self._slot = msgspec.structs.replace(self._slot, beat=self._slot.beat + 1)
        with contextlib.suppress(Exception):
            seconds, micros = self._redis.time()
            with self._redis.pipeline(transaction=False) as pipe:
                pipe.set(wire.announcement(slot.name), msgspec.json.encode(slot), ex=wire.FORGET_S)
                pipe.zadd(wire.SLOTS, {slot.name: seconds + micros / 1e6})
                pipe.zremrangebyscore(wire.SLOTS, "-inf", seconds - wire.FORGET_S)
                pipe.execute()

    def drain(self) -> None:
        """Say that no more tasks are taken, for as long as the one in hand lasts: the consumer is gone by then."""
        self._slot = msgspec.structs.replace(self._slot, draining=True)
        threading.Thread(target=self._beat_on, daemon=True).start()

    def _beat_on(self) -> None:
        while not self._left:
            self.beat()
            time.sleep(wire.BEAT_S)

    def leave(self) -> None:
        """Take the slot off the list."""
        self._left = True
        name = self._slot.name
        with contextlib.suppress(Exception):
            self._redis.zrem(wire.SLOTS, name)
            self._redis.delete(wire.announcement(name), wire.state(name), wire.owner(name))
            queue = self._slot.queue
            self._redis.delete(queue, *(f"_kombu.binding{kind}.{queue}" for kind in ("", "_permanent")))

    def died(self, reason: str) -> None:
        """Tell the engine that the process ended at its attempt."""
        with contextlib.suppress(Exception):
            state = msgspec.json.decode(self._redis.get(wire.state(self._slot.name)), type=wire.State)
            if state.lease:
                said = wire.Said(self._slot.name, "", 0, 0, wire.Died(state.lease, reason))
                self._redis.xadd(wire.replies(state.engine), {"said": msgspec.json.encode(said)})


def build(slot: wire.Slot, broker: str, longest_s: float = LONGEST_S) -> tuple[Any, Announcer]:
    """The Celery application of a slot, and what announces it."""
    app = make_app(broker, longest_s)
    announcer = Announcer(slot, connect(broker, tries=1))

    @app.task(name=wire.TASK)  # type: ignore[untyped-decorator]
    def attempt(order: str) -> None:
        assert _host is not None
        _host.serve(msgspec.json.decode(order, type=wire.Order), longest_s)

    _announce(app, announcer)
    _watch(slot, broker, announcer)
    return app, announcer


def _announce(app: Any, announcer: Announcer) -> None:  # noqa: ANN401 - Celery has no types
    from celery import bootsteps

    class Announce(bootsteps.StartStopStep):  # type: ignore[misc]
        """Announces the slot as long as its consumer is connected."""

        requires: ClassVar[set[str]] = {"celery.worker.consumer.tasks:Tasks"}

        def start(self, consumer: Any) -> None:  # noqa: ANN401
            announcer.beat()
            self.timer = consumer.timer.call_repeatedly(wire.BEAT_S, announcer.beat)

        def stop(self, consumer: Any) -> None:  # noqa: ANN401
            if (timer := getattr(self, "timer", None)) is not None:
                timer.cancel()

    app.steps["consumer"].add(Announce)


def _watch(slot: wire.Slot, broker: str, announcer: Announcer) -> None:
    from celery import signals

    def up(**_: Any) -> None:  # noqa: ANN401
        global _host
        die_with_parent(signal.SIGKILL)
        lead_group()
        _host = Host(slot, broker)

    def failed(exception: BaseException, **_: Any) -> None:  # noqa: ANN401
        if _host is None:  # Celery tells of a fault here, too, in the process that works: that one lives
            announcer.died(f"its process ended: {exception}")

    def leaving(**_: Any) -> None:  # noqa: ANN401
        announcer.drain()

    def down(**_: Any) -> None:  # noqa: ANN401
        if _host is not None:
            _host.close()

    signals.worker_process_init.connect(up, weak=False)
    signals.worker_process_shutdown.connect(down, weak=False)
    signals.task_failure.connect(failed, weak=False)
    signals.worker_shutting_down.connect(leaving, weak=False)


def main() -> None:
    """Run one slot until it is told to end."""
    slot = msgspec.json.decode(sys.argv[1], type=wire.Slot)
    die_with_parent(signal.SIGTERM)
    warnings.filterwarnings("ignore", message=".*superuser privileges", category=Warning)
    logging.basicConfig(level=logging.WARNING, format=f"{slot.name}: %(message)s")
    app, announcer = build(slot, os.environ.pop(BROKER), float(os.environ.get("MURAKKAB_LONGEST_S", LONGEST_S)))
    worker = app.Worker(
        hostname=slot.hostname,
        pool="prefork",
        concurrency=1,
        queues=[slot.queue],
        loglevel="WARNING",
        optimization="fair",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    try:
        worker.start()
    finally:
        announcer.leave()
    sys.exit(worker.exitcode)


if __name__ == "__main__":
    main()
