"""Metrics of a ``murakkab worker`` for Prometheus: its slots, and what their processes say of themselves."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.cluster.machine import Machine
from murakkab_runtimes.workers.cluster.redis_link import connect


def expose(machine: Machine, broker: str, host: str, port: int) -> int:
    """Serve the metrics of a machine in a thread; returns the port (``port`` 0 takes a free one).

    Raises:
        OSError: the address cannot be listened on.
    """
    registry = CollectorRegistry()
    registry.register(MachineMetrics(machine, broker))
    server, _ = start_http_server(port, host, registry)
    return int(server.server_port)


class MachineMetrics(Collector):
    """Reads the slots of a machine when somebody asks.

    Args:
        machine: whose slots.
        broker: URL of the Redis, to which their processes tell what they are at.

    """

    def __init__(self, machine: Machine, broker: str) -> None:
        self._machine, self._redis = machine, connect(broker, tries=1)

    def describe(self) -> list[Metric]:
        """Nothing: names need no check."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The slots now; while the broker is away, only whether they are up."""
        pids, ended = self._machine.pids, self._machine.ended
        up = GaugeMetricFamily("murakkab_slot_up", "1 while its process runs.", labels=["slot"])
        restarts = CounterMetricFamily("murakkab_slot_restarts", "How often it ended by itself.", labels=["slot"])
        for slot in self._machine.names:
            up.add_metric([slot], float(slot in pids))
            restarts.add_metric([slot], ended.get(slot, 0))
        yield from (up, restarts)
        with contextlib.suppress(Exception):
            yield from _told(self._states())

    def _states(self) -> dict[str, wire.State]:
        names = self._machine.names
        found = self._redis.mget([wire.state(name) for name in names])
        known = zip(names, found, strict=True)
        return {name: msgspec.json.decode(text, type=wire.State) for name, text in known if text is not None}


def _told(states: dict[str, wire.State]) -> Iterator[Metric]:
    """What the processes of slots say of themselves."""
    busy = GaugeMetricFamily("murakkab_slot_busy", "1 while it is at a task or a load.", labels=["slot"])
    held = GaugeMetricFamily("murakkab_slot_holds", "1 for each model that it holds.", labels=["slot", "model"])
    memory = GaugeMetricFamily("murakkab_slot_memory_bytes", "Memory of its process (resident).", labels=["slot"])
    tasks = CounterMetricFamily("murakkab_slot_tasks", "Attempts that ended.", labels=["slot", "model", "outcome"])
    work = CounterMetricFamily("murakkab_slot_work_seconds", "Seconds of finished tasks.", labels=["slot", "model"])
    for slot, state in states.items():
        busy.add_metric([slot], float(bool(state.engine)))
        memory.add_metric([slot], _resident(state.pid))
        for model in state.models:
            held.add_metric([slot, model], 1.0)
        for model, total in state.totals.items():
            tasks.add_metric([slot, model, "finished"], total.finished)
            tasks.add_metric([slot, model, "failed"], total.failed)
            work.add_metric([slot, model], total.seconds)
    yield from (busy, held, memory, tasks, work)


def _resident(pid: int) -> float:
    """Bytes of a process in memory; 0 where that cannot be read."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return 0.0
    return float(int(pages) * os.sysconf("SC_PAGE_SIZE"))
