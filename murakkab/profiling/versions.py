"""What was measured, as names and versions: figures of another version are stale."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version

import msgspec

from murakkab_optimizer.catalog import ModelCard

CARD, ADAPTER = "card", "adapter"


def adapter_version(adapter: str) -> str:
    """Distribution, version and digest of the code of an adapter."""
    from murakkab.engine import source_digests

    return source_digests.adapter_version(adapter)


def versions_of(card: ModelCard) -> dict[str, str]:
    """Versions of a card, its adapter's code and the distributions of its packages; slow the first time."""
    known = _distributions() if card.packages else {}
    distributions = {known[name][0] for name in card.packages if name in known}
    return {CARD: _card(card), ADAPTER: adapter_version(card.adapter)} | {d: version(d) for d in sorted(distributions)}


def quick_versions_of(card: ModelCard) -> dict[str, str]:
    """As ``versions_of``, of those packages alone that are called as their distributions are."""
    named = {name: _installed(name) for name in sorted(card.packages)}
    known = {CARD: _card(card), ADAPTER: adapter_version(card.adapter)}
    return known | {name: number for name, number in named.items() if number}


@cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()


def is_current(card: ModelCard, versions: dict[str, str]) -> bool:
    """Whether figures that were taken at these versions still hold."""
    return all(_now(card, part) == value for part, value in versions.items())


def _now(card: ModelCard, part: str) -> str:
    if part in (CARD, ADAPTER):
        return _card(card) if part == CARD else adapter_version(card.adapter)
    return _installed(part)


@cache
def _installed(distribution: str) -> str:
    """Its version; empty where it is not installed. What a process has loaded stays as it is."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def _card(card: ModelCard) -> str:
    """Digest of what the speed of a model depends on."""
    facts = (card.capability, card.adapter, card.source, sorted(card.packages), card.options, card.needs.threads)
    return hashlib.sha256(msgspec.json.encode(facts, order="deterministic")).hexdigest()[:16]
