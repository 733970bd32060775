"""Reads a YAML file with the place of everything in it, so that all that is wrong can be told with line and column.

Nothing in the file is built: values are read from their text, so that no tag or anchor of the file has an effect.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import yaml

MAX_BYTES = 1 << 20
MAX_DEPTH = 16
MAX_COUNT = 1_000_000
SHOWN = 25
"""Problems told at most."""

_SIZES = {"MB": 1e6, "GB": 1e9, "TB": 1e12, "MiB": 2.0**20, "GiB": 2.0**30, "TiB": 2.0**40}
_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)\s*([MGT]i?B)")
_NUMBER = re.compile(r"\+?([0-9][0-9_]*(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_FLAGS = {"true": True, "false": False}

Value = TypeVar("Value")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class PlacedError(ValueError):
    """A file cannot be used; the message has a line ``file:line:column: what is wrong`` for each fault."""


class Wrong(ValueError):
    """A value is not what its key takes; the message says what it takes."""


def read_text(path: Path) -> str:
    """The text of a file; PlacedError where it cannot be read, is too large or no text."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise PlacedError(f"{path}: it is not UTF-8 text; save it as UTF-8") from None
    except (OSError, ValueError) as fault:
        said = getattr(fault, "strerror", None) or str(fault)
        raise PlacedError(f"{path}: it cannot be read: {said}") from None
    if len(raw) > MAX_BYTES:
        raise PlacedError(f"{path}: it is larger than {MAX_BYTES >> 20} MiB; is this the right file?")
    return text


class Placed:
    """Reads one file; what is wrong is noted with its place and told by ``end``."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[tuple[int, int, str]] = []

    def compose(self, text: str) -> yaml.Node:
        """The tree of nodes; PlacedError where the text is no YAML, empty or nests too deep."""
        try:
            self._check_depth(text)
            top = yaml.compose(text, Loader=_Loader)
        except yaml.YAMLError as fault:
            mark = getattr(fault, "problem_mark", None)
            said = getattr(fault, "problem", None) or getattr(fault, "reason", None) or "unreadable"
            raise self._at(mark, f"this is not valid YAML: {said}") from None
        if top is None:
            raise PlacedError(f"{self.file}:1:1: it is empty; it begins with 'apiVersion: murakkab/v1'")
        return top

    def _check_depth(self, text: str) -> None:
        depth = 0
        for event in yaml.parse(text, Loader=_Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise self._at(event.start_mark, "it nests too deep")

    def _at(self, mark: object, message: str) -> PlacedError:
        line, column = getattr(mark, "line", 0) + 1, getattr(mark, "column", 0) + 1
        return PlacedError(f"{self.file}:{line}:{column}: {message}")

    def mapping(self, node: yaml.Node | None, what: str, known: Iterable[str]) -> dict[str, yaml.Node]:
        """Keys and their values; a key that is none of ``known`` or stands twice is noted."""
        if node is None:
            return {}
        if not isinstance(node, yaml.MappingNode):
            self.note(node, f"{what} must be a mapping of: {', '.join(known)}")
            return {}
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if name not in known:
                near = get_close_matches(name, known, 1, 0.5)
                hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(known)}"
                self.note(key, f"{what} has no key '{name[:40]}'; {hint}")
            elif name in found:
                self.note(key, f"'{name}' stands twice; keep one")
            else:
                found[name] = value
        return found

    def items(self, node: yaml.Node | None, what: str) -> list[yaml.Node]:
        """The items of a list; none where there is no list."""
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.note(node, f"'{what}' must be a list; begin each item with '- '")
            return []
        return list(node.value)

    def value(self, keys: Mapping[str, yaml.Node], key: str, read: Callable[[str], Value], default: Value) -> Value:
        """The value of a key, or the default where there is none or it is wrong."""
        node = keys.get(key)
        if node is None:
            return default
        try:
            if not isinstance(node, yaml.ScalarNode):
                raise Wrong("a single value")
            return read(node.value)
        except Wrong as fault:
            said = f", not '{node.value[:40]}'" if isinstance(node, yaml.ScalarNode) else ""
            self.note(node, f"'{key}' takes {fault}{said}")
            return default

    def needed(
        self, keys: Mapping[str, yaml.Node], around: yaml.Node, key: str, read: Callable[[str], Value], default: Value
    ) -> Value:
        """As ``value``; that the key is missing is noted."""
        if key not in keys:
            self.note(around, f"'{key}' is missing")
        return self.value(keys, key, read, default)

    def expect(self, keys: Mapping[str, yaml.Node], top: yaml.Node, key: str, wanted: str) -> None:
        """Note a key that does not have the one value that it may have."""
        node = keys.get(key)
        if not isinstance(node, yaml.ScalarNode) or node.value != wanted:
            self.note(node or top, f"write '{key}: {wanted}'")

    def note(self, node: yaml.Node, message: str) -> None:
        """Note what is wrong at a node, and go on."""
        self.problems.append((node.start_mark.line + 1, node.start_mark.column + 1, message))

    def end(self) -> None:
        """Raise PlacedError where anything was noted."""
        if self.problems:
            lines = [f"{self.file}:{line}:{column}: {message}" for line, column, message in sorted(self.problems)]
            more = [f"... and {len(lines) - SHOWN} more problems"] if len(lines) > SHOWN else []
            raise PlacedError("\n".join(lines[:SHOWN] + more))


def words(written: str) -> str:
    """A text that is not empty."""
    if not written.strip():
        raise Wrong("a text")
    return written.strip()


def amount(written: str) -> float:
    """A finite number of 0 or more."""
    value = float(written) if _NUMBER.fullmatch(written[:40]) else math.inf
    if value == math.inf:
        raise Wrong("a number of 0 or more")
    return value


def count(written: str) -> int:
    """A whole number from 1 on."""
    value = float(written) if _NUMBER.fullmatch(written[:40]) else 0.0
    if not 1 <= value <= MAX_COUNT or value != int(value):
        raise Wrong(f"a whole number from 1 to {MAX_COUNT}")
    return int(value)


def flag(written: str) -> bool:
    """``true`` or ``false``."""
    if written.lower() not in _FLAGS:
        raise Wrong("true or false")
    return _FLAGS[written.lower()]


def mebibytes(written: str) -> int:
    """A size with its unit, in MiB."""
    found = _SIZE.fullmatch(written.strip())
    if not found:
        raise Wrong("a size such as 64GiB or 1.9TiB")
    return int(float(found[1]) * _SIZES[found[2]] / 2.0**20)
