"""WebVTT captions: documents, and the pieces of them that HLS wants."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

_TIMING = re.compile(r"(\d+):(\d\d):(\d\d)\.(\d{3}) --> (\d+):(\d\d):(\d\d)\.(\d{3})")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


class Cue(msgspec.Struct, frozen=True):
    """Words on screen from ``start`` to ``end`` (seconds), said by ``speaker`` if it has a name."""

    start: float
    end: float
    text: str
    speaker: str = ""


def timestamp(seconds: float) -> str:
    """``01:02:03.456``."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"


def escape(text: str) -> str:
    """``text`` on one line, with the characters that WebVTT gives a meaning replaced."""
    return re.sub("[&<>]", lambda found: _ESCAPES[found[0]], " ".join(text.split()))


def block(cue: Cue) -> str:
    """One cue; the speaker becomes a voice tag."""
    voice = f"<v {escape(cue.speaker)}>" if cue.speaker.strip() else ""
    return f"{timestamp(cue.start)} --> {timestamp(cue.end)}\n{voice}{escape(cue.text)}\n"


def document(blocks: Iterable[str], *, hls: bool = False) -> str:
    """A WebVTT file of ``blocks``.

    With ``hls`` it is a segment of a rendition whose media starts at the time 0 (RFC 8216, section 3.5): cue times stay
    those of the whole stream, and a cue that spans segments has to stand, unchanged, in each of them.
    """
    head = "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n" if hls else "WEBVTT\n"
    return "\n".join([head, *blocks])


def timings(text: str) -> list[tuple[float, float, str]]:
    """Start, end and full block of every cue in a document made here."""
    found = []
    for part in text.split("\n\n")[1:]:
        match = _TIMING.match(part)
        if match:
            numbers = [int(number) for number in match.groups()]
            found.append((_seconds(numbers[:4]), _seconds(numbers[4:]), part.rstrip("\n") + "\n"))
    return found


def _seconds(parts: list[int]) -> float:
    hours, minutes, seconds, milliseconds = parts
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
