"""Which profiles of a model compare, and which differ in one amount only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from murakkab_optimizer.profiles import conditions
from murakkab_optimizer.profiles.conditions import amounts
from murakkab_optimizer.profiles.nouns import Profile, taken
from murakkab_optimizer.profiles.shared import origin, rate

Wanted = Mapping[str, Any]
Series = dict[float, Profile]
"""Profiles by the one amount in which they differ, rising."""


def kin(profile: Profile, wanted: Wanted) -> tuple[object, ...]:
    """What profiles must share for their times to compare: unit, origin, and the numbers that nobody asks for."""
    return (profile.unit, origin(profile), tuple(sorted(conditions.unasked(taken(profile), wanted).items())))


class Index:
    """The series among profiles, for all that is asked in the same numbers.

    Args:
        profiles: of one model; of equal ones the first counts.
        wanted: conditions and settings; the names of its numbers decide what compares.

    """

    def __init__(self, profiles: Sequence[Profile], wanted: Wanted) -> None:
        self.wanted = wanted
        self._series: dict[object, Series] = defaultdict(dict)
        self._known: dict[object, set[object]] = defaultdict(set)
        for profile in profiles:
            mine = amounts(taken(profile), wanted)
            self._known[profile.device, kin(profile, wanted)].add(tuple(mine.items()))
            for name in mine if rate(profile) > 0 else ():
                self._series[self._key(profile, name)].setdefault(mine[name], profile)

    def along(self, profile: Profile, name: str) -> Series:
        """Profiles that differ from this one in one amount only, with itself; empty where there is no other."""
        found = self._series.get(self._key(profile, name), {})
        return dict(sorted(found.items())) if len(found) > 1 else {}

    def of_one_origin(self, group: Sequence[Profile]) -> list[Profile]:
        """Those that compare with each other: of the origin that knows their device at most conditions.

        Publications differ by more than sizes do: two tables of Flux by the same authors are a factor of two apart. So
        all that is inferred of a device rests on one origin, whichever is nearest; else a larger picture could be
        inferred from faster figures than a smaller one.
        """
        best = max(group, key=lambda one: len(self._known[one.device, kin(one, self.wanted)]))
        return [one for one in group if kin(one, self.wanted) == kin(best, self.wanted)]

    def _key(self, profile: Profile, name: str) -> object:
        """All in which profiles of a series along an amount are the same."""
        at = taken(profile)
        others = {other: round(value, 6) for other, value in amounts(at, self.wanted).items() if other != name}
        words = str(sorted(conditions.words(at).items()))
        place = (profile.device, profile.devices, *kin(profile, self.wanted))
        return (name, place, words, tuple(sorted(others.items())))
