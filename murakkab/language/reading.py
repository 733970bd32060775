"""Reads YAML text into a ``Document``.

The reader works on the parser's events, so that it sees what PyYAML's loaders hide: duplicate keys, explicit tags,
anchors and the depth of nesting. Plain words are read by the YAML 1.2 core rules: ``true`` and ``false`` are
booleans, ``yes``, ``no``, ``on`` and ``off`` are words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from .document import Data, Document, Place, Span
from .problems import Problem, WorkflowError, quoted

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
_TOO_LARGE = f"it is larger than {MAX_BYTES >> 20} MiB, so it is hardly a workflow"

_Event = Any
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


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
            raise ValueError(_TOO_LARGE)
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
    if len(text) > MAX_BYTES:
        raise WorkflowError([Problem(file, 0, 0, _TOO_LARGE)])
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
        self.events: Iterator[_Event] = yaml.parse(document.text, _Loader)

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

    def _node(self, event: _Event, depth: int) -> _Tree:
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

    def _stop(self, span: Span, message: str, hint: str) -> NoReturn:
        raise WorkflowError([*self.document.problems, self.document.problem(span, message, hint)])


def _span(event: _Event) -> Span:
    return Span(event.start_mark.index, event.end_mark.index)


class _Constructor:
    """Turns the tree into plain data and notes the place of everything."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def construct(self, tree: _Tree, place: Place) -> Data:
        self.document.values[place] = tree.span
        if tree.items is not None:
            return [self.construct(item, (*place, index)) for index, item in enumerate(tree.items)]
        if tree.pairs is not None:
            return self._mapping(tree.pairs, place)
        text = tree.text or ""
        return self._plain(text, tree.span) if tree.plain else text

    def _mapping(self, pairs: list[tuple[_Tree, _Tree]], place: Place) -> dict[str, Data]:
        found: dict[str, Data] = {}
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

    def _plain(self, text: str, span: Span) -> Data:
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
