"""Prose cut into passages of 60 to 120 words at sentence ends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from murakkab_runtimes.text.words import sentences

FEWEST_WORDS, MOST_WORDS = 60, 120
PARAGRAPH_END = "\n"
"""Stands between the paragraphs of one passage."""


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of a document, with the page it begins on and the heading it stands under."""

    text: str
    page: int | None = None
    heading: str | None = None


def join_lines(text: str) -> str:
    """Join the lines of a paragraph; words that were hyphenated at a line's end are made whole."""
    text = text.replace("\u00ad\n", "").replace("\u00ad", "")
    text = re.sub(r"(?<=[a-z])[-\u2010]\s*\n\s*(?=[a-z])", "", text)
    return " ".join(text.split())


def paragraphs(text: str) -> list[str]:
    """Split plain text at blank lines; where there are none and lines are long, every line is a paragraph."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n")
    parts = re.split(r"\n[ \t]*\n+", text)
    if len(parts) == 1:
        lines = [line for line in text.split("\n") if line.strip()]
        if lines and sum(map(len, lines)) / len(lines) > 160:
            parts = lines
    return [joined for part in parts if (joined := join_lines(part))]


def cut(parts: Iterable[Paragraph]) -> list[dict[str, Any]]:
    """Pack paragraphs into passages ``{"id", "text", "page", "heading"}``; a passage never spans two headings."""
    found: list[dict[str, Any]] = []
    held: list[str] = []
    count = 0
    first: Paragraph | None = None

    def flush() -> None:
        nonlocal held, count, first
        if first is not None and held:
            text = "".join(held)
            found.append({"id": len(found), "text": text, "page": first.page, "heading": first.heading})
        held, count, first = [], 0, None

    for part in parts:
        if first is not None and (part.heading != first.heading or count >= FEWEST_WORDS):
            flush()
        for number, sentence in enumerate(_bites(part.text)):
            size = len(sentence.split())
            if first is not None and count + size > MOST_WORDS:
                flush()
            held.append(sentence if first is None else f"{' ' if number else PARAGRAPH_END}{sentence}")
            first = first or part
            count += size
    flush()
    return found


def _bites(text: str) -> Iterator[str]:
    """Sentences; one that is longer than a passage is cut between words."""
    for sentence in sentences(text):
        words = sentence.split()
        for start in range(0, len(words), MOST_WORDS):
            yield " ".join(words[start : start + MOST_WORDS])
