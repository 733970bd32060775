"""Plain data read from a file, with the place of every key and value in its text."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from .problems import LIMIT, Problem

Data = Any
"""Plain data: dict, list, str, int, float, bool and None."""

Place = tuple[str | int, ...]
"""Keys and list positions from the top of the file to a value."""

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True)
class Span:
    """Where a value or key stands in the text: from ``start`` up to, not including, ``end``."""

    start: int
    end: int


@dataclass
class Document:
    """A YAML file as plain data.

    Attributes:
        file: its name in messages.
        text: its text.
        data: what the text says.
        values: place -> where the value stands.
        keys: place -> where the key of the value stands.
        problems: what was found wrong so far.
    """

    file: str
    text: str
    data: Data = None
    values: dict[Place, Span] = field(default_factory=dict)
    keys: dict[Place, Span] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._breaks = [(m.start(), m.end()) for m in _BREAK.finditer(self.text)]
        self._starts = [0, *(end for _, end in self._breaks)]
        self._line = lru_cache(maxsize=64)(lambda begin, end: self.text[begin:end])

    @property
    def folder(self) -> Path:
        """The folder that files named in it are looked for in."""
        return Path(self.file).parent if "\0" not in self.file else Path()

    def problem(self, span: Span, message: str, hint: str = "") -> Problem:
        """A problem at a stretch of the text."""
        row = bisect_right(self._starts, span.start) - 1
        begin = self._starts[row]
        end = self._breaks[row][0] if row < len(self._breaks) else len(self.text)
        start = min(span.start, end)
        length = max(1, min(span.end, end) - start)
        return Problem(self.file, row + 1, start - begin + 1, message, hint, self._line(begin, end), length)

    def report(self, span: Span, message: str, hint: str = "") -> None:
        """Note a problem and go on."""
        if len(self.problems) < LIMIT:
            self.problems.append(self.problem(span, message, hint))

    def value_span(self, place: Place) -> Span:
        """Where the value stands; of a value that is not there, where the nearest one around it is named."""
        if place in self.values and not self._is_block(self.values[place]):
            return self.values[place]
        return self.key_span(place)

    def key_span(self, place: Place) -> Span:
        """Where the key stands; of a list item the item itself, of a key that is not there the key around it."""
        while place:
            found = self.keys.get(place) or self.values.get(place)
            if found:
                return found
            place = place[:-1]
        return Span(0, 0)

    def text_span(self, place: Place, value: str, start: int, end: int) -> Span:
        """Where the characters ``start`` to ``end`` of a text value stand, counted in the value as it was read.

        Quotes, escapes and folded lines make the value differ from what is written, so the ``${{`` at or before
        ``start`` is looked up in what is written.
        """
        outer = self.values.get(place)
        if outer is None:
            return self.key_span(place)
        opening = value.rfind("${{", 0, start + 3)
        nth = value.count("${{", 0, max(opening, 0))
        written = outer.start
        for _ in range(nth + 1):
            written = self.text.find("${{", written, outer.end) + 3
            if written < 3:
                return outer
        written -= 3
        if self.text[written : written + end - opening] == value[opening:end]:
            return Span(written + start - opening, written + end - opening)
        return Span(written, written + 3)

    def _is_block(self, span: Span) -> bool:
        return _BREAK.search(self.text, span.start, span.end) is not None
