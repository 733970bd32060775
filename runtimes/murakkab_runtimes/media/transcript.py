"""What was said, when, by whom and with which passage of the source: chapters and transcript of an episode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

Segment = Mapping[str, Any]
Turn = Mapping[str, Any]

NOTICE = "Voices and pictures are synthetic."


class Chapter(msgspec.Struct, frozen=True):
    """A named part of the episode, in seconds."""

    title: str
    start: float
    end: float


def chapters(segments: Sequence[Segment]) -> list[Chapter]:
    """One chapter for each segment that names one; each lasts until the next. None where none does."""
    named = [segment for segment in segments if segment.get("chapter")]
    if not named:
        return []
    ends = [segment["start"] for segment in named[1:]] + [length(segments)]
    return [Chapter(part["chapter"], part["start"], end) for part, end in zip(named, ends, strict=True)]


def length(segments: Sequence[Segment]) -> float:
    """Seconds of all ``segments``."""
    return float(segments[-1]["start"] + segments[-1]["seconds"])


def turn_starts(segments: Sequence[Segment]) -> list[float]:
    """When each turn begins, in order; a turn is a stretch of segments with the same ``turn``."""
    starts = []
    last = None
    for segment in segments:
        if segment.get("turn") is not None and segment["turn"] != last:
            last = segment["turn"]
            starts.append(float(segment["start"]))
    return starts


def transcript(title: str, turns: Sequence[Turn], starts: Sequence[float]) -> str:
    """Plain text: a heading for each section, and a line for each turn with its time, speaker and passage.

    Turns beyond ``starts`` (which were never shown) are left out.
    """
    return "\n".join([title, NOTICE, *_lines(turns, starts)]) + "\n"


def _lines(turns: Sequence[Turn], starts: Sequence[float]) -> Iterator[str]:
    section = None
    for turn, start in zip(turns, starts, strict=False):
        if turn.get("section") != section:
            section = turn.get("section")
            yield f"\n{turn.get('title') or f'Section {section}'}\n"
        yield f"[{clock(start)}] {turn['speaker']}: {turn['text']}{_reference(turn.get('passage'))}"


def _reference(passage: Mapping[str, Any] | None) -> str:
    if not passage:
        return ""
    page = f", page {passage['page']}" if passage.get("page") is not None else ""
    return f" [passage {passage['id']}{page}]"


def clock(seconds: float) -> str:
    """``1:02:03``, whole seconds."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
