"""The speed at conditions that nobody measured: that of a profile, times what measurements say of the difference.

Where profiles differ in one amount alone (pixels, steps, frames, tokens), a curve through them says what it changes
(`curve`); amounts that differ together change one after the other. Where there are no such profiles, it is a latency
model of all devices that the model was measured on (`latency`). Where that is not enough, the nearest profile is taken
as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from murakkab_optimizer.profiles import conditions
from murakkab_optimizer.profiles.conditions import Amounts, amounts
from murakkab_optimizer.profiles.curve import error_at, rising, seconds_at
from murakkab_optimizer.profiles.nouns import Profile, nearest_first, taken
from murakkab_optimizer.profiles.series import Index, Series, Wanted
from murakkab_optimizer.profiles.shared import Shared, fitted, rate

SAME = 1e-6
"""Amounts that differ by a smaller share are the same."""


class Family:
    """All that is known of a model, on any device and at any setting; latency models of it are fitted once.

    Args:
        profiles: of one model.

    """

    def __init__(self, profiles: Sequence[Profile]) -> None:
        self.profiles = profiles
        self._names = frozenset(name for profile in profiles for name in taken(profile))
        self._indices: dict[object, Index] = {}
        self._fitted: dict[object, Shared | None] = {}

    def at(self, group: Iterable[Profile], wanted: Wanted) -> Profile | None:
        """The profile at the conditions that are wanted; None where nothing is known.

        Args:
            group: profiles of the family that may stand for it; of equally near ones the first.
            wanted: conditions and settings, as `conditions.drawn` puts them together.

        """
        anchor, curves = self._start(group, wanted)
        if anchor is None or not (apart := _apart(anchor, wanted)):
            return anchor
        if curves:
            return _on_curves(anchor, curves, wanted)
        return self._by_model(anchor, wanted, apart) or _as_it_is(anchor, wanted, apart)

    def basis(self, group: Iterable[Profile], wanted: Wanted) -> list[Profile]:
        """The profiles that ``at`` takes times from, each once: all of its curves, else the nearest one.

        Where all of them change by a factor, so does what is inferred.
        """
        anchor, curves = self._start(group, wanted)
        if anchor is None:
            return []
        found = [anchor, *(profile for series in curves.values() for profile in series.values())]
        return [profile for place, profile in enumerate(found) if profile not in found[:place]]

    def _start(self, group: Iterable[Profile], wanted: Wanted) -> tuple[Profile | None, dict[str, Series]]:
        """The profile to start from, and a series for each amount in which it is not what is wanted.

        One that was taken at just what is wanted, whatever its origin; else the nearest of one origin from which series
        lead to it; else the nearest of that origin, without series.
        """
        found = nearest_first(group, wanted)
        if not found or not _apart(found[0], wanted):
            return next(iter(found), None), {}
        index = self._index(wanted)
        found = index.of_one_origin(found)
        for profile in found:
            curves = {name: index.along(profile, name) for name in _apart(profile, wanted)}
            if all(curves.values()):
                return profile, curves
        return found[0], {}

    def _index(self, wanted: Wanted) -> Index:
        key = self._numbers(wanted)
        if key not in self._indices:
            self._indices[key] = Index(self.profiles, wanted)
        return self._indices[key]

    def _numbers(self, wanted: Wanted) -> frozenset[str]:
        """What is asked for in numbers that profiles have; it decides which of them compare."""
        return conditions.numbers(wanted) & self._names

    def _by_model(self, anchor: Profile, wanted: Wanted, apart: Sequence[str]) -> Profile | None:
        """By a latency model of the family; None where there is too little to fit it on."""
        here, there = amounts(taken(anchor), wanted), amounts(wanted, taken(anchor))
        key = (anchor.unit, tuple(here), tuple(apart), self._numbers(wanted))
        if key not in self._fitted:
            self._fitted[key] = fitted(anchor.unit, wanted, list(here), apart, self.profiles)
        if (model := self._fitted[key]) is None:
            return None
        by, error = model.ratio(anchor, here, there)
        return _scaled(anchor, wanted, by, f"by a model of {model.count} profiles of it", error)


def _differ(one: float, other: float) -> bool:
    return abs(one - other) > SAME * max(one, other)


def _apart(anchor: Profile, wanted: Wanted) -> list[str]:
    """The amounts in which a profile is not what is wanted; none where it takes no time at all."""
    asked = amounts(wanted, taken(anchor))
    here = amounts(taken(anchor), wanted) if rate(anchor) else {}
    return [name for name, value in here.items() if _differ(value, asked[name])]


def _on_curves(anchor: Profile, curves: Mapping[str, Series], wanted: Wanted) -> Profile:
    asked = amounts(wanted, taken(anchor))
    by = _along(anchor, curves, asked, rate) / rate(anchor)
    how = ", ".join(_told(name, series, asked[name]) for name, series in curves.items())
    found = _scaled(anchor, wanted, by, how, _error(curves, asked))
    return msgspec.structs.replace(found, **_parts(anchor, curves, asked))


def _along(anchor: Profile, curves: Mapping[str, Series], asked: Amounts, seconds: Callable[[Profile], float]) -> float:
    """Some seconds of the anchor at what is asked for, changed along one curve after the other."""
    found = seconds(anchor)
    for name, series in curves.items():
        points = [(work, seconds(profile)) for work, profile in series.items()]
        points = rising(points) if name in conditions.RISING else points
        found *= seconds_at(points, asked[name]) / seconds(anchor)
    return found


def _parts(anchor: Profile, curves: Mapping[str, Series], asked: Amounts) -> dict[str, float]:
    """Seconds of a task that all profiles of the curves tell beside those of a unit, on curves of their own."""
    found: dict[str, float] = {}
    for part in ("fixed_s", "first_s"):
        seconds = attrgetter(part)
        if all(seconds(profile) for series in curves.values() for profile in series.values()):
            found[part] = _along(anchor, curves, asked, seconds)
    return found


def _error(curves: Mapping[str, Series], asked: Amounts) -> float | None:
    """Of all curves together at worst; None where one of them cannot be checked."""
    errors = [error_at([(work, rate(p)) for work, p in curves[name].items()], asked[name]) for name in curves]
    known = [error for error in errors if error is not None]
    return sum(known) if len(known) == len(errors) else None


def _told(name: str, series: Series, work: float) -> str:
    low, high = (conditions.told(taken(profile), {name: 0.0}) for profile in _around(series, work))
    inside = min(series) <= work <= max(series)
    return f"interpolated between {low} and {high}" if inside else f"extrapolated from {low} and {high}"


def _around(series: Series, work: float) -> tuple[Profile, Profile]:
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
