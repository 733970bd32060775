"""Reads YAML into plain data and remembers where each value stands.

The reader works on the parser's events, so that it sees what PyYAML's loaders hide: duplicate keys, explicit tags,
anchors and the depth of nesting. Plain words are read by the YAML 1.2 core rules: ``true`` and ``false`` are
booleans, ``yes``, ``no``, ``on`` and ``off`` are words.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .problems import Problem, WorkflowError, quoted

MAX_BYTES = 1 << 20
MAX_DEPTH = 32

Place = tuple[str | int, ...]
"""Keys and list positions from the top of the file to a value."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


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
        data: dict, list, str, int, float, bool and None.
        values: place -> where the value stands.
        keys: place -> where the key of the value stands.
        problems: what was found wrong so far.
    """

    file: str
    text: str
    data: Any = None
    values: dict[Place, Span] = field(default_factory=dict)
    keys: dict[Place, Span] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._breaks = [(m.start(), m.end()) for m in _BREAK.finditer(self.text)]
        self._starts = [0, *(end for _, end in self._breaks)]

    def problem(self, span: Span, message: str, hint: str = "") -> Problem:
        """A problem at a stretch of the text."""
        row = bisect_right(self._starts, span.start) - 1
        begin = self._starts[row]
        end = self._breaks[row][0] if row < len(self._breaks) else len(self.text)
        start = min(span.start, end)
        length = max(1, min(span.end, end) - start)
        return Problem(self.file, row + 1, start - begin + 1, message, hint, self.text[begin:end], length)

    def report(self, span: Span, message: str, hint: str = "") -> None:
        """Note a problem and go on."""
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


def read_text(path: Path) -> str:
    """Read a workflow file.

    Raises:
        WorkflowError: it cannot be read, is too large or is not text.
    """
    try:
        if not path.is_file():
            raise FileNotFoundError("there is no such file" if not path.exists() else "it is not a file")
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES >> 20} MiB, so it is hardly a workflow")
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        message = "it is not UTF-8 text; save it as UTF-8"
    except (OSError, ValueError) as fault:
        message = (fault.strerror if isinstance(fault, OSError) else None) or str(fault)
    raise WorkflowError([Problem(str(path), 0, 0, f"the workflow cannot be read: {message}")])


def read_document(text: str, file: str) -> Document:
    """Read YAML; problems that leave the rest readable are collected in ``Document.problems``.

    Raises:
        WorkflowError: the text is no YAML, nests too deep or is not one document.
    """
    document = Document(file, text)
    _refuse_unprintable(document)
    try:
        tree = _Composer(document).compose()
    except yaml.YAMLError as fault:
        raise WorkflowError([*document.problems, _syntax_problem(document, fault)]) from None
    document.data = _Constructor(document).construct(tree, ())
    return document


def _refuse_unprintable(document: Document) -> None:
    found = _CONTROL.search(document.text)
    if found:
        code = f"U+{ord(found[0]):04X}"
        message = f"the character {code} cannot stand in a workflow"
        span = Span(found.start(), found.end())
        raise WorkflowError([document.problem(span, message, "is this a text file? remove the character")])


def _syntax_problem(document: Document, fault: yaml.YAMLError) -> Problem:
    mark = getattr(fault, "problem_mark", None) or getattr(fault, "context_mark", None)
    start = min(mark.index if mark else 0, len(document.text))
    said = " ".join(str(part) for part in (getattr(fault, "context", None), getattr(fault, "problem", None)) if part)
    problem = document.problem(Span(start, start + 1), f"this is not valid YAML: {said or 'unreadable'}")
    hint = _syntax_hint(document.text[start : start + 1], said, problem.source_line)
    return document.problem(Span(start, start + 1), problem.message, hint)


def _syntax_hint(character: str, said: str, line: str) -> str:
    if "cannot start any token" in said:
        return "indent with spaces, not with tabs" if character == "\t" else "put a text that starts so in quotes"
    if "flow" in said and "${{" in line:
        return 'inside { } or [ ], put an expression in quotes: "${{ inputs.name }}"'
    if "mapping values are not allowed" in said:
        return "put a text that holds ': ' in quotes; if this is a new key, check its indentation"
    return "check the indentation, the quotes and the brackets here and on the line above"


@dataclass
class _Tree:
    """A node of the YAML file: a scalar has ``text``, a sequence ``items``, a mapping ``pairs``."""

    span: Span
    text: str | None = None
    plain: bool = False
    items: list[_Tree] | None = None
    pairs: list[tuple[_Tree, _Tree]] | None = None


class _Composer:
    """Builds the tree from the parser's events and refuses what a workflow has no use for."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.events: Iterator[Any] = yaml.parse(document.text, _Loader)

    def compose(self) -> _Tree:
        next(self.events)
        opening = next(self.events)
        if isinstance(opening, yaml.StreamEndEvent):
            self._stop(Span(0, 0), "the file is empty", "start with 'apiVersion: murakkab/v1'")
        tree = self._node(next(self.events), 0)
        next(self.events)
        another = next(self.events)
        if not isinstance(another, yaml.StreamEndEvent):
            self._stop(_span(another), "a second document starts here", "write one workflow in each file")
        return tree

    def _node(self, event: Any, depth: int) -> _Tree:
        span = _span(event)
        if isinstance(event, yaml.AliasEvent):
            self.document.report(span, f"aliases (*{event.anchor}) are not read", "write the value out")
            return _Tree(span, text="", plain=True)
        if event.anchor is not None:
            self.document.report(span, f"anchors (&{event.anchor}) are not read", "remove the anchor")
        if event.tag is not None:
            self.document.report(span, f"tags ({event.tag}) are not read", "remove the tag; put a text in quotes")
        if isinstance(event, yaml.ScalarEvent):
            return _Tree(span, text=event.value, plain=not event.style)
        if depth >= MAX_DEPTH:
            self._stop(span, f"this nests deeper than {MAX_DEPTH} levels", "flatten it")
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(span, depth)
        return self._mapping(span, depth)

    def _sequence(self, span: Span, depth: int) -> _Tree:
        items = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return _Tree(Span(span.start, _span(event).end), items=items)

    def _mapping(self, span: Span, depth: int) -> _Tree:
        pairs = []
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            pairs.append((key, self._node(next(self.events), depth + 1)))
        return _Tree(Span(span.start, _span(event).end), pairs=pairs)

    def _stop(self, span: Span, message: str, hint: str) -> None:
        raise WorkflowError([*self.document.problems, self.document.problem(span, message, hint)])


def _span(event: Any) -> Span:
    return Span(event.start_mark.index, event.end_mark.index)


class _Constructor:
    """Turns the tree into plain data and notes the place of everything."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def construct(self, tree: _Tree, place: Place) -> Any:
        self.document.values[place] = tree.span
        if tree.items is not None:
            return [self.construct(item, (*place, index)) for index, item in enumerate(tree.items)]
        if tree.pairs is not None:
            return self._mapping(tree.pairs, place)
        text = tree.text or ""
        return self._plain(text, tree.span) if tree.plain else text

    def _mapping(self, pairs: list[tuple[_Tree, _Tree]], place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            name = self._key(key)
            if name is None:
                continue
            if name in found:
                first = self.document.problem(self.document.keys[*place, name], "")
                self.document.report(
                    key.span,
                    f"the key {quoted(name)} stands twice here",
                    f"the first is on line {first.line}; keep one of them",
                )
                continue
            self.document.keys[*place, name] = key.span
            found[name] = self.construct(value, (*place, name))
        return found

    def _key(self, key: _Tree) -> str | None:
        if key.text is None:
            self.document.report(key.span, "a key must be a plain name", "write 'name: value'")
        elif key.plain and key.text == "<<":
            self.document.report(key.span, "merge keys (<<) are not read", "write the values out")
        elif not key.text:
            self.document.report(key.span, "a key is empty here", "write 'name: value'")
        else:
            return key.text
        return None

    def _plain(self, text: str, span: Span) -> Any:
        if text in _WORDS:
            return _WORDS[text]
        if _NOT_FINITE.fullmatch(text):
            self.document.report(span, f"{text} is not a number that a workflow can hold", "write a finite number")
            return None
        if _INTEGER.fullmatch(text):
            return self._integer(text, span)
        if _FLOAT.fullmatch(text):
            return self._float(text, span)
        return text

    def _integer(self, text: str, span: Span) -> int | None:
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        number = int(text, base) if len(text) < 60 else 1 << 64
        if -(1 << 63) <= number < 1 << 63:
            return number
        self.document.report(span, "the number is too large", "put it in quotes if it is a text")
        return None

    def _float(self, text: str, span: Span) -> float | None:
        number = float(text)
        if abs(number) != float("inf"):
            return number
        self.document.report(span, "the number is too large", "write a number up to 1e308")
        return None
