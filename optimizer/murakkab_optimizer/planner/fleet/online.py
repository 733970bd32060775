"""Profiles corrected by what runs observe (hole j)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from murakkab_optimizer.planner.fleet.nouns import FleetCatalogue
from murakkab_optimizer.profiles.nouns import LoadPoint, Profile

MOST = 3.0
"""An observation further off than this factor counts as an outlier and is cut to it."""


def corrected(catalogue: FleetCatalogue, ratios: Mapping[int, float], weight: float = 0.5) -> FleetCatalogue:
    """The catalogue after an epoch.

    Args:
        catalogue: as it was planned with.
        ratios: seconds of a unit observed over those predicted at the same load, by index of the profile (median of
            the epoch).
        weight: of what was observed.

    """
    profiles = tuple(
        _slower(profile, _factor(ratios[number], weight)) if number in ratios else profile
        for number, profile in enumerate(catalogue.profiles)
    )
    return FleetCatalogue(catalogue.configurations, profiles)


def _factor(ratio: float, weight: float) -> float:
    return float(min(max(ratio, 1 / MOST), MOST) ** weight)


def _slower(profile: Profile, factor: float) -> Profile:
    """The same calls in work, each unit so much slower and so the rate so much lower."""
    load = tuple(LoadPoint(point.rate / factor, point.unit_s * factor) for point in profile.load)
    return msgspec.structs.replace(profile, unit_s=profile.unit_s * factor, load=load)
