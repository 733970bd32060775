"""Whether a setting is one that a model may have."""

from __future__ import annotations

from typing import Any

from murakkab_optimizer.catalog import ModelCard, Range
from murakkab_optimizer.profiles.conditions import SPREAD

_WORDS = {bool: "true or false", str: "a word"}


def refusal_of(card: ModelCard, knob: str, value: Any) -> str:  # noqa: ANN401 - of any kind
    """Why a knob of a model cannot have a value, or empty.

    A word must be one of the choices of the card, where it names some; a number must lie between its ends. The choices
    of numbers are those that a planner tries: a person may set others.
    """
    if knob not in card.knobs:
        there = f"there are: {', '.join(card.knobs)}" if card.knobs else "it has none"
        return f"{card.name} has no knob '{knob}'; {there}"
    what, default, span = f"the knob '{knob}' of {card.name}", card.knobs[knob], card.ranges.get(knob, Range())
    if knob == SPREAD and not (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
        return f"{what} is '{value}'; it must be a number of accelerators, 1 or more"
    if wanted := _kind(value, default):
        return f"{what} is '{value}'; it must be {wanted}, such as {default!s}"
    if isinstance(value, str) and span.choices and value not in span.choices:
        return f"{what} is '{value}'; it may be {', '.join(map(str, span.choices))}"
    if _is_number(value) and not _within(value, span):
        ends = [f"from {span.minimum:g}"] if span.minimum is not None else []
        ends += [f"to {span.maximum:g}"] if span.maximum is not None else []
        return f"{what} is {value}; it may be {' '.join(ends)}"
    return ""


def _kind(value: object, default: object) -> str:
    """What kind of value is wanted, where this is of another one."""
    if default is None:
        return ""
    if _is_number(default):
        return "" if _is_number(value) else "a number"
    return "" if type(value) is type(default) else _WORDS.get(type(default), "of its kind")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _within(value: float, span: Range) -> bool:
    above = span.minimum is None or value >= span.minimum
    return above and (span.maximum is None or value <= span.maximum)
