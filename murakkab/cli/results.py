"""What a run leaves, in words: texts as texts, everything else as JSON, files by their paths."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from murakkab.cli.wording import printable


def output_lines(outputs: Mapping[str, Any]) -> Iterator[str]:
    """The outputs as lines; a single text stands alone, so that it can be piped on."""
    if len(outputs) == 1 and isinstance(text := next(iter(outputs.values())), str):
        yield from _printable_lines(text)
        return
    for name, value in outputs.items():
        first, *others = list(_value_lines(value)) or [""]
        yield f"{name}: {first}" if not others else f"{name}:"
        yield from (f"  {line}" for line in ([first, *others] if others else ()))


def _value_lines(value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON of any shape
    if isinstance(value, str):
        return _printable_lines(value)
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return (printable(part) for part in value)
    return _printable_lines(json.dumps(value, ensure_ascii=False, indent=2))


def _printable_lines(text: str) -> Iterator[str]:
    """Lines without control characters; their indent is kept."""
    for line in text.splitlines() or [""]:
        indent = line[: len(line) - len(line.lstrip(" "))]
        yield indent + printable(line)
