"""A journal played to the kernel again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from murakkab_optimizer.policies.rungs import DEFAULT
from murakkab_optimizer.scheduler import Command, Event, Scheduler


def replay(
    events: Iterable[tuple[float, Event]], cores: int, policy: str = "least-slack", rungs: str = DEFAULT
) -> Iterator[list[Command]]:
    """Yield the commands of a fresh kernel for each event of a journal.

    Args:
        events: every event that the scheduler was told, with its time.
        cores: threads that its tasks could use together.
        policy: name of its queue policy.
        rungs: name of its rung policy.

    """
    scheduler = Scheduler(cores, policy, rungs)
    for now, event in events:
        yield scheduler.handle(event, now)
