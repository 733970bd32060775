"""The speed at conditions that nobody measured: the nearest profile, times what measurements say of the difference.

Where one amount differs (pixels, steps, frames, tokens) and profiles are known that differ in it alone, a curve through
them says so (`curve`). Where several differ, or the nearest profile stands alone, it is a latency model of all devices
that the model was measured on (`latency`). Where that is not enough, the nearest profile is taken as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from murakkab_optimizer.profiles import conditions
from murakkab_optimizer.profiles.conditions import amounts
from murakkab_optimizer.profiles.curve import Point, error_at, seconds_at
from murakkab_optimizer.profiles.nouns import Profile, nearest, taken
from murakkab_optimizer.profiles.shared import Shared, fitted, origin, rate

SAME = 1e-6
"""Amounts that differ by a smaller share are the same."""

Wanted = Mapping[str, Any]


class Family:
    """All that is known of a model, on any device and at any setting; latency models of it are fitted once.

    Args:
        profiles: of one model.

    """

    def __init__(self, profiles: Sequence[Profile]) -> None:
        self.profiles = profiles
        self._fitted: dict[tuple[object, ...], Shared | None] = {}

    def at(self, group: Iterable[Profile], wanted: Wanted) -> Profile | None:
        """The profile at the conditions that are wanted; None where nothing is known.

        Args:
            group: profiles of the family that may stand for it; of equally near ones the first.
            wanted: conditions and settings, as `conditions.drawn` puts them together.

        """
        anchor = nearest(group, wanted)
        if anchor is None:
            return None
        asked = amounts(wanted, taken(anchor))
        apart = [name for name, value in amounts(taken(anchor), wanted).items() if _differ(value, asked[name])]
        if not apart or not rate(anchor):
            return anchor
        series = _series(anchor, self.profiles, wanted, apart[0]) if len(apart) == 1 else {}
        if len(series) > 1:
            return _on_curve(anchor, series, wanted, apart[0])
        return self._by_model(anchor, wanted, apart) or _as_it_is(anchor, wanted, apart)

    def _by_model(self, anchor: Profile, wanted: Wanted, apart: Sequence[str]) -> Profile | None:
        """By a latency model of the family; None where there is too little to fit it on."""
        here, there = amounts(taken(anchor), wanted), amounts(wanted, taken(anchor))
        key = (anchor.unit, tuple(here), tuple(apart))
        if key not in self._fitted:
            self._fitted[key] = fitted(anchor.unit, wanted, list(here), apart, self.profiles)
        if (model := self._fitted[key]) is None:
            return None
        by, error = model.ratio(anchor, here, there)
        return _scaled(anchor, wanted, by, f"by a model of {model.count} profiles of it", error)


def _differ(one: float, other: float) -> bool:
    return abs(one - other) > SAME * max(one, other)


def _series(anchor: Profile, family: Iterable[Profile], wanted: Wanted, name: str) -> dict[float, Profile]:
    """Profiles that differ from the anchor in one amount only, by that amount."""
    same, found = (_rest(anchor, wanted, name), {amounts(taken(anchor), wanted)[name]: anchor})
    for profile in family:
        mine = amounts(taken(profile), wanted)
        if name in mine and rate(profile) > 0 and _rest(profile, wanted, name) == same:
            found.setdefault(mine[name], profile)
    return dict(sorted(found.items()))


def _rest(profile: Profile, wanted: Wanted, name: str) -> tuple[object, ...]:
    """All in which profiles of a series are the same."""
    others = {other: round(value, 6) for other, value in amounts(taken(profile), wanted).items() if other != name}
    place = (profile.device, profile.devices, profile.unit, origin(profile))
    return (*place, conditions.words(taken(profile)), others)


def _on_curve(anchor: Profile, series: Mapping[float, Profile], wanted: Wanted, name: str) -> Profile:
    points: list[Point] = [(work, rate(profile)) for work, profile in series.items()]
    work = amounts(wanted, taken(anchor))[name]
    ends = [conditions.told(taken(profile), {name: 0.0}) for profile in _around(series, work)]
    inside = points[0][0] <= work <= points[-1][0]
    how = f"interpolated between {ends[0]} and {ends[1]}" if inside else f"extrapolated from {ends[0]} and {ends[1]}"
    return _scaled(anchor, wanted, seconds_at(points, work) / rate(anchor), how, error_at(points, work))


def _around(series: Mapping[float, Profile], work: float) -> tuple[Profile, Profile]:
    """The two profiles that tell most of so much work."""
    works = list(series)
    above = max(next((i for i, known in enumerate(works) if known >= work), len(works) - 1), 1)
    return series[works[above - 1]], series[works[above]]


def _scaled(anchor: Profile, wanted: Wanted, by: float, how: str, error: float | None) -> Profile:
    far = "nothing more to check that by" if error is None else f"{error:.0%} off where that can be checked"
    at = conditions.told(wanted, amounts(taken(anchor), wanted))
    found = anchor.slower(by, kind="estimated", source=_joined(f"{how} ({far}) for {at}", anchor))
    return msgspec.structs.replace(found, conditions=_asked(anchor.conditions, wanted))


def _asked(known: Mapping[str, Any], wanted: Wanted) -> dict[str, Any]:
    return {name: wanted.get(name, value) for name, value in known.items()}


def _as_it_is(anchor: Profile, wanted: Wanted, apart: Sequence[str]) -> Profile:
    """The anchor, with a word on what it was taken at."""
    at = conditions.told(taken(anchor), dict.fromkeys(apart, 0.0))
    told = _joined(f"of {at}, the nearest that is known", anchor)
    return msgspec.structs.replace(anchor, provenance=msgspec.structs.replace(anchor.provenance, source=told))


def _joined(words: str, anchor: Profile) -> str:
    return "; ".join(filter(None, [words, anchor.provenance.source]))
