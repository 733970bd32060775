"""What all profiles of a model say together of how its speed changes with the conditions.

A latency model (`latency`) of every amount and the number of devices. A kind of machine that was measured at several
conditions has a shape of its own; any other one takes the shape that all kinds share.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from murakkab_optimizer.profiles.conditions import Amounts, amounts, unasked, words
from murakkab_optimizer.profiles.latency import LatencyModel, Shape
from murakkab_optimizer.profiles.latency_table import Table, tabulate
from murakkab_optimizer.profiles.nouns import Profile, taken

ENOUGH = 6
"""A latency model needs at least so many profiles."""

Row = dict[str, Any]


def rate(profile: Profile) -> float:
    """Seconds that grow with the conditions: of a unit, or of a task where units take none."""
    return profile.unit_s or profile.fixed_s


def origin(profile: Profile) -> str:
    """Figures of one origin compare: those of one publication, or those that were taken in one way."""
    known = profile.provenance
    return f"{known.kind} {known.source}" if known.kind in ("cited", "estimated") else known.kind


@dataclass
class Shared:
    """A latency model of a family of profiles.

    Attributes:
        model: of seconds a unit.
        wanted: what amounts are compared with.
        rows: that it was fitted on.
        error: median share by which it misses profiles that were left out; None where nothing could be left out.
        apart: amounts that every kind of machine in it was measured at several of.

    """

    model: LatencyModel
    wanted: Mapping[str, Any]
    rows: list[Row]
    error: float | None
    apart: tuple[str, ...]

    @property
    def count(self) -> int:
        """Profiles that it was fitted on."""
        return len(self.rows)

    def ratio(self, anchor: Profile, here: Amounts, there: Amounts) -> tuple[float, float | None]:
        """How much slower it is there than here, and how far that may be off.

        Args:
            anchor: whose machine it is.
            here: its amounts.
            there: other ones.

        """
        one, other = _row(anchor, here, self.wanted), _row(anchor, there, self.wanted)
        alone = any(row["kind"] == one["kind"] for row in self.rows)
        before, after = self.model.predict([row if alone else _anywhere(row) for row in (one, other)])
        return after / before, self.error if alone else self.spread

    @cached_property
    def spread(self) -> float | None:
        """Median share by which kinds of machines differ from the shape that all others share."""
        kinds = sorted({row["kind"] for row in self.rows})
        missed = [one for kind in kinds if len(kinds) > 1 for one in self._missed(kind)]
        return statistics.median(missed) if missed else None

    def _missed(self, kind: str) -> Iterator[float]:
        """By how much a model without this kind of machine misses it, its speed at the least work being known."""
        rest = [row for row in self.rows if row["kind"] != kind]
        mine = sorted((r for r in self.rows if r["kind"] == kind), key=lambda row: [row[name] for name in self.apart])
        expected = _fit(rest, self.model.shape).predict([_anywhere(row) for row in mine])
        least: dict[tuple[object, ...], float] = {}
        for row, seconds in zip(mine, expected, strict=True):
            same = tuple(value for name, value in row.items() if name not in (*self.apart, "seconds"))
            share = row["seconds"] / seconds
            if same in least:
                yield abs(least[same] / share - 1.0)
            least.setdefault(same, share)


def fitted(
    unit: str, wanted: Mapping[str, Any], names: Sequence[str], apart: Sequence[str], family: Sequence[Profile]
) -> Shared | None:
    """A model of what some amounts change, of the kinds of machines that were measured at several of them.

    Args:
        unit: of the profiles.
        wanted: conditions and settings that the amounts are compared with.
        names: amounts that the profiles have.
        apart: those of them that differ from what is wanted.
        family: profiles to fit it on.

    Returns:
        None where there are too few profiles.

    """
    rows = []
    for profile in family:
        mine = amounts(taken(profile), wanted)
        if profile.unit == unit and rate(profile) > 0 and list(mine) == list(names):
            rows.append(_row(profile, mine, wanted) | {"seconds": rate(profile)})
    rows = [row for row in rows if _varies(rows, apart, row["kind"])]
    if len(rows) < ENOUGH:
        return None
    from murakkab_optimizer.profiles.latency_choice import quick_fit

    model, error = quick_fit(_table(rows))
    return Shared(model, wanted, rows, error, tuple(apart))


def _varies(rows: Sequence[Row], names: Sequence[str], kind: str) -> bool:
    """Whether a kind of machine was measured at several of each of these amounts."""
    return all(len({row[name] for row in rows if row["kind"] == kind}) > 1 for name in names)


def _fit(rows: Sequence[Row], shape: Shape) -> LatencyModel:
    from murakkab_optimizer.profiles.latency import fit_shape

    return fit_shape(_table(rows), shape)


def _table(rows: Sequence[Row]) -> Table:
    return tabulate(rows, "seconds", [name for name in rows[0] if name not in ("kind", "seconds")], ["kind"])


def _row(profile: Profile, found: Amounts, wanted: Mapping[str, Any]) -> Row:
    at = taken(profile)
    kind = (profile.device, origin(profile), words(at), unasked(at, wanted))
    return {**found, "devices": float(max(profile.devices, 1)), "kind": str(kind)}


def _anywhere(row: Row) -> Row:
    return row | {"kind": ""}
