"""The catalogue: models, what they can be asked to do, and the types of what passes between them.

It is read from the YAML files beside this one, of the folders in ``MURAKKAB_CATALOG``, and of installed packages that
name a folder of theirs in the entry-point group ``murakkab.catalogs``. A file may hold several documents of the kinds
``Model``, ``Capability`` and ``Types``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from murakkab_optimizer.catalog import Capability, ModelCard

FOLDER = Path(__file__).parent
VARIABLE = "MURAKKAB_CATALOG"
"""Environment variable with further folders, separated as in PATH."""

GROUP = "murakkab.catalogs"
"""Entry-point group in which a package says where its files are: ``name = "package"`` or ``"package.folder"``."""

Described = TypeVar("Described", ModelCard, Capability)


class CatalogError(ValueError):
    """A file of the catalogue cannot be used; the message names it and says what is wrong."""


class Catalog(msgspec.Struct, frozen=True):
    """All that the catalogue files say, by name.

    Attributes:
        cards: the models.
        capabilities: those with a document, and, without a signature, those that only a card names.
        types: declared types in the notation of ``murakkab.language.kinds``.

    """

    cards: dict[str, ModelCard] = {}
    capabilities: dict[str, Capability] = {}
    types: dict[str, Any] = {}


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


def _folders() -> tuple[Path, ...]:
    named = [Path(folder) for folder in os.environ.get(VARIABLE, "").split(os.pathsep) if folder]
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
        for document in _documents(file):
            _add(catalog, document, file)
    for name, description in _undescribed(catalog).items():
        catalog.capabilities[name] = Capability(name, description)
    for name, known in catalog.capabilities.items():
        catalog.capabilities[name] = msgspec.structs.replace(known, types={**catalog.types, **known.types})
    return catalog


def _documents(file: Path) -> Iterator[object]:
    try:
        yield from yaml.load_all(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as fault:
        raise CatalogError(f"{file}: this is no YAML: {fault}") from None


def _undescribed(catalog: Catalog) -> dict[str, str]:
    """Capabilities that only cards name, with what the cards say."""
    found: dict[str, str] = {}
    for card in catalog.cards.values():
        if card.capability not in catalog.capabilities:
            found[card.capability] = f"{found.get(card.capability, '')} {card.description}".strip()
    return found


def _add(catalog: Catalog, document: object, file: Path) -> None:
    if not isinstance(document, dict):
        raise CatalogError(f"{file}: expected a mapping that describes a model, a capability or types")
    match document.pop("apiVersion", None), document.pop("kind", None):
        case ("murakkab/v1", "Model"):
            _enter(catalog.cards, _described(document, ModelCard, file), "model", file)
        case ("murakkab/v1", "Capability"):
            _enter(catalog.capabilities, _described(document, Capability, file), "capability", file)
        case ("murakkab/v1", "Types"):
            _enter_types(catalog.types, document, file)
        case _:
            raise CatalogError(f"{file}: expected 'apiVersion: murakkab/v1' and 'kind:' Model, Capability or Types")


def _described(document: dict[str, Any], kind: type[Described], file: Path) -> Described:
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as fault:
        raise CatalogError(f"{file}: {document.get('name', '?')}: {fault}") from None


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
