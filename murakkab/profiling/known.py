"""What a plan on this machine goes by: measured here before scaled by a calibration before shipped; cited too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from murakkab.profiling.store import Calibration, Kept, ProfileStore
from murakkab.profiling.versions import is_current
from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.hardware import CPU
from murakkab_optimizer.profiles.nouns import Profile


def known_profiles(
    cards: Iterable[ModelCard], shipped: Sequence[Profile], store: ProfileStore | None = None
) -> list[Profile]:
    """The profiles that a plan on this machine uses, the most trustworthy first.

    Measured ones are left out where the model, its adapter or its packages have changed since. Shipped ones that a
    measured one replaces are left out; the others are scaled where a calibration is kept. A store that cannot be read
    counts as empty.

    Args:
        cards: the models that are asked about.
        shipped: profiles that come with the catalogue.
        store: of this machine; by default the user's.

    """
    by_name = {card.name: card for card in cards}
    kept, _ = (store or ProfileStore()).read()
    here = list(measured_here(by_name.values(), kept))
    return here + [_scaled(p, by_name.get(p.model), kept.calibration) for p in shipped if not _replaced(p, here)]


def measured_here(cards: Iterable[ModelCard], kept: Kept) -> Iterable[Profile]:
    """Kept profiles that still hold."""
    by_name = {card.name: card for card in cards}
    for record in kept.records:
        card = by_name.get(record.profile.model)
        if card is not None and is_current(card, record.versions):
            yield record.profile


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
    if profile.provenance.kind != "shipped" or profile.device != CPU or card is None or calibration is None:
        return profile
    return profile
