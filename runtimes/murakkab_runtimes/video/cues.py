"""Captions: the words of a turn in readable pieces, at the time at which they are spoken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

LINE, LINES = 42, 2
"""Characters of a line, lines of a caption."""

LINGER_S, GAP_S = 0.6, 0.7

Cue = dict[str, Any]


def make_cues(words: Sequence[Mapping[str, Any]], text: str, speaker: str, start: float, seconds: float) -> list[Cue]:
    """Split words into captions.

    Args:
        words: ``{"text", "start", "end"}`` in seconds of the speech; when empty, ``text`` is spread over it.
        text: what is said.
        speaker: who says it.
        start: seconds of the turn at which the speech starts.
        seconds: length of the speech.

    Returns:
        ``{"start", "end", "text", "speaker"}`` on the clock of the turn; lines are parted by a line break.
    """
    timed = [(str(w["text"]), float(w["start"]), float(w["end"])) for w in words if str(w["text"]).strip()]
    groups = _groups(timed or _spread(text, seconds))
    starts = [start + group[0][1] for group in groups]
    limits = [*starts[1:], start + seconds + 0.25]
    return [
        {
            "start": round(begin, 3),
            "end": round(max(start + group[-1][2], min(start + group[-1][2] + LINGER_S, limit)), 3),
            "text": "\n".join(_lines([word[0] for word in group])),
            "speaker": speaker,
        }
        for group, begin, limit in zip(groups, starts, limits, strict=True)
    ]


def cues_of_clip(cues: Sequence[Cue], first: float, last: float) -> list[Cue]:
    """The captions that start in ``[first, last)`` seconds of the turn, on the clock of the clip."""
    return [
        {**cue, "start": round(cue["start"] - first, 3), "end": round(cue["end"] - first, 3)}
        for cue in cues
        if first <= cue["start"] < last
    ]


Word = tuple[str, float, float]


def _spread(text: str, seconds: float) -> list[Word]:
    words = text.split()
    total = sum(len(w) + 1 for w in words)
    found, place = [], 0
    for word in words:
        found.append((word, seconds * place / total, seconds * (place + len(word)) / total))
        place += len(word) + 1
    return found


def _groups(words: list[Word]) -> list[list[Word]]:
    """Words that fit on the lines; a new caption after a sentence or a pause, and rather after a comma when long."""
    groups: list[list[Word]] = []
    for word in words:
        group = groups[-1] if groups else []
        if not group or not _fits([*(w[0] for w in group), word[0]]) or _ends(group, word):
            groups.append([word])
        else:
            group.append(word)
    return groups


def _ends(group: list[Word], following: Word) -> bool:
    length = sum(len(w[0]) + 1 for w in group)
    mark = group[-1][0].rstrip("\"')”’")[-1:]
    return (
        following[1] - group[-1][2] > GAP_S
        or (mark in ".!?" and length > LINE // 2)
        or (mark in ",;:—" and length > LINE)
    )


def _fits(words: list[str]) -> bool:
    return len(_lines(words)) <= LINES


def _lines(words: list[str]) -> list[str]:
    lines = [""]
    for word in words:
        joined = f"{lines[-1]} {word}".strip()
        if len(joined) <= LINE or not lines[-1]:
            lines[-1] = joined
        else:
            lines.append(word)
    return lines
