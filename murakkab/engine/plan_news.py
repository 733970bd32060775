"""What became of the plan of a run while it ran: what its events say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

NEWS = {"run.replanned": "New plan", "run.waiting": "Waiting"}
"""Events that say it, and what each is called."""


def news_of(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each change of the plan and each wait for a worker: seconds since the request (``t``) and what is told."""
    return [{"t": event["t"], "told": told(event)} for event in events if event["event"] in NEWS]


def told(event: dict[str, Any]) -> str:
    """One such event as a sentence: ``New plan: no worker has A any more (script: A to B)``."""
    steps = [f"{one['node']}: {one['before']} to {one['after']}" for one in event.get("changes", ())]
    changed = f" ({', '.join(steps)})" if steps else ""
    return f"{NEWS[event['event']]}: {event['reason']}{changed}"
