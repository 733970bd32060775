"""Whether a value fits where it is wanted.

An integer is a number; nothing else becomes another thing by itself (a number is no text). An object may have more
fields than are wanted, and lack optional ones. ``any`` fits everywhere and takes everything. ``file`` is a file of
unknown content: it fits every sort of file, and every sort fits it. ``json`` takes what holds no file, and fits
wherever no file is needed; whether its content fits is seen when it runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .nouns import (
    ANY,
    BOOLEAN,
    FILE,
    FILES,
    INTEGER,
    JSON,
    NULL,
    NUMBER,
    TEXT,
    Field,
    Kind,
    ListOf,
    Object,
    Scalar,
    Union,
    has_files,
    named,
    union,
    without_null,
)


def accepts(wanted: Kind, given: Kind) -> str:
    """Why a value of the kind ``given`` does not fit where ``wanted`` is wanted; empty where it fits."""
    if wanted == given or ANY in (wanted, given):
        return ""
    if isinstance(given, Union):
        return _each(wanted, given)
    if isinstance(wanted, Union):
        return "" if any(not accepts(option, given) for option in wanted.options) else _mismatch(wanted, given)
    if wanted == JSON:
        return f"{named(given)} may hold a file, and no file is wanted here" if has_files(given) else ""
    if given == JSON:
        return f"{named(wanted)} is wanted, and json holds no file" if _needs_file(wanted) else ""
    match wanted, given:
        case ListOf(item), ListOf(other):
            return _inside("an item", accepts(item, other))
        case Object(), Object():
            return next((reason for field in wanted.fields if (reason := _field(field, given))), "")
        case Scalar(), Scalar() if _same(wanted, given):
            return ""
    return _mismatch(wanted, given)


def kind_of(value: Any, part: Callable[[Any], Kind | None] = lambda _: None) -> Kind:  # noqa: ANN401
    """The kind of JSON that was written down.

    Args:
        value: JSON.
        part: the kind of a part of it that stands for something else (an expression), None for a plain part.
    """
    if (known := part(value)) is not None:
        return known
    match value:
        case None:
            return NULL
        case bool():
            return BOOLEAN
        case int() | float():
            return INTEGER if isinstance(value, int) else NUMBER
        case str():
            return TEXT
        case list():
            return ListOf(union(kind_of(item, part) for item in value))
        case dict():
            return Object(tuple(Field(str(name), kind_of(item, part)) for name, item in value.items()))
    return ANY


def _each(wanted: Kind, given: Union) -> str:
    """Why one of the kinds that a value may have does not fit."""
    for option in given.options:
        if reason := accepts(wanted, option):
            if option == NULL and not accepts(wanted, without_null(given)):
                return f"it may be null, and {named(wanted)} is wanted"
            return reason
    return ""


def _field(field: Field, given: Object) -> str:
    found = given.get(field.name)
    if found is None:
        return "" if field.optional else f"{named(given)} has no field '{field.name}'"
    if found.optional and not field.optional:
        return f"the field '{field.name}' of {named(given)} may be missing"
    wanted = union([field.kind, NULL]) if field.optional else field.kind
    return _inside(f"the field '{field.name}'", accepts(wanted, found.kind))


def _inside(place: str, reason: str) -> str:
    return f"in {place}: {reason}" if reason else ""


def _same(wanted: Scalar, given: Scalar) -> bool:
    if FILE in (wanted, given):
        return wanted.name in FILES and given.name in FILES
    return (wanted, given) == (NUMBER, INTEGER)


def _needs_file(kind: Kind) -> bool:
    """Whether no value of the kind is without a file."""
    match kind:
        case Scalar(name):
            return name in FILES
        case Object(fields):
            return any(not field.optional and _needs_file(field.kind) for field in fields)
        case Union(options):
            return all(map(_needs_file, options))
    return False


def _mismatch(wanted: Kind, given: Kind) -> str:
    """Say what is wanted and given, and which part of what is given would fit."""
    wanted = without_null(wanted)
    reason = f"{named(wanted)} is wanted, {named(given)} is given"
    if isinstance(given, ListOf) and not accepts(wanted, given.item):
        return f"{reason}; run the step over its items with for_each"
    if isinstance(given, Object):
        fitting = [field.name for field in given.fields if not field.optional and not accepts(wanted, field.kind)]
        return f"{reason}; of its fields would fit: {', '.join(fitting)}" if fitting else reason
    if wanted == TEXT and given in (NUMBER, INTEGER, BOOLEAN):
        return f"{reason}; put words around it: what stands inside a text becomes text"
    return reason
