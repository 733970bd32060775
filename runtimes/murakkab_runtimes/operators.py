"""What the operators of conditions mean."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from murakkab_runtimes.base import InputError

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def operate(sign: str, operands: Sequence[Any], evaluate: Callable[[Any], Any]) -> bool:
    """Work out one operator of ``graph.OPERATORS``.

    Args:
        sign: the operator.
        operands: not yet evaluated: ``and`` and ``or`` stop at the first operand that decides.
        evaluate: gives the value of an operand.

    Raises:
        InputError: values without an order are ordered, or something other than true, false or null is taken for a
            condition.
    """
    match sign:
        case "and":
            return all(holds(evaluate(operand)) for operand in operands)
        case "or":
            return any(holds(evaluate(operand)) for operand in operands)
        case "not":
            return not holds(evaluate(operands[0]))
    left, right = (evaluate(operand) for operand in operands)
    if sign in ("==", "!="):
        return equal(left, right) == (sign == "==")
    if sign not in _ORDER:
        raise InputError(f"there is no operator '{sign}'")
    if kind(left) != kind(right) or kind(left) not in ("number", "text"):
        raise InputError(
            f"{_shown(left)} {sign} {_shown(right)}: {kind(left)} and {kind(right)} have no order; "
            "compare two numbers or two texts"
        )
    return _ORDER[sign](left, right)


def holds(value: object) -> bool:
    """Whether a condition with this value holds; null does not."""
    if value is None or isinstance(value, bool):
        return bool(value)
    raise InputError(
        f"a condition must be true or false, not the {kind(value)} {_shown(value)}: compare it, as in x == 1"
    )


def equal(left: object, right: object) -> bool:
    """Whether two values are the same; values of unlike kinds never are."""
    if kind(left) != kind(right):
        return False
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return left == right


def kind(value: object) -> str:
    """What a value is, in a word."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list():
            return "list"
        case dict():
            return "object"
    return "file"


def _shown(value: object) -> str:
    text = f"'{value}'" if isinstance(value, str | Path) else msgspec.json.encode(value, enc_hook=str).decode()
    return text if len(text) <= 60 else text[:59] + "…"
