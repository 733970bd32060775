"""Filling a node's arguments: references become the values that they stand for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from murakkab_optimizer.graph import ITEM_KEY, JOIN_KEY, NODE_KEY
from murakkab_runtimes.base import InputError


def fill(
    arguments: Any,  # noqa: ANN401 - JSON of any shape
    item: Any,  # noqa: ANN401 - JSON of any shape
    inputs: Mapping[str, str | tuple[str, ...]],
    read: Callable[[str], Any],
) -> Any:  # noqa: ANN401 - JSON of any shape
    """Return ``arguments`` with every reference replaced.

    Args:
        arguments: JSON with the marks of ``murakkab_optimizer.graph``.
        item: the value that the task runs over.
        inputs: by source node, the artifact name of its value, or of each of its items.
        read: reads a value by its artifact name.

    Raises:
        InputError: a reference names a field that the value does not have.

    """
    if isinstance(arguments, list):
        return [fill(inner, item, inputs, read) for inner in arguments]
    if not isinstance(arguments, dict):
        return arguments
    keys = set(arguments)
    if keys == {ITEM_KEY}:
        return _field(item, arguments[ITEM_KEY], "item")
    if keys == {NODE_KEY, "path"}:
        name = arguments[NODE_KEY]
        source = inputs[name]
        value = read(source) if isinstance(source, str) else [read(part) for part in source]
        return _field(value, arguments["path"], f"nodes.{name}")
    if keys == {JOIN_KEY}:
        return "".join(_text(fill(part, item, inputs, read)) for part in arguments[JOIN_KEY])
    return {key: fill(inner, item, inputs, read) for key, inner in arguments.items()}


def _field(value: Any, path: list[str], name: str) -> Any:  # noqa: ANN401 - JSON of any shape
    for key in path:
        if not isinstance(value, dict) or key not in value:
            known = ", ".join(value) if isinstance(value, dict) else type(value).__name__
            raise InputError(f"{name} has no field '{key}'; it has: {known}")
        value, name = value[key], f"{name}.{key}"
    return value


def _text(value: Any) -> str:  # noqa: ANN401 - JSON of any shape
    return "" if value is None else str(value)
