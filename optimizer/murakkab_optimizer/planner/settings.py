"""The settings of models that are tried, and how fast those are that take less memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.hardware import Offer
from murakkab_optimizer.profiles import Profile
from murakkab_optimizer.profiles.conditions import SPREAD

Loads = tuple[tuple[str, Any], ...]
"""Settings that hold from the loading of a model on, by name."""

SHARED = "other steps are given it so"
"""Why a model is used in lighter settings where its usual ones have room."""

SETTINGS = 64
"""Combinations of settings of one model that are looked at, those nearest to the usual ones first."""


def settings(card: ModelCard, pinned: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Combinations of settings of a model, the usual ones first; what is pinned stays so."""
    free = {
        name: [card.knobs[name], *(choice for choice in span.choices if choice != card.knobs[name])]
        for name, span in card.ranges.items()
        if span.choices and name in card.knobs and name not in pinned
    }
    for values in itertools.islice(itertools.product(*free.values()), SETTINGS):
        yield {**card.knobs, **dict(zip(free, values, strict=True)), **pinned}


def lighter(card: ModelCard, knobs: Mapping[str, Any], pinned: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Settings that take less memory of an accelerator than these; what is pinned stays so."""
    for one in card.lighter:
        changed = {**knobs, **one.knobs}
        kept = all(changed[name] == value for name, value in pinned.items())
        if changed != knobs and kept and go_together(changed):
            yield changed


def loads(card: ModelCard, knobs: Mapping[str, Any]) -> Loads:
    """Those of a configuration that its card names as lighter ones, and over how many devices a task is spread."""
    named = {name for one in card.lighter for name in one.knobs} | ({SPREAD} & card.knobs.keys())
    return tuple((name, knobs.get(name)) for name in sorted(named))


def spread_over(card: ModelCard, knobs: Mapping[str, Any], devices: int) -> dict[str, Any]:
    """Settings of a model whose tasks are spread over so many devices, where it can spread them."""
    return {**knobs, SPREAD: devices} if SPREAD in card.knobs else dict(knobs)


def go_together(knobs: Mapping[str, Any]) -> bool:
    """Whether a model can be loaded so.

    One whose parts wait in the memory of the machine cannot spread its tasks, nor one with plain attention.
    """
    waits, plain = knobs.get("offload", "none") != "none", knobs.get("attention") == "eager"
    return bool(knobs.get(SPREAD, 1) == 1 or not (waits or plain))


def can_have(card: ModelCard, knobs: Mapping[str, Any], pinned: Mapping[str, Any], devices: int, offer: Offer) -> bool:
    """Whether a task can have so many devices of an instance of an offer.

    Where workers do the work that are there, it takes a model that can spread a task to use more than one of theirs.

    Args:
        card: of the model.
        knobs: its settings.
        pinned: those of them that people ask for.
        devices: of the task.
        offer: the devices that there are.

    """
    spreads = SPREAD in card.knobs
    if spreads and not (pinned.get(SPREAD, devices) == devices and go_together(spread_over(card, knobs, devices))):
        return False
    if not offer.together:
        return devices <= offer.count
    return devices == 1 or (spreads and devices <= offer.together)


def because(card: ModelCard, knobs: Mapping[str, Any], short: str) -> str:
    """The settings that take less memory than others, and why they are taken; empty where nothing forces them.

    Args:
        card: of the model.
        knobs: its settings.
        short: in which settings it has no room and why; empty where these have none of the lighter ones.

    """
    found = card.lighter_with(knobs)
    if not short or found is None:
        return ""
    named = ", ".join(f"{knob} {value}" for knob, value in found.knobs.items())
    return f"; with {named}, since {short}"


def slowed(card: ModelCard, knobs: Mapping[str, Any], profile: Profile) -> Profile:
    """A speed as it is with lighter settings, estimated where it was not taken with them."""
    found = card.lighter_with(knobs)
    if found is None or all(profile.knobs.get(name) == value for name, value in found.knobs.items()):
        return profile
    told = " ".join(f"{name}={value}" for name, value in found.knobs.items())
    more = f" and {found.more_s:g} s more" if found.more_s else ""
    source = f"{profile.provenance.source}; times {found.slower:g}{more} with {told} ({found.source})"
    slow = profile.slower(found.slower, kind="estimated", source=source)
    first_s = None if slow.first_s is None else slow.first_s + found.more_s
    return msgspec.structs.replace(slow, fixed_s=slow.fixed_s + found.more_s, first_s=first_s)
