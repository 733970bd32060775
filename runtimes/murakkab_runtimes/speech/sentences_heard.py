"""Recognised words grouped into sentences, one at a time while the words come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from murakkab_runtimes.speech.timing import Span
from murakkab_runtimes.text.words import sentences

LONGEST_S = 10.0
"""A sentence that lasts longer is cut behind a comma, or before the word that would make it longer."""

PAUSE_S = 1.2
"""A silence inside a sentence that is longer than this ends it."""

Heard = dict[str, Any]
"""``{"start", "end", "until", "text"}``: seconds; ``until`` is when the next sentence starts, or the sound ends."""


def group(words: Iterable[Span], seconds: float) -> Iterator[Heard]:
    """Yield each sentence as soon as the first word behind it is known.

    Args:
        words: in the order in which they are heard.
        seconds: length of the sound.

    """
    held: list[Span] = []
    for word in words:
        if held and (at := _cut(held, word)):
            yield _heard(held[:at], (held[at:] or [word])[0].start)
            held = held[at:]
        held.append(word)
    if held:
        yield _heard(held, max(seconds, held[-1].end))


def _cut(held: list[Span], following: Span) -> int:
    """How many of the words held are a sentence, now that the next word is known; 0 where it goes on."""
    if _ends(held) or following.start - held[-1].end > PAUSE_S:
        return len(held)
    if following.end - held[0].start <= LONGEST_S:
        return 0
    commas = (at for at, word in enumerate(held, 1) if word.text[-1:] in ",;:" and at >= len(held) // 3)
    return max(commas, default=len(held))


def _ends(held: list[Span]) -> bool:
    """Whether a word behind these begins a sentence; "Dr." ends none."""
    return len(sentences(f"{_text(held)} A")) > len(sentences(_text(held)))


def _heard(words: list[Span], until: float) -> Heard:
    start, end = words[0].start, min(words[-1].end, until)
    return {"start": round(start, 3), "end": round(end, 3), "until": round(until, 3), "text": _sentence(_text(words))}


def _sentence(text: str) -> str:
    """Part of a sentence that was cut at a comma, written as a sentence."""
    whole = text[:-1] + "." if text[-1] in ",;:" else text
    return whole[0].upper() + whole[1:]


def _text(words: list[Span]) -> str:
    return " ".join(word.text for word in words)
