"""What an engine tells whoever starts workers: how much waits for each kind of them."""

from __future__ import annotations

from collections.abc import Sequence

from murakkab_optimizer.scheduler import Scheduler
from murakkab_optimizer.scheduler.backlog import Backlog
from murakkab_runtimes.workers.cluster import wire


def waiting(scheduler: Scheduler, now: float) -> list[wire.Waiting]:
    """By kind of worker, what waits; processors are always among them."""
    told = scheduler.backlog(now)
    queues = dict.fromkeys(["cpu", *(one.device for one in told)])
    return [_added(queue, [one for one in told if one.device == queue], scheduler) for queue in queues]


def _added(queue: str, told: Sequence[Backlog], scheduler: Scheduler) -> wire.Waiting:
    return wire.Waiting(
        queue=queue,
        tasks=sum(one.tasks for one in told),
        work_s=sum(one.work_s for one in told),
        oldest_s=max((one.oldest_s for one in told), default=0.0),
        slack_s=min((one.slack_s for one in told), default=None),
        demand=scheduler.demand if queue == "cpu" else 0.0,
    )
