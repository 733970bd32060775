"""Conditions and references of a compiled graph, in the words of the language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from murakkab_optimizer.graph import ITEM_KEY, JOIN_KEY, NODE_KEY, OPERATOR_KEY, SECRET_KEY

_SIGNS = {"and": "&&", "or": "||"}
_OPEN, _CLOSE = "\ue000", "\ue001"
_INPUT = re.compile(f"{_OPEN}(.*?){_CLOSE}")


def placeholder(name: str) -> str:
    """A text that stands for an input of the workflow and can be found again by ``inputs_in``."""
    return f"{_OPEN}{name}{_CLOSE}"


def inputs_in(value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON of any shape
    """Names of the inputs whose placeholders stand in ``value``."""
    match value:
        case str():
            yield from _INPUT.findall(value)
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
        case str() if name := _INPUT.fullmatch(value):
            return f"inputs.{name[1]}"
        case str():
            return "'" + _INPUT.sub(r"inputs.\1", value) + "'"
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
    return str(value)


MARKS = (NODE_KEY, ITEM_KEY, JOIN_KEY, SECRET_KEY, OPERATOR_KEY)
"""Keys that are references and no arguments."""
