"""What a plan on this machine goes by: measured here before scaled by a calibration before shipped; cited too."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from murakkab.profiling.calibrate import factor
from murakkab.profiling.store import Calibration, Kept, Learnt, ProfileStore, base_of, learnt_of
from murakkab.profiling.versions import is_current
from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.hardware import CPU
from murakkab_optimizer.profiles.nouns import Profile

CORRECTION = "MURAKKAB_CORRECTION"
"""Environment variable: with ``off``, runs say nothing of the user's profiles, and what they said does not count."""


ALIKE = 0.1
"""Machines that differ by less count as alike: a calibration of half a second is no more exact."""


def corrects() -> bool:
    """Whether what runs say of the user's profiles counts."""
    return os.environ.get(CORRECTION, "").lower() not in ("off", "0", "no")


def known_profiles(
    cards: Iterable[ModelCard],
    shipped: Sequence[Profile],
    store: ProfileStore | None = None,
    *,
    corrected: bool = True,
    pace: Mapping[str, float] | None = None,
) -> list[Profile]:
    """The profiles that a plan on this machine, or for workers elsewhere, uses, the most trustworthy first.

    Measured ones are left out where the model, its adapter or its packages have changed since. Shipped ones that a
    measured one replaces are left out; the others are scaled where a calibration is kept, but for cited ones.
    Seconds to load are those of the model on this machine, where they are known. A file that cannot be read counts as
    empty, and a line of warning says so.

    Args:
        cards: the models that are asked about.
        shipped: profiles that come with the catalogue.
        store: of this machine; by default the user's.
        corrected: by what runs observed; of the user's store only where ``MURAKKAB_CORRECTION`` does not forbid it.
        pace: by class of work, the factors of the machines that do the work; of this one by default.

    """
    corrected = corrected and (store is not None or corrects())
    store, by_name = store or ProfileStore(), {card.name: card for card in cards}
    kept = store.content()
    here = list(measured_here(by_name.values(), kept))
    others = (_scaled(p, by_name.get(p.model), kept.calibration) for p in shipped if not _replaced(p, here))
    loads = {profile.model: profile.load_s for profile in here}
    found = here + [_loading(profile, loads) for profile in others]
    if pace:
        found = [_there(profile, by_name.get(profile.model), kept.calibration, pace) for profile in found]
    learnt = store.runs.content().learnt if corrected else {}
    return [as_runs_say(profile, learnt) for profile in found] if learnt else found


def measured_here(cards: Iterable[ModelCard], kept: Kept) -> Iterator[Profile]:
    """Kept profiles that still hold."""
    by_name = {card.name: card for card in cards}
    for record in kept.records:
        card = by_name.get(record.profile.model)
        if card is not None and is_current(card, record.versions):
            yield msgspec.structs.replace(record.profile, load_s=record.load_s)


def _loading(profile: Profile, loads: Mapping[str, float]) -> Profile:
    """A profile with the seconds that its model was seen to load here; those of other devices stay as they are."""
    load_s = loads.get(profile.model, 0.0) if profile.device == CPU else 0.0
    return msgspec.structs.replace(profile, load_s=load_s) if load_s else profile


def _replaced(profile: Profile, here: Sequence[Profile]) -> bool:
    """Whether one was measured here for the same settings in the same conditions."""
    if profile.device != CPU or profile.provenance.kind == "cited":
        return False
    return any(
        mine.model == profile.model
        and mine.unit == profile.unit
        and mine.conditions == profile.conditions
        and profile.holds_for(mine.knobs)
        for mine in here
    )


def _scaled(profile: Profile, card: ModelCard | None, calibration: Calibration | None) -> Profile:
    """A shipped profile as it would be on this machine."""
    known = profile.provenance
    if known.kind != "shipped" or profile.device != CPU or card is None or calibration is None:
        return profile
    by = factor(card.packages, calibration)
    source = f"{known.source}; times {by:.2f} by a calibration of this machine on {calibration.date}"
    return profile.slower(by, kind="scaled", source=source)


def _there(profile: Profile, card: ModelCard | None, here: Calibration | None, pace: Mapping[str, float]) -> Profile:
    """A profile as it would be on other machines; one that was measured here, only where this one is calibrated."""
    known = profile.provenance
    told = ("shipped", "scaled", "measured") if here is not None else ("shipped",)
    if known.kind not in told or profile.device != CPU or card is None:
        return profile
    by = factor(card.packages, Calibration(dict(pace), "")) / (factor(card.packages, here) if here else 1.0)
    if abs(by - 1.0) < ALIKE:
        return profile
    source = f"{known.source}; times {by:.2f}, by the calibrations of the workers' machines and this one"
    return profile.slower(by, kind="scaled", source=source)


def as_runs_say(profile: Profile, learnt: Mapping[str, Learnt]) -> Profile:
    """A profile with what runs said of it."""
    found = learnt.get(learnt_of(profile))
    if found is None or found.base != base_of(profile):
        return profile
    by, count = found.correction.factor, found.correction.count
    source = f"{profile.provenance.source}; times {by:.2f} by what {count} runs took"
    return profile.slower(by, source=source)
