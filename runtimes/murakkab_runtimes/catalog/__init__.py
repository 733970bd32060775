"""The catalogue: models, what they can be asked to do, the types of what passes between them, profiles and devices.

It is read from the YAML files beside this one, of the folders in ``MURAKKAB_CATALOG``, and of installed packages that
name a folder of theirs in the entry-point group ``murakkab.catalogs``. A file may hold several documents of the kinds
``Model``, ``Capability``, ``Types``, ``Profiles`` and ``Device``. Long tables of profiles stand in a folder
``profiles`` inside such a folder: they are read only where a plan needs them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from murakkab_optimizer.catalog import Capability, ModelCard
from murakkab_optimizer.hardware import DeviceType
from murakkab_optimizer.profiles import Profile, shipped
from murakkab_runtimes.catalog.documents import Catalog, CatalogError, add, check, read_documents

__all__ = [
    "Catalog",
    "CatalogError",
    "load_capabilities",
    "load_catalog",
    "load_devices",
    "load_profiles",
    "load_types",
    "read_catalog",
    "read_profiles",
]

FOLDER = Path(__file__).parent
VARIABLE = "MURAKKAB_CATALOG"
"""Environment variable with further folders, separated as in PATH."""

GROUP = "murakkab.catalogs"
"""Entry-point group in which a package says where its files are: ``name = "package"`` or ``"package.folder"``."""


def load_catalog() -> dict[str, ModelCard]:
    """All models by name.

    Raises:
        CatalogError: a document does not fit the schema or a name stands twice.
    """
    return read_catalog(*_folders()).cards


def load_capabilities() -> dict[str, Capability]:
    """All capabilities by name; CatalogError as for ``load_catalog``."""
    return read_catalog(*_folders()).capabilities


def load_types() -> dict[str, Any]:
    """All declared types by name, as they were written; CatalogError as for ``load_catalog``."""
    return read_catalog(*_folders()).types


def load_devices() -> dict[str, DeviceType]:
    """All types of accelerators by name; CatalogError as for ``load_catalog``."""
    return read_catalog(*_folders()).devices


def load_profiles() -> list[Profile]:
    """All profiles: what the cards of this project measured (``shipped``), and those of the documents (``cited``).

    Raises:
        CatalogError: as for ``load_catalog``.
    """
    folders = _folders()
    measured = [profile for card in read_catalog(*folders).cards.values() for profile in shipped(card)]
    return measured + list(read_profiles(*folders))


def _folders() -> tuple[Path, ...]:
    named = [Path(folder) for folder in os.environ.get(VARIABLE, "").split(os.pathsep) if folder]
    if absent := next((folder for folder in named if not folder.is_dir()), None):
        raise CatalogError(f"{VARIABLE} names {absent}, and there is no such folder")
    return tuple(dict.fromkeys([FOLDER, *_installed(), *named]))


@cache
def _installed() -> tuple[Path, ...]:
    """The folders that installed packages name."""
    return tuple(folder for entry in entry_points(group=GROUP) for folder in _package_folders(entry))


def _package_folders(entry: EntryPoint) -> Iterator[Path]:
    """Where a package, or a folder inside it, lies; found without importing the package."""
    package, *inside = entry.value.split(".")
    spec = find_spec(package)
    folders = [Path(place, *inside) for place in (spec.submodule_search_locations or [] if spec else [])]
    if not any(folder.is_dir() for folder in folders):
        owner = f" of the package '{entry.dist.name}'" if entry.dist else ""
        raise CatalogError(f"the entry point '{entry.name}'{owner} in {GROUP}: there is no folder '{entry.value}'")
    yield from folders


@cache
def read_catalog(*folders: Path) -> Catalog:
    """Read every ``*.yaml`` in the folders, once a process."""
    catalog = Catalog()
    for file in (file for folder in folders for file in sorted(folder.glob("*.yaml"))):
        for document in read_documents(file):
            add(catalog, document, file)
    check(catalog)
    for name, description in _undescribed(catalog).items():
        catalog.capabilities[name] = Capability(name, description)
    for name, known in catalog.capabilities.items():
        catalog.capabilities[name] = msgspec.structs.replace(known, types={**catalog.types, **known.types})
    return catalog


@cache
def read_profiles(*folders: Path) -> tuple[Profile, ...]:
    """The profiles of the documents in the folders and in the folders ``profiles`` inside them, once a process."""
    catalog = read_catalog(*folders)
    tables = Catalog()
    for file in (file for folder in folders for file in sorted(folder.glob("profiles/*.yaml"))):
        for document in read_documents(file):
            add(tables, document, file)
        if tables.cards or tables.capabilities or tables.types or tables.devices:
            raise CatalogError(f"{file}: only documents of kind Profiles may stand in a folder 'profiles'")
    check(msgspec.structs.replace(catalog, profiles=tables.profiles))
    return tuple(profile for profile, _ in [*catalog.profiles, *tables.profiles])


def _undescribed(catalog: Catalog) -> dict[str, str]:
    """Capabilities that only cards name, with what the cards say."""
    found: dict[str, str] = {}
    for card in catalog.cards.values():
        if card.capability not in catalog.capabilities:
            found[card.capability] = f"{found.get(card.capability, '')} {card.description}".strip()
    return found
