"""What ``murakkab profile`` has to do: configurations that are not kept yet, and what cannot be measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from murakkab.profiling.measure import Configuration, Effort, configurations, why_not
from murakkab.profiling.store import Kept, Record, key_of
from murakkab.profiling.versions import is_current
from murakkab_optimizer.catalog import ModelCard

LOAD_S = 2.0
"""Seconds to load a model where nobody measured it."""


@dataclass(frozen=True)
class Todo:
    """What is left to do.

    Attributes:
        wanted: by model, configurations to measure.
        kept: how many are there already.
        skipped: by model, why it is not measured.
        expected_s: seconds that it will take on idle cores, about.

    """

    wanted: Mapping[str, Sequence[Configuration]]
    kept: int
    skipped: Mapping[str, str]
    expected_s: float

    @property
    def count(self) -> int:
        """Configurations to measure."""
        return sum(map(len, self.wanted.values()))


def todo(
    cards: Iterable[ModelCard], absent: Mapping[str, str], kept: Kept, effort: Effort, *, again: bool = False
) -> Todo:
    """Find out what is left to do.

    Args:
        cards: models that are asked for.
        absent: those that cannot be used here, each with why.
        kept: what is there.
        effort: how long a configuration is measured.
        again: measure what is there, too.

    """
    wanted: dict[str, Sequence[Configuration]] = {}
    skipped, there, expected = {}, 0, 0.0
    for card in cards:
        if why := absent.get(card.name) or why_not(card):
            skipped[card.name] = why
            continue
        every = configurations(card)
        left = [one for one in every if again or not _is_kept(one, kept)]
        there += len(every) - len(left)
        if left:
            wanted[card.name] = left
            expected += 2 * (card.load_s or LOAD_S) + sum(_expected_s(one, kept, effort) for one in left)
    return Todo(wanted, there, skipped, expected)


def record_of(one: Configuration, kept: Kept) -> Record | None:
    """The kept record of a configuration, current or not."""
    return next((record for record in kept.records if key_of(record.profile) == one.key), None)


def keep(record: Record, kept: Kept) -> None:
    """Put a record in the place of an older one of its configuration, and of those of that model at other versions."""
    kept.records = [old for old in kept.records if not _replaces(record, old)] + [record]


def _replaces(new: Record, old: Record) -> bool:
    if new.profile.model != old.profile.model:
        return False
    return key_of(new.profile) == key_of(old.profile) or new.versions != old.versions


def _is_kept(one: Configuration, kept: Kept) -> bool:
    record = record_of(one, kept)
    return record is not None and is_current(one.card, record.versions)


def _expected_s(one: Configuration, kept: Kept, effort: Effort) -> float:
    record = record_of(one, kept)
    if record is None:
        return effort.usual_s
    return record.took_s if effort.loaded else record.took_s / 2
