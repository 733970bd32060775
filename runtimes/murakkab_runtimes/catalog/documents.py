"""What the documents of the catalogue hold, and how they are read into the nouns of the optimizer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from murakkab_optimizer.catalog import Capability, ModelCard, Yields
from murakkab_optimizer.hardware import CPU, DeviceType
from murakkab_optimizer.profiles import Profile

Described = TypeVar("Described", ModelCard, Capability, DeviceType)

KINDS = "Model, Capability, Types, Profiles or Device"


class CatalogError(ValueError):
    """A file of the catalogue cannot be used; the message names it and says what is wrong."""


class Catalog(msgspec.Struct, frozen=True):
    """All that the catalogue files say, by name.

    Attributes:
        cards: the models.
        capabilities: those with a document, and, without a signature, those that only a card names.
        types: declared types in the notation of ``murakkab.language.kinds``.
        devices: types of accelerators.
        profiles: published ones, with the file that each comes from.

    """

    cards: dict[str, ModelCard] = {}
    capabilities: dict[str, Capability] = {}
    types: dict[str, Any] = {}
    devices: dict[str, DeviceType] = {}
    profiles: list[tuple[Profile, Path]] = []


def read_documents(file: Path) -> Iterator[object]:
    """The YAML documents of a file; CatalogError where it is none."""
    try:
        yield from yaml.load_all(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, OSError, ValueError) as fault:
        raise CatalogError(f"{file}: this is no YAML: {fault}") from None


def add(catalog: Catalog, document: object, file: Path) -> None:
    """Enter one document into the catalogue; CatalogError where it does not fit."""
    if not isinstance(document, dict):
        raise CatalogError(
            f"{file}: expected a mapping that describes a model, a capability, types, profiles or a device"
        )
    match document.pop("apiVersion", None), document.pop("kind", None):
        case ("murakkab/v1", "Model"):
            _enter(catalog.cards, _described(document, ModelCard, file), "model", file)
        case ("murakkab/v1", "Capability"):
            _enter(catalog.capabilities, _capability(document, file), "capability", file)
        case ("murakkab/v1", "Types"):
            _enter_types(catalog.types, document, file)
        case ("murakkab/v1", "Device"):
            _enter(catalog.devices, _device(document, file), "device", file)
        case ("murakkab/v1", "Profiles"):
            catalog.profiles.extend((profile, file) for profile in _profiles(document, file))
        case _:
            raise CatalogError(f"{file}: expected 'apiVersion: murakkab/v1' and 'kind:' {KINDS}")


def check(catalog: Catalog) -> None:
    """Refuse profiles of models, knobs or devices that the catalogue does not have."""
    for profile, file in catalog.profiles:
        where = f"{file}: profiles of {profile.model}"
        if profile.model not in catalog.cards:
            raise CatalogError(f"{where}: there is no such model{_near(profile.model, catalog.cards)}")
        if profile.device != CPU and profile.device not in catalog.devices:
            raise CatalogError(
                f"{where}: there is no device '{profile.device}'{_near(profile.device, catalog.devices)}"
            )
        for name in profile.knobs.keys() - catalog.cards[profile.model].knobs.keys():
            raise CatalogError(
                f"{where}: the model has no knob '{name}'; what a node asks for stands under 'conditions'"
            )


def _near(name: str, known: dict[str, Any]) -> str:
    found = get_close_matches(name, known, 3, 0.5)
    return f"; did you mean {' or '.join(found)}?" if found else ""


def _described(document: dict[str, Any], kind: type[Described], file: Path) -> Described:
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as fault:
        raise CatalogError(f"{file}: {document.get('name', '?')}: {fault}") from None


def _capability(document: dict[str, Any], file: Path) -> Capability:
    capability = _described(document, Capability, file)
    for said in (capability.yields, *(form.yields for form in capability.forms.values())):
        if said is not None and not _is_one(said):
            what = "'yields' must say 'items' or 'every_s', a number above 0"
            raise CatalogError(f"{file}: {capability.name}: {what}")
    return capability


def _is_one(said: Yields) -> bool:
    """Whether just one of the two is said."""
    return sorted((said.items > 0, 0 < said.every_s < math.inf)) == [False, True] and 0 in (said.items, said.every_s)


def _device(document: dict[str, Any], file: Path) -> DeviceType:
    device = _described(document, DeviceType, file)
    figures = {
        "reserved": device.reserved,
        "spot": device.spot or 0.0,
        "evictions_per_hour": device.evictions_per_hour or 0.0,
    }
    figures |= {"idle_w": device.idle_w, "peak_w": device.peak_w, "memory_mb": device.memory_mb}
    for name, value in figures.items():
        if not 0 <= value < math.inf:
            raise CatalogError(f"{file}: {device.name}: {name} is {value}, and must be a number of 0 or more")
    if device.server_size < 1:
        raise CatalogError(f"{file}: {device.name}: server_size is {device.server_size}, and must be 1 or more")
    return device


def _profiles(document: dict[str, Any], file: Path) -> Iterator[Profile]:
    """One profile a row; what is common to all stands beside the rows."""
    where = f"{file}: profiles of {document.get('model', '?')}"
    rows = document.pop("rows", None)
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise CatalogError(f"{where}: 'rows:' must be a list of mappings, one a profile")
    for number, row in enumerate(rows, 1):
        yield _profile(document, row, f"{where}, row {number}")


def _profile(common: dict[str, Any], row: dict[str, Any], where: str) -> Profile:
    merged = {**common, **row}
    for name in ("knobs", "conditions"):
        parts = (common.get(name) or {}, row.get(name) or {})
        if not all(isinstance(part, dict) for part in parts):
            raise CatalogError(f"{where}: '{name}' must be a mapping")
        merged[name] = {**parts[0], **parts[1]}
    try:
        profile = msgspec.convert(merged, Profile)
    except msgspec.ValidationError as fault:
        raise CatalogError(f"{where}: {fault}") from None
    if fault_of := _wrong(profile):
        raise CatalogError(f"{where}: {fault_of}")
    return profile


def _wrong(profile: Profile) -> str:
    """What no profile can be; empty where all is well."""
    figures = [profile.unit_s, profile.fixed_s, profile.first_s or 0.0, profile.spread_s, profile.power_w]
    figures += [
        profile.memory_mb,
        profile.load_s,
        *(one for point in profile.load for one in (point.rate, point.unit_s)),
    ]
    if not all(0 <= one < math.inf for one in figures):
        return "times, watts and memory must be numbers of 0 or more"
    if not profile.unit_s + profile.fixed_s:
        return "one of 'unit_s' and 'fixed_s' must be more than 0"
    if profile.devices < (0 if profile.device == CPU else 1):
        return "'devices' must be 1 or more"
    rates = [point.rate for point in profile.load]
    return "" if rates == sorted(set(rates)) else "the points of 'load' must stand by rising rate"


def _enter(known: dict[str, Described], new: Described, what: str, file: Path) -> None:
    if new.name in known:
        raise CatalogError(f"{file}: the {what} '{new.name}' is described twice")
    known[new.name] = new


def _enter_types(known: dict[str, Any], document: dict[str, Any], file: Path) -> None:
    types = document.pop("types", None)
    if not isinstance(types, dict) or document or not all(isinstance(name, str) for name in types):
        raise CatalogError(f"{file}: a document of kind Types holds 'types:', a mapping of names to types, and no more")
    for name, declared in types.items():
        if known.setdefault(name, declared) != declared:
            raise CatalogError(f"{file}: the type '{name}' is declared twice, each time otherwise")
