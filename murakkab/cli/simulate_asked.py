"""Reads what ``murakkab simulate`` is asked: arrivals, failures and evictions."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path

from murakkab.engine.errors import UserError
from murakkab_optimizer.simulator import Fault, bursts, poisson

_NUMBER = r"(\d+(?:\.\d+)?)"
_FAULT = re.compile(rf"{_NUMBER}(?::{_NUMBER}%)?(?::{_NUMBER})?")
_BURST = re.compile(rf"(\d+)@{_NUMBER}")
SECONDS_PER_MINUTE = 60.0


def arrivals(text: str, runs: int | None, seed: int) -> list[float]:
    """Seconds at which runs are asked for.

    Args:
        text: ``poisson:RATE`` (runs a minute), ``burst:SIZE@SECONDS``, or a CSV file whose first column, or column
            ``at_s``, has seconds; empty for all at once.
        runs: how many; by default one, ten of a distribution, all of a file.
        seed: source of chance.

    Raises:
        UserError: it is none of these.
    """
    if not text:
        return [0.0] * (runs or 1)
    kind, sign, value = text.partition(":")
    if kind == "poisson" and sign and re.fullmatch(_NUMBER, value) and float(value) > 0:
        return poisson(float(value) / SECONDS_PER_MINUTE, runs or 10, seed)
    if kind == "burst" and (found := _BURST.fullmatch(value)) and int(found[1]) > 0:
        return bursts(int(found[1]), float(found[2]), runs or 10)
    if sign and kind in ("poisson", "burst"):
        raise UserError(f"cannot read --arrivals {text}", "Write poisson:RUNS_A_MINUTE or burst:SIZE@SECONDS.")
    times = _from_file(Path(text))
    return times[:runs] if runs else times


def _from_file(path: Path) -> list[float]:
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = [row for row in csv.reader(stream) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        reason = getattr(fault, "strerror", None) or fault
        raise UserError(
            f"cannot read {path}: {reason}", "Name a CSV file, poisson:RUNS_A_MINUTE or burst:SIZE@SECONDS."
        ) from None
    column, first = 0, 0
    if rows and not re.fullmatch(_NUMBER, rows[0][0].strip()):
        first = 1
        column = rows[0].index("at_s") if "at_s" in rows[0] else 0
    times = []
    for number, row in enumerate(rows[first:], first + 1):
        text = row[column].strip() if column < len(row) else ""
        if not re.fullmatch(_NUMBER, text):
            raise UserError(f"{path}:{number}: '{text}' is no number of seconds", "Write one arrival a line.")
        times.append(float(text))
    if not times:
        raise UserError(f"{path}: there is no arrival in it", "Write one arrival a line, in seconds.")
    return sorted(times)


def faults(failures: Iterable[str], evictions: Iterable[str]) -> list[Fault]:
    """Lost workers: ``AT``, ``AT:SHARE%`` or ``AT:SHARE%:BACK``, times in seconds.

    Raises:
        UserError: a text is not of that form.
    """
    return [_fault("--fail", text, blame=True) for text in failures] + [
        _fault("--evict", text, blame=False) for text in evictions
    ]


def _fault(flag: str, text: str, *, blame: bool) -> Fault:
    found = _FAULT.fullmatch(text.strip())
    if found is None or float(found[2] or 0) > 100:
        raise UserError(
            f"cannot read {flag} {text}",
            f"Write {flag} AT, AT:SHARE% or AT:SHARE%:BACK with seconds, for example {flag} 60:25%:120.",
        )
    return Fault(float(found[1]), float(found[2] or 0) / 100, float(found[3]) if found[3] else None, blame)
