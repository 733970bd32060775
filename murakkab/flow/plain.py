"""Python values as the plain data that a workflow file holds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import PurePath

from murakkab.language.document import Data

from .references import Ref, text_of
from .source import refuse

_DEPTH = 32
_WHOLE = 1 << 63


def plain(value: object, check: Callable[[Ref], None], depth: int = 0) -> Data:
    """The value with references written as expressions.

    Args:
        value: texts, numbers, None, lists, groups, enumerations, dataclasses, pydantic models and references, inside
            each other.
        check: raises for a reference that does not belong here.
        depth: how deep inside the whole it stands.

    Raises:
        WorkflowError: a workflow cannot hold it.
    """
    if depth > _DEPTH:
        refuse(f"this nests deeper than {_DEPTH} levels", "flatten it")
    match value:
        case Ref():
            check(value)
            return text_of(value)
        case Enum():
            return plain(value.value, check, depth)
        case None | bool() | str():
            return value
        case int() | float():
            return _number(value)
        case list() | tuple():
            return [plain(inner, check, depth + 1) for inner in value]
        case Mapping():
            return {_key(key): plain(inner, check, depth + 1) for key, inner in value.items()}
        case PurePath():
            refuse(f"the file {value} cannot stand in a workflow", "make it an input: def flow(file: Path)")
    return _other(value, check, depth)


def _other(value: object, check: Callable[[Ref], None], depth: int) -> Data:
    if as_reference := getattr(value, "_as_reference", None):
        return plain(as_reference(), check, depth)
    fields = getattr(type(value), "model_fields", None) or getattr(type(value), "__dataclass_fields__", None)
    if fields:
        return {name: plain(getattr(value, name), check, depth + 1) for name in fields}
    kinds = "texts, numbers, True, False, None, lists, dicts and references"
    return refuse(f"a workflow cannot hold a {type(value).__name__}", f"it holds {kinds}")


def _number(value: float) -> float:
    if isinstance(value, float) and not math.isfinite(value):
        refuse(f"{value} is not a number that a workflow can hold", "give a finite number")
    if isinstance(value, int) and not -_WHOLE <= value < _WHOLE:
        refuse("the number is too large", "give it as a text")
    return value


def _key(key: object) -> str:
    if not isinstance(key, str) or isinstance(key, Enum):
        refuse(f"{key!r} cannot be a name here", "names are texts")
    return key
