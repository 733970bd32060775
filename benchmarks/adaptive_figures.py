"""What the events of an episode say of its rungs: shares, where it dipped and came back, where the viewer waited."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any

from murakkab_optimizer.scheduler.events import parse_path

SPARE = 1.1
"""Times faster than it plays that a rung must be made, as the profiles say, to be one that the machine keeps up."""

SEEN = 0.01
"""Difference of quality from one shot to the next that counts as seen."""

Event = dict[str, Any]
Shot = dict[str, Any]
Window = tuple[float, float]


def sustained(rungs: Sequence[dict[str, Any]], cores: int) -> int | None:
    """Index of the best rung on which the profiles make a show ``SPARE`` times faster than it plays; None: on none."""
    moving = (index for index, rung in enumerate(rungs) if not rung["static"])
    return next((index for index in moving if rungs[index]["load"] * SPARE <= cores), None)


def shares(shots: Sequence[Shot], least: int | None) -> dict[str, Any]:
    """Shares of the seconds by rung, and of shots and seconds on rung ``least`` or a better one, if there is one."""
    seconds = Counter[str]()
    for shot in shots:
        seconds[shot["rung"]] += shot["seconds"]
    total = sum(seconds.values())
    by_rung = {name: round(one / total, 4) for name, one in seconds.most_common()}
    if least is None:
        return {"shares": by_rung, "shots_sustained": None, "seconds_sustained": None}
    good = [shot for shot in shots if shot["index"] <= least]
    return {
        "shares": by_rung,
        "shots_sustained": round(len(good) / len(shots), 4),
        "seconds_sustained": round(sum(shot["seconds"] for shot in good) / total, 4),
    }


def changes(shots: Sequence[Shot]) -> dict[str, Any]:
    """How often the picture changed its rung, from shot to shot in the order of the show.

    Returns:
        ``all``; ``up`` and ``down`` of them; ``seen``, where quality differs by ``SEEN`` or more; ``undone``, where the
        very next shot went back to the rung before; ``at``: shots that are on another rung than the one before.
    """
    ordered = sorted(shots, key=lambda shot: parse_path(shot["shot"]))
    steps = [(one, two) for one, two in itertools.pairwise(ordered) if one["index"] != two["index"]]
    threes = zip(ordered, ordered[1:], ordered[2:], strict=False)
    return {
        "all": len(steps),
        "up": sum(two["index"] < one["index"] for one, two in steps),
        "down": sum(two["index"] > one["index"] for one, two in steps),
        "seen": sum(abs(two["quality"] - one["quality"]) >= SEEN for one, two in steps),
        "undone": sum(one["index"] == three["index"] != two["index"] for one, two, three in threes),
        "at": [two["shot"] for _, two in steps],
    }


def dip(shots: Sequence[Shot], taken: Window | None) -> dict[str, Any] | None:
    """What the loss of a core did to shots, in the order in which they were decided; None where none was taken.

    Returns:
        ``before``: rung of the last shot before it; ``lowest``: the worst one from then until it was back where it had
        been; ``down_after_s``: from the loss to the first lower shot; ``back_after_s``: from the return of the core to
        the first shot as good as before, or better. Times are None where that did not happen.
    """
    if taken is None:
        return None
    decided = sorted(shots, key=lambda shot: shot["decided_at"])
    earlier = [shot for shot in decided if shot["decided_at"] < taken[0]]
    before = earlier[-1] if earlier else decided[0]
    later = [shot for shot in decided if shot["decided_at"] >= taken[0]]
    down = next((shot for shot in later if shot["index"] > before["index"]), None)
    facts = {"before": before["rung"], "lowest": before["rung"], "down_after_s": None, "back_after_s": None}
    if down is None:
        return facts
    behind = [shot for shot in later if shot["decided_at"] >= taken[1]]
    back = next((shot for shot in behind if shot["index"] <= before["index"]), None)
    low = [shot for shot in later if back is None or shot["decided_at"] < back["decided_at"]]
    return facts | {
        "lowest": max(low, key=lambda shot: shot["index"])["rung"],
        "down_after_s": round(down["decided_at"] - taken[0], 2),
        "back_after_s": None if back is None else round(back["decided_at"] - taken[1], 2),
    }


def waits(events: Sequence[Event]) -> list[list[float]]:
    """Where in the show the player waited, and for how long, as its reports tell (a report is a second apart)."""
    found: list[list[float]] = []
    known = 0.0
    for event in events:
        if event["event"] == "playback.moved" and event["stall_s"] > known + 1e-3:
            found.append([event["position_s"], round(event["stall_s"] - known, 3)])
            known = event["stall_s"]
    return found
