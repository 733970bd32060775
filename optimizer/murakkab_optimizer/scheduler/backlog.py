"""What waits for a worker, by model: for people, metrics and whoever starts workers."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from murakkab_optimizer.plan import Configuration
from murakkab_optimizer.policies.queueing import TaskView


class Backlog(msgspec.Struct, frozen=True):
    """The ready tasks of one model.

    Attributes:
        model: its name.
        device: type of its accelerator; ``cpu`` where it runs on processors.
        tasks: how many wait.
        work_s: core-seconds that they are expected to take; on an accelerator, seconds of it.
        oldest_s: seconds for which the first of them has waited.
        slack_s: seconds until the first must begin for the picture to go on; below 0 when it is late.

    """

    model: str
    device: str
    tasks: int
    work_s: float
    oldest_s: float
    slack_s: float


class AtWork(msgspec.Struct, frozen=True):
    """One worker: whether it is at a task or a load, and the names of the models that it holds."""

    name: str
    busy: bool
    models: frozenset[str]


def backlog(waiting: Iterable[tuple[Configuration, TaskView]], now: float) -> list[Backlog]:
    """Add up tasks that wait, by model and device."""
    groups: dict[tuple[str, str], list[tuple[Configuration, TaskView]]] = {}
    for chosen, view in waiting:
        groups.setdefault((chosen.model, device_class(chosen)), []).append((chosen, view))
    return [_added(model, device, tasks, now) for (model, device), tasks in groups.items()]


def device_class(chosen: Configuration) -> str:
    """Which kind of worker a configuration needs: the type of its accelerator, or ``cpu``."""
    return chosen.device if chosen.devices else "cpu"


def _added(model: str, device: str, tasks: list[tuple[Configuration, TaskView]], now: float) -> Backlog:
    views = [view for _, view in tasks]
    return Backlog(
        model=model,
        device=device,
        tasks=len(tasks),
        work_s=sum(view.expected_s * (chosen.devices or max(chosen.needs.threads, 1)) for chosen, view in tasks),
        oldest_s=now - min(view.ready_at for view in views),
        slack_s=min(view.latest_start for view in views) - now,
    )
