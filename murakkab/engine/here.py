"""What a plan on this machine goes by: the models that can be used, and what is known of their speed."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from murakkab_optimizer.catalog import Lighter, ModelCard
from murakkab_optimizer.planner import Here
from murakkab_runtimes.base import lighter_here, obstacle, only_planned
from murakkab_runtimes.workers.binding import Accelerator

if TYPE_CHECKING:
    from murakkab_optimizer.hardware import Cluster, Offer
    from murakkab_optimizer.profiles import Profile
    from murakkab_optimizer.profiles.memory import Seen

FRESH_S = 60.0
"""Seconds for which what is installed is taken to stay so."""


class There(msgspec.Struct, frozen=True):
    """What workers of other machines have.

    Attributes:
        models: names of those that they can use.
        accelerators: each one once.
        pace: by class of work, how much slower their cores are than those of the shipped profiles; empty where nobody
            knows.
        packages: import names, of what lighter settings need, that are wherever there is an accelerator.

    """

    models: frozenset[str]
    accelerators: tuple[Accelerator, ...] = ()
    pace: tuple[tuple[str, float], ...] = ()
    packages: frozenset[str] = frozenset()


Usable = tuple[list[ModelCard], dict[str, str]]
"""Models that can be used, and by name what the others would take."""


def available(cards: Mapping[str, ModelCard]) -> tuple[list[ModelCard], dict[str, str]]:
    """Split the catalogue into what can be used here and, by name, what the rest would take."""
    usable, absent = [], {}
    for card in cards.values():
        if lacking := obstacle(card):
            absent[card.name] = lacking
        else:
            usable.append(_with_lighter(card, lighter_here(card)))
    return usable, absent


def _with_lighter(card: ModelCard, kept: tuple[Lighter, ...]) -> ModelCard:
    """A card with none but these of its lighter settings."""
    return card if kept == card.lighter else msgspec.structs.replace(card, lighter=kept)


def offered(cards: Mapping[str, ModelCard], there: There) -> Usable:
    """As ``available``, where workers of other machines say which models they can use, and which packages they have."""
    found = [
        _with_lighter(card, tuple(one for one in card.lighter if there.packages.issuperset(one.packages)))
        for card in cards.values()
        if card.name in there.models
    ]
    others = [card for card in cards.values() if card.name not in there.models]
    return found, {card.name: only_planned(card) or "no worker there can use it" for card in others}


def usable(cards: Mapping[str, ModelCard]) -> Usable:
    """As ``available``, looked up once in a while."""
    named = {card.options.get("needs_environment") for card in cards.values()}
    environment = tuple((name, os.environ.get(name)) for name in sorted(filter(None, named)))
    return _usable_now(Same(cards), environment, int(time.monotonic() / FRESH_S))


@lru_cache(maxsize=4)
def _usable_now(cards: Same, environment: tuple[tuple[str, str | None], ...], when: int) -> Usable:
    return available(cards.what)


def profiles(cards: Mapping[str, ModelCard], there: There | None = None) -> list[Profile]:
    """What is known of speeds on this machine, or of workers; read again when the user's store was written.

    What runs say touches the store when it matters. Where nothing was measured or calibrated, it stands alone.
    """
    from murakkab.profiling.store import ProfileStore

    store = ProfileStore()
    stamp = next((file.stat().st_mtime_ns for file in (store.path, store.runs.path) if file.exists()), 0)
    return _profiles_now(Same(cards), str(store.path), stamp, () if there is None else there.pace)


@lru_cache(maxsize=4)
def _profiles_now(cards: Same, path: str, stamp: int, pace: tuple[tuple[str, float], ...]) -> list[Profile]:
    from murakkab.profiling import known_profiles
    from murakkab_runtimes.catalog import load_profiles

    return known_profiles(cards.what.values(), load_profiles(), pace=dict(pace))


def memories() -> Sequence[Seen]:
    """What was seen of the memory that configurations need on this machine; read again when that was written."""
    from murakkab.profiling.store import ProfileStore

    store = ProfileStore()
    stamps = tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in (store.path, store.runs.path))
    return _memories_now(str(store.path), stamps, os.environ.get("MURAKKAB_CORRECTION", ""))


@lru_cache(maxsize=4)
def _memories_now(path: str, stamps: tuple[int, ...], correction: str) -> Sequence[Seen]:
    from murakkab.profiling.memory import known_memories

    return known_memories()


class Same:
    """A thing by identity, as a key of what was found out for it."""

    def __init__(self, what: Any) -> None:  # noqa: ANN401 - whatever has no hash of its own
        self.what = what

    def __hash__(self) -> int:
        return id(self.what)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.what is self.what


def machines(cores: int, there: There | None) -> Cluster:
    """What a plan may use: so many cores, and the accelerators of this machine or of workers."""
    from murakkab.profiling import this_cluster
    from murakkab.profiling.accelerators import accelerator_offers

    def counted(offer: Offer) -> Offer:
        return msgspec.structs.replace(offer, count=cores) if offer.device.kind == "cpu" else offer

    found = this_cluster()
    offers = [counted(offer) for offer in found.offers if there is None or offer.device.kind == "cpu"]
    if there is not None:
        offers += accelerator_offers(spot=offers[0].spot, region=offers[0].region, those=there.accelerators)
    return msgspec.structs.replace(found, offers=tuple(offers))


def elsewhere(there: There) -> Cluster:
    """What workers of other machines have, as far as they tell; the memory of their machines they do not."""
    return msgspec.structs.replace(machines(1, there), memory_mb=0)


def this_machine(there: There | None = None) -> Here:
    """What is planned for: a processor and accelerators beside it, in the region that ``MURAKKAB_REGION`` names.

    ``MURAKKAB_SPOT=1`` says that the machine may be taken away.

    Args:
        there: workers of other machines, if it is them that work.

    """
    from murakkab.profiling.accelerators import accelerator_offers

    spot = os.environ.get("MURAKKAB_SPOT", "").lower() in ("1", "true", "yes")
    those = None if there is None else there.accelerators
    types = [offer.device for offer in accelerator_offers(spot=spot, region="", those=those)]
    devices = ("cpu", *(name for device in types for name in (device.kind, device.name)))
    return Here(tuple(dict.fromkeys(devices)), os.environ.get("MURAKKAB_REGION", ""), spot)
