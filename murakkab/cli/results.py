"""What a run leaves, in words: texts as texts, files by their paths, long lists and groups cut short.

``murakkab run --json`` and ``outputs`` in the run's last event have everything.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from murakkab.cli.wording import printable

HEADLINES = ("text", "answer", "title", "name", "question")
"""Fields that say what a group is about, the first one first."""

WIDTH, ITEMS = 160, 50
"""Characters of a line of JSON, and entries of a list, that are shown."""


def output_lines(outputs: Mapping[str, Any]) -> Iterator[str]:
    """The outputs as lines; a single text stands alone, so that it can be piped on."""
    if len(outputs) == 1 and isinstance(text := next(iter(outputs.values())), str):
        yield from _text_lines(text)
        return
    for name, value in outputs.items():
        lines = list(_value_lines(value))
        if len(lines) == 1:
            yield f"{name}: {lines[0]}"
        else:
            yield f"{name}:"
            yield from (f"  {line}" for line in lines)


def _value_lines(value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON of any shape
    match value:
        case str():
            yield from _text_lines(value)
        case list() as entries if entries:
            for entry in entries[:ITEMS]:
                yield from _entry_lines(entry)
            if len(entries) > ITEMS:
                yield f"... and {len(entries) - ITEMS} more"
        case dict() as fields if fields:
            for name, inner in fields.items():
                yield from _field_lines(name, inner)
        case _:
            yield _compact(value)


def _entry_lines(entry: Any) -> Iterator[str]:  # noqa: ANN401 - JSON of any shape
    """An entry of a list: what it says and its files, or the beginning of its JSON."""
    told = [entry] if isinstance(entry, str) else list(_headline(entry)) if isinstance(entry, dict) else []
    lines = [line for text in told for line in _text_lines(text)] or [_compact(entry)]
    yield from (f"{'- ' if number == 0 else '  '}{line}" for number, line in enumerate(lines))


def _headline(group: Mapping[str, Any]) -> Iterator[str]:
    yield from [str(group[name]) for name in HEADLINES if isinstance(group.get(name), str)][:1]
    yield from (value for value in group.values() if isinstance(value, str) and value.startswith("/"))


def _field_lines(name: str, value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON of any shape
    if isinstance(value, str) and "\n" in value.strip():
        yield f"{printable(name)}:"
        yield from (f"  {line}" for line in _text_lines(value))
    else:
        yield f"{printable(name)}: {printable(value) if isinstance(value, str) else _compact(value)}"


def _compact(value: Any) -> str:  # noqa: ANN401 - JSON of any shape
    text = printable(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."


def _text_lines(text: str) -> Iterator[str]:
    """Lines without control characters; their indent is kept."""
    for line in text.splitlines() or [""]:
        indent = line[: len(line) - len(line.lstrip(" "))]
        yield indent + printable(line)
