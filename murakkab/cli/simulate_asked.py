"""Reads what ``murakkab simulate`` is asked: arrivals, failures and evictions."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from murakkab.engine.errors import UserError
from murakkab_optimizer.hardware import Cluster
from murakkab_optimizer.simulator import Deployment, Fault, bursts, evictions, poisson
from murakkab_optimizer.simulator.evictions import hourly

_NUMBER = r"(\d+(?:\.\d+)?)"
_FAULT = re.compile(rf"{_NUMBER}(?::{_NUMBER}%)?(?::{_NUMBER})?")
_SHARE = re.compile(rf"{_NUMBER}%@{_NUMBER}(%)?(?::{_NUMBER})?")
_RATE = re.compile(rf"rate(?::{_NUMBER})?")
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


def faults(failures: Iterable[str], taken: Iterable[str], show_s: float, held: Deployment) -> list[Fault]:
    """Lost workers.

    Args:
        failures: ``AT``, ``AT:SHARE%`` or ``AT:SHARE%:BACK``, times in seconds.
        taken: the same, or ``SHARE%@AT`` or ``SHARE%@AT:BACK``, where ``AT`` may be a share of the show.
        show_s: length of the show.
        held: what is there to be lost; of what is taken away, the spot instances, where there are some.

    Raises:
        UserError: a text is not of that form.
    """
    spot = any(instance.spot for instance in held.instances)
    lost = [msgspec.structs.replace(_fault("--fail", text, show_s), blame=True) for text in failures]
    return lost + [msgspec.structs.replace(_fault("--evict", text, show_s), spot=spot) for text in taken]


def at_their_rate(texts: Iterable[str], cluster: Cluster, held: Deployment, until_s: float, seed: int) -> list[Fault]:
    """Spot instances that are taken away as often as the cluster says: ``rate`` or ``rate:BACK``.

    Raises:
        UserError: the cluster does not say how often, or nothing on spot devices is held.
    """
    found: list[Fault] = []
    for text in texts:
        back = _RATE.fullmatch(text)
        assert back is not None
        lost = evictions(held, cluster, until_s, seed, float(back[1]) if back[1] else None)
        if not any(hourly(instance, cluster) for instance in held.instances):
            raise UserError(
                f"{cluster.name} does not say how often what the plan holds is taken away",
                "Write evictions_per_hour at its spot devices, or --evict SHARE%@AT.",
            )
        found += lost
    return found


def is_rate(text: str) -> bool:
    """Whether an eviction is to be as often as the cluster says."""
    return _RATE.fullmatch(text) is not None


def _fault(flag: str, text: str, show_s: float) -> Fault:
    first, other = _FAULT.fullmatch(text.strip()), _SHARE.fullmatch(text.strip())
    if other is not None and float(other[1]) <= 100:
        at = float(other[2]) * (show_s / 100 if other[3] else 1.0)
        return Fault(at, float(other[1]) / 100, float(other[4]) if other[4] else None)
    if first is None or float(first[2] or 0) > 100:
        raise UserError(
            f"cannot read {flag} {text}",
            f"Write {flag} AT, AT:SHARE% or AT:SHARE%:BACK with seconds, for example {flag} 60:25%:120; or "
            f"SHARE%@AT:BACK, where AT may be a share of the show, for example {flag} 25%@50%:120.",
        )
    return Fault(float(first[1]), float(first[2] or 0) / 100, float(first[3]) if first[3] else None)
