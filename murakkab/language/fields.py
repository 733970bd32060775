"""Kinds of values in a workflow file: how each is checked and what the JSON Schema says of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, NamedTuple

from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from murakkab_optimizer.graph import TIERS

from .document import Data
from .expressions import OPEN
from .problems import describe
from .units import parse_number

NAME = r"^[A-Za-z][A-Za-z0-9_-]*$"
INPUT_NAME = r"^[A-Za-z][A-Za-z0-9_]*$"
EXPRESSION_SCHEMA = {"type": "string", "pattern": r"\$\{\{[^{}]*\}\}", "description": "An expression"}
_TIER_HINT = f"write a number, or one of {', '.join(TIERS)}"
_TIME_PATTERN = r"^\s*([0-9.]+\s*(ms|s|sec|m|min|h)?\s*)+$"


def wrong(message: str, hint: str, field: str = "", *, key: bool = False) -> PydanticCustomError:
    """An error of the model with a hint.

    Args:
        message: what is wrong.
        hint: what to do.
        field: the key of the checked group that it is about.
        key: whether the key itself is at fault and not its value.
    """
    facts = {"message": message, "hint": hint, "field": field, "key": key}
    return PydanticCustomError("workflow", "{message}", facts)


def check_seconds(value: Data) -> float:
    """A positive, finite time in seconds from a number or a text such as ``1s`` or ``500ms``."""
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if isinstance(value, str):
        number = parse_number(value, "s")
    if number is None or not math.isfinite(number) or number <= 0:
        raise wrong(f"expected a time above 0, got {describe(value)}", "write for example 1s, 500ms or 0.5")
    return float(number)


def check_flag(value: Data) -> bool:
    """A boolean and nothing that merely looks like one."""
    if not isinstance(value, bool):
        raise wrong(f"expected true or false, got {describe(value)}", "write true or false, without quotes")
    return value


def check_count(value: Data) -> int:
    """A whole number from 1 to 100."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 100:
        raise wrong(f"expected a whole number from 1 to 100, got {describe(value)}", "write for example 3")
    return value


def check_duration(value: Data) -> Data:
    """A tier, or a time in seconds."""
    return _tier(value) or check_seconds(value)


def check_amount(value: Data) -> Data:
    """A tier, or a number above 0."""
    if tier := _tier(value):
        return tier
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        raise wrong(f"expected a number above 0 or a tier, got {describe(value)}", _TIER_HINT)
    return value


def check_share(value: Data) -> Data:
    """A tier, or a number from 0 to 1."""
    if tier := _tier(value):
        return tier
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise wrong(f"expected a number from 0 to 1 or a tier, got {describe(value)}", _TIER_HINT)
    return value


def check_condition(value: Data) -> Data:
    """A boolean; expressions are looked at by the checker."""
    if not isinstance(value, bool):
        hint = "write for example ${{ item.kind == 'code' }}"
        raise wrong(f"expected a condition, got {describe(value)}", hint)
    return value


class Setting(NamedTuple):
    """A field that may be an input of the run: how its value is checked, and the types of input that fit."""

    check: Callable[[Data], Data]
    types: tuple[str, ...]


_NUMBERS, _WHOLE, _FLAG = ("number", "integer"), ("integer",), ("boolean",)
SETTINGS = {
    "attempts": Setting(check_count, _WHOLE),
    "repeat": Setting(check_count, _WHOLE),
    "timeout": Setting(check_seconds, _NUMBERS),
    "cache": Setting(check_flag, _FLAG),
    "realtime": Setting(check_flag, _FLAG),
    "ttff": Setting(check_duration, _NUMBERS),
    "latency": Setting(check_duration, _NUMBERS),
    "cost": Setting(check_amount, _NUMBERS),
    "energy": Setting(check_amount, _NUMBERS),
    "quality": Setting(check_share, _NUMBERS),
}


def _tier(value: Data) -> str | None:
    return value if isinstance(value, str) and value in TIERS else None


def _number(value: Data) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise wrong(f"expected a number, got {describe(value)}", "write it without quotes and without its unit")
    return value


def _whole(value: Data) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong(f"expected a whole number, got {describe(value)}", "write it without quotes and without its unit")
    return value


def _or_expression(check: Callable[[Data], Data]) -> PlainValidator:
    """Texts that hold an expression pass; the checker of references looks at them."""
    return PlainValidator(lambda value: value if isinstance(value, str) and OPEN in value else check(value))


def _schema(*literals: dict[str, Data]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [*literals, EXPRESSION_SCHEMA]})


Seconds = Annotated[
    float | str,
    _or_expression(check_seconds),
    _schema({"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": _TIME_PATTERN}),
]
Flag = Annotated[bool | str, _or_expression(check_flag), _schema({"type": "boolean"})]
Attempts = Annotated[int | str, _or_expression(check_count), _schema({"type": "integer", "minimum": 1, "maximum": 100})]
_TIER = {"enum": list(TIERS)}
Duration = Annotated[
    float | str,
    _or_expression(check_duration),
    _schema({"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": _TIME_PATTERN}, _TIER),
]
Amount = Annotated[float | str, _or_expression(check_amount), _schema({"type": "number", "exclusiveMinimum": 0}, _TIER)]
Share = Annotated[
    float | str, _or_expression(check_share), _schema({"type": "number", "minimum": 0, "maximum": 1}, _TIER)
]
Rounds = Annotated[int | str, _or_expression(check_count), _schema({"type": "integer", "minimum": 1, "maximum": 100})]
Condition = Annotated[bool | str, _or_expression(check_condition), _schema({"type": "boolean"})]
Number = Annotated[float, PlainValidator(_number), WithJsonSchema({"type": "number"})]
Whole = Annotated[int, PlainValidator(_whole), WithJsonSchema({"type": "integer"})]
Expression = Annotated[str, WithJsonSchema(EXPRESSION_SCHEMA)]
Name = Annotated[str, Field(pattern=NAME)]
InputName = Annotated[str, Field(pattern=INPUT_NAME)]
