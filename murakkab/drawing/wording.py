"""Conditions and references of a flat workflow, in the words of the language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from murakkab_optimizer.graph import OPERATOR_KEY

_SIGNS = {"and": "&&", "or": "||"}


def inputs_in(value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON with marks
    """Names of the inputs of the workflow that ``value`` refers to."""
    match value:
        case {"$input": str(name)}:
            yield name
        case dict():
            for inner in value.values():
                yield from inputs_in(inner)
        case list() | tuple():
            for inner in value:
                yield from inputs_in(inner)


def condition_text(value: Any) -> str:  # noqa: ANN401 - JSON of any shape
    """A condition as a person would write it: ``judge.verdict == 'wrong' && !item.final``."""
    match value:
        case {"$is": "not", "of": [inner]}:
            return f"!{_operand(inner)}"
        case {"$is": str(operator), "of": list(parts)}:
            return f" {_SIGNS.get(operator, operator)} ".join(_operand(part) for part in parts)
    return _reference(value)


def _operand(value: Any) -> str:  # noqa: ANN401 - JSON of any shape
    text = condition_text(value)
    return f"({text})" if isinstance(value, dict) and value.get(OPERATOR_KEY) in ("and", "or") else text


def _reference(value: Any) -> str:  # noqa: ANN401 - JSON of any shape
    match value:
        case {"$node": str(node)}:
            return ".".join([node, *map(str, value.get("path") or ())])
        case {"$item": list(path)}:
            return ".".join(["item", *map(str, path)])
        case {"$secret": name}:
            return f"secrets.{name}"
        case {"$join": list(parts)}:
            return "".join(part if isinstance(part, str) else _reference(part) for part in parts)
        case {"$input": name}:
            return f"inputs.{name}"
        case str():
            return f"'{value}'"
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
    return str(value)
