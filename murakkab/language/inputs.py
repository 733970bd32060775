"""Checks what a run is given against what the workflow declares."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path

from .document import Data
from .model import AnyInput, BooleanInput, ChoiceInput, DocumentInput, IntegerInput, NumberInput, TextInput, Workflow
from .problems import InputProblem, describe, nearest, quoted
from .units import parse_number, shown

_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def check_inputs(workflow: Workflow, raw: Mapping[str, Data]) -> dict[str, Data]:
    """Check the inputs of a run and fill in defaults.

    Args:
        workflow: declares them.
        raw: as they come from a command line, a form or JSON: texts are read as what is wanted; None means not
            given, and so does an empty text for anything but a text.

    Returns:
        A value for every declared input, in the order of the declaration: text and choice str, number int or float,
        integer int, boolean bool, document the absolute path as str; None for an optional one that is absent.

    Raises:
        InputProblem: with one message for each bad input.
    """
    messages: dict[str, str] = {}
    checked: dict[str, Data] = {}
    for name in raw:
        if name not in workflow.inputs:
            hint = nearest(str(name), workflow.inputs, what="inputs")
            messages[str(name)] = f"this workflow has no such input; {hint}"
    for name, declared in workflow.inputs.items():
        try:
            checked[name] = check_input(declared, raw.get(name))
        except ValueError as fault:
            messages[name] = str(fault)
    if messages:
        raise InputProblem(messages)
    return checked


def check_input(declared: AnyInput, value: Data) -> Data:
    """The value of one input, or its default where none is given.

    Raises:
        ValueError: it does not fit.
    """
    if value is None or (value == "" and not isinstance(declared, TextInput)):
        if declared.required:
            what = f" ({declared.description})" if declared.description else ""
            raise ValueError(f"it is needed and has no default; give it{what}")
        return getattr(declared, "default", None)
    match declared:
        case TextInput():
            return _text(value)
        case BooleanInput():
            return _boolean(value)
        case NumberInput() | IntegerInput():
            return _number(declared, value)
        case ChoiceInput():
            return _choice(declared, value)
        case DocumentInput():
            return _document(value)


def _text(value: Data) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected a text, got {describe(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("the text is not valid Unicode; give it as UTF-8") from None
    return value


def _boolean(value: Data) -> bool:
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else None
    if word in _YES or word in _NO:
        return word in _YES
    raise ValueError(f"expected true or false, got {describe(value)}")


def _number(declared: NumberInput | IntegerInput, value: Data) -> int | float:
    whole = isinstance(declared, IntegerInput)
    what = "a whole number" if whole else "a number"
    unit = f" ({declared.unit})" if declared.unit else ""
    number = parse_number(value, declared.unit) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ValueError(f"expected {what}{unit}, got {describe(value)}; give {declared.range_text()}")
    if isinstance(number, float) and not math.isfinite(number):
        raise ValueError(f"{number} is no usable number; give {declared.range_text()}")
    if isinstance(number, float) and number.is_integer() and abs(number) < 1 << 53:
        number = int(number)
    if (whole and isinstance(number, float)) or abs(number) >= 1 << 63:
        raise ValueError(f"expected {what}, got {shown(number)}; give {declared.range_text()}")
    if not declared.holds(number):
        raise ValueError(f"{shown(number, declared.unit)} is out of range; give {declared.range_text()}")
    return number


def _choice(declared: ChoiceInput, value: Data) -> str:
    if isinstance(value, str) and value in declared.choices:
        return value
    raise ValueError(f"{describe(value)} is no choice; {nearest(str(value), declared.choices, what='choices')}")


def _document(value: Data) -> str:
    if not isinstance(value, str | Path):
        raise ValueError(f"expected the path of a file, got {describe(value)}")
    path = Path(_text(str(value)))
    try:
        if not path.exists():
            hint = _PROSE_HINT if _is_prose(str(path)) else "check the path"
            raise ValueError(f"there is no file {quoted(str(path))}; {hint}")
        if not path.is_file():
            raise ValueError(f"{quoted(str(path))} is not a file; give the path of one file")
        if not os.access(path, os.R_OK):
            raise ValueError(f"{quoted(str(path))} may not be read; change its permissions")
        return str(path.resolve())
    except OSError as fault:
        hint = f"; {_PROSE_HINT}" if _is_prose(str(path)) else ""
        raise ValueError(f"{quoted(str(path))} cannot be read: {fault.strerror}{hint}") from None


_PROSE_HINT = "this takes a file: write the text into one and give its path"


def _is_prose(text: str) -> bool:
    """Whether somebody wrote a text where a path is wanted."""
    return len(text.split()) > 4
