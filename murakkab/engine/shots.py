"""How good the shots of a run were made: what its events say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from murakkab_optimizer.scheduler.events import path_label

RUNG = "shot.rung"


def shots_of(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The shots of a run in the order of the show: path, rung, quality, why, seconds, and when it was decided."""
    events = list(events)
    shown: dict[str, float] = {}
    for event in events:
        if event["event"] == "segment.published":
            shown[event["shot"]] = shown.get(event["shot"], 0.0) + event["seconds"]
    found = {tuple(event["path"]): event for event in events if event["event"] == RUNG}
    return [
        {
            "shot": path_label(path),
            "rung": one["rung"],
            "index": one["index"],
            "quality": one["quality"],
            "reason": one["reason"],
            "seconds": round(shown.get(path_label(path), one["seconds"]), 3),
            "decided_at": one["t"],
        }
        for path, one in sorted(found.items())
    ]


def looks(shots: Iterable[dict[str, Any]]) -> tuple[float | None, float | None]:
    """Mean quality of shots by their seconds, and the share of seconds on the best rung; None where there are none."""
    shots = list(shots)
    total = sum(shot["seconds"] for shot in shots)
    if not total:
        return None, None
    mean = sum(shot["quality"] * shot["seconds"] for shot in shots) / total
    top = sum(shot["seconds"] for shot in shots if shot["index"] == 0) / total
    return round(mean, 4), round(top, 4)


def changes(shots: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The shots that are on another rung than the one before, the first one among them."""
    found: list[dict[str, Any]] = []
    for shot in shots:
        if not found or found[-1]["rung"] != shot["rung"]:
            found.append(shot)
    return found
