"""The profiles that a model card itself holds: speeds that this project measured, on processors."""

from __future__ import annotations

from collections.abc import Iterator

from murakkab_optimizer.catalog import Measurement, ModelCard
from murakkab_optimizer.profiles.nouns import Profile, Provenance


def shipped(card: ModelCard) -> Iterator[Profile]:
    """The profiles that the measured speeds of a card are."""
    return (_profile(card, one) for one in card.measured)


def _profile(card: ModelCard, one: Measurement) -> Profile:
    """A measurement as a profile: what is no setting of the model is a condition that it was taken in."""
    return Profile(
        model=card.name,
        unit=one.unit,
        unit_s=one.seconds,
        devices=card.needs.threads,
        knobs={name: value for name, value in one.knobs.items() if name in card.knobs},
        conditions={name: value for name, value in one.knobs.items() if name not in card.knobs},
        spread_s=one.spread_s,
        memory_mb=float(card.needs.memory_mb),
        load_s=one.load_s,
        provenance=Provenance("shipped", "measured by this project, on the card", one.device, one.date, one.samples),
    )
