"""Numbers with units, as people write them: ``60``, ``60s``, ``1m30s``, ``640 px``."""

from __future__ import annotations

import math
import re

SECONDS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
"""What may stand behind a time, in seconds."""

_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_TIME = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?:in)?)?(?:(\d+(?:\.\d+)?)s(?:ec)?)?", re.ASCII)


def parse_number(text: str, unit: str = "") -> float | None:
    """Read a number, its unit optional; None when the text is none or is not finite.

    Args:
        text: for example ``60``, ``1.5e3``, ``640px``; with the unit ``s`` also ``10m`` and ``1h30m``.
        unit: the unit that the number is wanted in.
    """
    text = text.strip()
    found = _NUMBER.match(text)
    if not found or len(text) > 100:
        return None
    suffix = text[found.end() :].strip()
    factor = 1.0 if suffix in ("", unit) else SECONDS.get(suffix) if unit == "s" else None
    number = float(found[0]) * factor if factor is not None else _parse_time(text, unit)
    return number if number is not None and math.isfinite(number) else None


def _parse_time(text: str, unit: str) -> float | None:
    parts = _TIME.fullmatch(text) if unit == "s" else None
    if not parts or not any(parts.groups()):
        return None
    return sum(float(part or 0) * factor for part, factor in zip(parts.groups(), (3600, 60, 1), strict=True))


def shown(number: float, unit: str = "") -> str:
    """The number without a needless ``.0``, its unit behind it."""
    text = str(int(number)) if float(number).is_integer() and abs(number) < 1e15 else str(number)
    return f"{text} {unit}" if unit else text
