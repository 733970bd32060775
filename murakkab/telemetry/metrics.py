"""Metrics of an engine for Prometheus.

What waits and who works is read from the scheduler when somebody asks; what happened is counted as it happens. What is
counted has no worker among its labels: workers come and go under new names, and each would leave a series for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from murakkab.engine.run import CACHED
from murakkab_optimizer.scheduler import Command, Event, Scheduler
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev

if TYPE_CHECKING:
    from murakkab.engine.driver import Driver
    from murakkab.engine.run import LiveRun

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_WAITS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
_TASKS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300)
_RATIOS = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 2, 4, 10)


class EngineMetrics:
    """Watches an engine (an ``Observer``) and tells what it saw in the format of Prometheus.

    Args:
        driver: of the engine.

    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self.registry = CollectorRegistry()
        self.registry.register(_Now(driver))
        self._attempts: dict[str, cmd.StartTask] = {}
        self._tasks = self._counter("tasks", "Attempts that ended.", "model", "outcome")
        self._work = self._counter("work_seconds", "Seconds of work of tasks that were finished.", "model")
        self._cached = self._counter("cached_tasks", "Tasks whose results were taken from the cache.", "model")
        self._seconds = self._histogram("task_seconds", "Seconds of work of a task.", _TASKS, "model")
        self._ratio = self._histogram(
            "task_actual_over_predicted", "Seconds of a task over what its plan says.", _RATIOS, "model"
        )
        self._promise = self._histogram(
            "run_actual_over_predicted", "What a run gave over what its plan predicts.", _RATIOS, "workflow", "figure"
        )
        self._shots = self._counter("shots", "Shots by the rung that they are made on.", "rung")
        self._runs = self._counter("runs", "Runs that ended.", "workflow", "status")
        self._ttff = self._histogram("ttff_seconds", "Time to the first frame.", _WAITS, "workflow")
        self._content = self._histogram("first_content_seconds", "Time to the first content.", _WAITS, "workflow")
        self._stalls = self._counter("stall_seconds", "Seconds for which viewers had to wait.", "workflow")
        self._stalled = self._counter("stalled_runs", "Runs in which a viewer had to wait.", "workflow")
        self._lost = self._counter("workers_lost", "Workers that were lost.", "blame")

    def text(self) -> bytes:
        """All metrics."""
        return generate_latest(self.registry)

    def happened(self, event: Event, commands: Sequence[Command], live: LiveRun | None, now: float) -> None:
        """Count what happened."""
        match event:
            case ev.TaskFinished() if live is not None:
                self._finished(event)
            case ev.TaskFailed(lease, error) if (attempt := self._attempts.pop(lease, None)) is not None:
                outcome = "cancelled" if error == "cancelled" else "failed"
                self._tasks.labels(attempt.configuration.model, outcome).inc()
            case ev.WorkerLost(worker, blame=blame):
                self._lost_worker(worker, blame)
        for command in commands:
            if isinstance(command, cmd.StartTask):
                self._attempts[command.lease] = command
            elif isinstance(command, cmd.MakeShot):
                self._shots.labels(command.rung).inc()

    def ended(self, live: LiveRun, now: float) -> None:
        """Count a run, and what its viewer saw."""
        record = live.record
        self._attempts = {k: a for k, a in self._attempts.items() if a.run != record.run}
        self._runs.labels(record.workflow, record.status).inc()
        for histogram, value in ((self._ttff, record.ttff_s), (self._content, record.first_content_s)):
            if value is not None:
                histogram.labels(record.workflow).observe(value)
        if record.stall_s:
            self._stalls.labels(record.workflow).inc(record.stall_s)
            self._stalled.labels(record.workflow).inc()
        if record.status == "succeeded":
            self._compare(live)

    def context(self, lease: str) -> str:
        """Nothing: metrics have no trace."""
        return ""

    def close(self) -> None:
        """Nothing is held."""

    def _finished(self, event: ev.TaskFinished) -> None:
        attempt = self._attempts.pop(event.lease, None)
        if attempt is None:
            return
        model = attempt.configuration.model
        if event.meta.get(CACHED):
            self._cached.labels(model).inc()
            return
        self._tasks.labels(model, "finished").inc()
        self._work.labels(model).inc(event.seconds)
        self._seconds.labels(model).observe(event.seconds)
        if attempt.configuration.seconds:
            self._ratio.labels(model).observe(event.seconds / attempt.configuration.seconds)

    def _lost_worker(self, worker: str, blame: bool) -> None:
        self._lost.labels("task" if blame else "machine").inc()
        for lease, attempt in list(self._attempts.items()):
            if attempt.worker == worker:
                del self._attempts[lease]
                self._tasks.labels(attempt.configuration.model, "lost").inc()

    def _compare(self, live: LiveRun) -> None:
        """What was predicted, where it can be compared with a figure of the run."""
        actual = {"ttff": live.record.ttff_s, "latency": live.record.made_in_s}
        for said in live.plan.predictions:
            if said.value and (value := actual.get(said.name)) is not None:
                self._promise.labels(live.record.workflow, said.name).observe(value / said.value)

    def _counter(self, name: str, told: str, *labels: str) -> Counter:
        return Counter(f"murakkab_{name}", told, labels, registry=self.registry)

    def _histogram(self, name: str, told: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return Histogram(f"murakkab_{name}", told, labels, buckets=buckets, registry=self.registry)


class _Now(Collector):
    """What waits and who works at this moment."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def describe(self) -> list[Metric]:
        """Nothing: names need no check."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Read the scheduler."""
        scheduler, now = self._driver.scheduler, self._driver.now()
        yield from _queues(scheduler, now)
        yield from _workers(scheduler)
        yield _gauge("live_runs", "Runs that are being made.", len(self._driver.live))
        yield _gauge("cores", "Threads of all workers together.", scheduler.cores)
        yield _gauge("show_cores", "Core-seconds a second that the shows which are watched take.", scheduler.demand)


def _queues(scheduler: Scheduler, now: float) -> Iterator[Metric]:
    """Each model's ready tasks."""
    depth = GaugeMetricFamily("murakkab_queue_depth", "Tasks that wait for a worker.", labels=["model", "queue"])
    oldest = GaugeMetricFamily(
        "murakkab_queue_oldest_seconds", "For how long the first of them has waited.", labels=["model", "queue"]
    )
    work = GaugeMetricFamily(
        "murakkab_queue_backlog_seconds", "Core-seconds that they are expected to take.", labels=["model", "queue"]
    )
    for one in scheduler.backlog(now):
        labels = [one.model, one.device]
        depth.add_metric(labels, one.tasks)
        oldest.add_metric(labels, one.oldest_s)
        work.add_metric(labels, one.work_s)
    yield from (depth, oldest, work)


def _workers(scheduler: Scheduler) -> Iterator[Metric]:
    """What each worker is at, and which models it holds."""
    busy = GaugeMetricFamily("murakkab_slot_busy", "1 while it is at a task or a load.", labels=["slot"])
    held = GaugeMetricFamily("murakkab_slot_holds", "1 for each model that it holds.", labels=["slot", "model"])
    for worker in scheduler.workers():
        busy.add_metric([worker.name], float(worker.busy))
        for model in worker.models:
            held.add_metric([worker.name, model], 1.0)
    yield from (busy, held)


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(f"murakkab_{name}", told, value=value)
