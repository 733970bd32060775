"""Filling a node's arguments: references become the values that they stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from murakkab_optimizer import graph
from murakkab_runtimes.base import InputError
from murakkab_runtimes.operators import operate
from murakkab_runtimes.secrets import read_secret

Inputs = Mapping[str, str | tuple[str, ...]]
"""By source node, the name of its value, or those of its items."""


def fill(
    arguments: Any,  # noqa: ANN401 - JSON of any shape
    item: Any,  # noqa: ANN401 - JSON of any shape
    inputs: Inputs,
    read: Callable[[str], Any],
    previous: Any = None,  # noqa: ANN401 - JSON of any shape
) -> Any:  # noqa: ANN401 - JSON of any shape
    """Return ``arguments`` with every reference replaced and every operator worked out.

    Args:
        arguments: JSON with the marks of ``murakkab_optimizer.graph``.
        item: the value that the task runs over.
        inputs: by source node, the artifact name of its value, or of each of its items.
        read: reads a value by its artifact name.
        previous: in a join, what the task before returned.

    Raises:
        InputError: a reference names a field that the value does not have, a secret is not set, or values are
            compared that have no order.

    """

    def filled(inner: Any) -> Any:  # noqa: ANN401 - JSON of any shape
        return fill(inner, item, inputs, read, previous)

    if isinstance(arguments, list):
        return [filled(inner) for inner in arguments]
    if not isinstance(arguments, dict):
        return arguments
    match arguments:
        case {graph.ITEM_KEY: path} if len(arguments) == 1:
            return _field(item, path, "item")
        case {graph.PREVIOUS_KEY: path} if len(arguments) == 1:
            return _field(previous, path, "previous")
        case {graph.NODE_KEY: name, "path": path} if len(arguments) == 2:
            source = inputs[name]
            value = read(source) if isinstance(source, str) else [read(part) for part in source]
            return _field(value, path, f"nodes.{name}")
        case {graph.JOIN_KEY: parts} if len(arguments) == 1:
            return "".join(_text(filled(part)) for part in parts)
        case {graph.SECRET_KEY: name} if len(arguments) == 1:
            return read_secret(name)
        case {graph.OPERATOR_KEY: operator, "of": operands} if len(arguments) == 2:
            return operate(operator, operands, filled)
    return {key: filled(inner) for key, inner in arguments.items()}


def secrets_in(value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON of any shape
    """Names of the secrets that JSON with marks refers to."""
    if isinstance(value, dict):
        if set(value) == {graph.SECRET_KEY}:
            yield value[graph.SECRET_KEY]
        else:
            for inner in value.values():
                yield from secrets_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from secrets_in(inner)


def _field(value: Any, path: list[str], name: str) -> Any:  # noqa: ANN401 - JSON of any shape
    """A field of a field of the value; a field of null is null."""
    for key in path:
        if value is None:
            return None
        if not isinstance(value, dict) or key not in value:
            known = ", ".join(value) if isinstance(value, dict) else type(value).__name__
            raise InputError(f"{name} has no field '{key}'; it has: {known}")
        value, name = value[key], f"{name}.{key}"
    return value


def _text(value: Any) -> str:  # noqa: ANN401 - JSON of any shape
    return "" if value is None else str(value)
