"""Promises and objectives as they are written on a command line: ``--slo ttff=22s``, ``--objective cost,quality``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from murakkab.engine.errors import UserError
from murakkab.language.compile import TTFF_TIERS
from murakkab.language.units import parse_number
from murakkab_optimizer.graph import OBJECTIVES, TIERS, Slo

EXAMPLES = {
    "ttff": "22s",
    "latency": "5min",
    "cost": "$3",
    "energy": "10Wh",
    "quality": "0.8",
    "realtime": "on",
}
"""What can be promised, each with a value that it may have."""

_ENERGY = {"kwh": 1000.0, "mwh": 0.001, "wh": 1.0}
_FLAGS = {"": True, "on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}
_NOTHING = ("none", "off")


def with_promises(slo: Slo, texts: Iterable[str]) -> Slo:
    """The promises with those on top that are written in ``texts``; a later one replaces an earlier one.

    Args:
        slo: of the workflow.
        texts: each ``NAME=VALUE`` or ``realtime``; the value ``none`` takes a promise back.

    Raises:
        UserError: a text is no promise.
    """
    for text in texts:
        name, sign, value = (part.strip() for part in text.partition("="))
        if name not in EXAMPLES or (not sign and name != "realtime"):
            wanted = ", ".join(f"{known}={example}" for known, example in EXAMPLES.items())
            raise UserError(f"--slo {text}: expected a promise and its value", f"Write one of: {wanted}.")
        field = "ttff_s" if name == "ttff" else name
        slo = msgspec.structs.replace(slo, **{field: _value(name, value, text)})
    return slo


def objectives(texts: Iterable[str]) -> tuple[str, ...]:
    """What to make best, the first one first; several are separated by commas.

    Raises:
        UserError: one is not known or stands twice.
    """
    names = tuple(name.strip() for text in texts for name in text.split(","))
    for name in names:
        if name not in OBJECTIVES:
            raise UserError(
                f"--objective {name}: there is no such objective", f"Write one or more of: {', '.join(OBJECTIVES)}."
            )
    if len(set(names)) < len(names):
        raise UserError(f"--objective {','.join(names)}: an objective stands twice", "Name each one once.")
    return names


def _value(name: str, value: str, text: str) -> Any:  # noqa: ANN401 - as the field wants it
    if name == "realtime":
        if value.lower() not in _FLAGS:
            raise UserError(f"--slo {text}: expected on or off", "Write realtime=on or realtime=off.")
        return _FLAGS[value.lower()]
    if value.lower() in _NOTHING:
        return None
    if value in TIERS:
        return TTFF_TIERS[value] if name == "ttff" else value
    number = _number(name, value)
    if number is None or number < 0 or (number == 0 and name != "quality") or (name == "quality" and number > 1):
        what = "a share from 0 to 1" if name == "quality" else "a number above 0"
        raise UserError(
            f"--slo {text}: expected {what}, or one of {', '.join(TIERS)}",
            f"Write for example {name}={EXAMPLES[name]}.",
        )
    return number


def _number(name: str, value: str) -> float | None:
    match name:
        case "ttff" | "latency":
            return parse_number(value, "s")
        case "cost":
            return parse_number(value.removeprefix("US").removeprefix("$").removesuffix("USD").removesuffix("$"))
        case "energy":
            return _watt_hours(value)
    percent = value.endswith("%")
    number = parse_number(value.removesuffix("%"))
    return number / 100 if percent and number is not None else number


def _watt_hours(value: str) -> float | None:
    lower = value.lower()
    for unit, factor in _ENERGY.items():
        if lower.endswith(unit):
            number = parse_number(lower.removesuffix(unit))
            return None if number is None else number * factor
    return parse_number(value)
