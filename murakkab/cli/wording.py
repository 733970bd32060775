"""Texts about a run that several displays share."""

from __future__ import annotations

import unicodedata
from typing import Any


def printable(text: str) -> str:
    """``text`` on one line, with control characters (terminal codes among them) replaced."""
    line = " ".join(str(text).split())
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in ("Cc", "Cs") else c for c in line)


def seconds(value: float | None) -> str:
    """``1.24`` as ``1.2 s``; a dash where nothing was measured."""
    return "-" if value is None else f"{value:.1f} s"


def clock(value: float) -> str:
    """Seconds as ``m:ss``."""
    return f"{int(value) // 60}:{int(value) % 60:02}"


def size(count: float) -> str:
    """Bytes in the largest unit that leaves a number above one."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def failure(finished: dict[str, Any]) -> str:
    """Why a run did not succeed and what to do; empty when it did."""
    run = finished["run"]
    match finished["status"]:
        case "failed":
            error = "\n  ".join(printable(line) for line in (finished.get("error") or "no reason given").splitlines())
            way = "Give it another input." if finished.get("input_fault") else f"Mend it, then: murakkab resume {run}"
            return f"murakkab: the run failed: {error}\n  {way}"
        case "cancelled":
            return f"Stopped. What was finished is kept: murakkab resume {run}"
    return ""


def outcome(finished: dict[str, Any], cache: str = "", planned: dict[str, Any] | None = None) -> list[str]:
    """The end of a run in a few lines.

    Args:
        finished: its last event.
        cache: what was not made anew.
        planned: the event of its plan.
    """
    if reason := failure(finished):
        return [reason]
    made, length = finished["made_in_s"], finished["duration_s"]
    lines = []
    if made and length:
        lines.append(f"Made {seconds(length)} in {seconds(made)}, {length / made:.1f}x real time")
    if finished["ttff_s"] is not None:
        lines.append(figures(finished, planned))
    if not lines:
        lines.append(f"Finished in {seconds(made)}")
    if cache:
        lines[0] += f", {cache}"
    lines += [f"A promise was not kept: {told}" for told in finished.get("missed", ())]
    lines += [f"Slower or faster than profiled: {told}" for told in finished.get("drift", ())]
    if finished["video"]:
        lines.append(f"Video: {finished['video']}")
    elif finished["report"]:
        lines.append(f"Report: {finished['report']}")
    return lines


def expected(planned: dict[str, Any]) -> list[str]:
    """What a plan is expected to give, in the words of ``murakkab plan``, and what on a cold start; may be empty."""
    from murakkab.cli.plan_words import figure

    known = planned.get("predictions") or ()
    parts = []
    for told in known:
        name, limit = told["name"], told["limit"]
        if told["value"] is None or (limit is None and name == "realtime"):
            continue
        about = "wait" if name == "realtime" else name
        parts.append(f"{about} {figure(name, told['value'])}{_promised(name, limit)}")
    lines = [f"Expected: {', '.join(parts)}"] if parts else []
    slow = [f"{told['name']} {figure(told['name'], told['cold'])}" for told in known if told.get("cold") is not None]
    if planned.get("cold") and slow:
        lines.append(f"That is with loaded models, and so are promises. Here they load first: {', '.join(slow)}")
    return lines


def _promised(name: str, limit: float | None) -> str:
    from murakkab.cli.plan_words import figure

    if limit is None:
        return ""
    if name == "realtime":
        return " (promised none)"
    return f" (promised {'>=' if name == 'quality' else '<='} {figure(name, limit)})"


def figures(record: dict[str, Any], planned: dict[str, Any] | None = None) -> str:
    """The figures of playback with what measured them, beside the first frame that a plan had expected."""
    parts = {
        "first frame": record["ttff_s"],
        "first content": record["first_content_s"],
        "first speech": record["first_speech_s"],
        "stalls": record["stall_s"],
    }
    words = {name: f"{name} {seconds(value)}" for name, value in parts.items()}
    words["first frame"] += _beside(planned or {})
    shown = ", ".join(words.values())
    return f"{shown} (by the {record['measured_by']})" if record["measured_by"] else shown


def _beside(planned: dict[str, Any]) -> str:
    """What was expected of the first frame; empty where nobody knows."""
    told = next((one for one in planned.get("predictions") or () if one["name"] == "ttff"), None)
    if told is None:
        return ""
    if planned.get("cold"):
        value = told.get("cold")
        return " (started cold)" if value is None else f" (started cold, expected {seconds(value)})"
    return "" if told["value"] is None else f" (expected {seconds(told['value'])})"
