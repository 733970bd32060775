"""What all profiles of a model say together of how its speed changes with the conditions.

A latency model (`latency`) of every amount and the number of devices. A kind of machine that was measured at several
conditions has a shape of its own; any other one takes the shape that all kinds share.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from murakkab_optimizer.profiles.conditions import Amounts, amounts, words
from murakkab_optimizer.profiles.latency import LatencyModel
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


class Shared(msgspec.Struct, frozen=True):
    """A latency model of a family of profiles.

    Attributes:
        model: of seconds a unit.
        rows: that it was fitted on.
        error: median share by which it misses profiles that were left out; None where nothing could be left out.

    """

    model: LatencyModel
    rows: list[Row]
    error: float | None

    @property
    def count(self) -> int:
        """Profiles that it was fitted on."""
        return len(self.rows)

    def tells(self, names: Sequence[str], kind: str | None = None) -> bool:
        """Whether all these amounts were ever varied, on one kind of machine or on any."""
        rows = [row for row in self.rows if kind is None or row["kind"] == kind]
        return all(len({row[name] for row in rows}) > 1 for name in names)

    def ratio(self, anchor: Profile, here: Amounts, there: Amounts, apart: Sequence[str]) -> tuple[float, float | None]:
        """How much slower it is there than here, and how far that may be off.

        Args:
            anchor: whose machine it is.
            here: its amounts.
            there: other ones.
            apart: amounts that differ.

        """
        one, other = _row(anchor, here), _row(anchor, there)
        alone = self.tells(apart, one["kind"])
        before, after = self.model.predict([row if alone else _anywhere(row) for row in (one, other)])
        return after / before, self.error if alone else self._spread()

    def _spread(self) -> float | None:
        """Median share by which kinds of machines differ from the shape that they share."""
        missed = [abs(share - 1.0) for share in self._apart()]
        return statistics.median(missed) if missed else None

    def _apart(self) -> Iterator[float]:
        expected = self.model.predict([_anywhere(row) for row in self.rows])
        kinds = defaultdict[str, list[float]](list)
        for row, seconds in zip(self.rows, expected, strict=True):
            kinds[row["kind"]].append(row["seconds"] / seconds)
        for shares in kinds.values():
            yield from (share / statistics.median(shares) for share in shares if len(shares) > 1)


def fitted(unit: str, wanted: Mapping[str, Any], names: Sequence[str], family: Sequence[Profile]) -> Shared | None:
    """A model of the profiles of a unit that were taken at these amounts; None where there are too few."""
    rows = []
    for profile in family:
        mine = amounts(taken(profile), wanted)
        if profile.unit == unit and rate(profile) > 0 and list(mine) == list(names):
            rows.append(_row(profile, mine) | {"seconds": rate(profile)})
    if len(rows) < ENOUGH:
        return None
    from murakkab_optimizer.profiles.latency_choice import quick_fit
    from murakkab_optimizer.profiles.latency_table import tabulate

    model, error = quick_fit(tabulate(rows, "seconds", [*names, "devices"], ["kind"]))
    return Shared(model, rows, error)


def _row(profile: Profile, found: Amounts) -> Row:
    kind = (profile.device, origin(profile), words(taken(profile)))
    return {**found, "devices": float(max(profile.devices, 1)), "kind": str(kind)}


def _anywhere(row: Row) -> Row:
    return row | {"kind": ""}
