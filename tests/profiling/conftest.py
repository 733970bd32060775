from pathlib import Path

import pytest

from murakkab.profiling.machine import Machine
from murakkab.profiling.store import ProfileStore, Record
from murakkab.profiling.versions import versions_of
from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.profiles.nouns import Profile, Provenance

MACHINE = Machine("Test processor", 2, 8)


@pytest.fixture
def store(tmp_path: Path) -> ProfileStore:
    return ProfileStore(tmp_path / "profiles", MACHINE)


def measured(card: ModelCard, unit_s: float = 0.5, **fields: object) -> Record:
    """A record as ``murakkab profile`` keeps it."""
    known = Provenance("measured", "murakkab profile", "here", "2026-11-22", 5)
    one = Profile(card.name, "frame", unit_s, devices=card.needs.threads, provenance=known, **fields)  # type: ignore[arg-type]
    return Record(one, versions_of(card))


def keep(store: ProfileStore, *records: Record) -> None:
    with store.changing() as kept:
        kept.records += records
