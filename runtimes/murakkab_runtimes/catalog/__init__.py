"""The catalogue: models, what they can be asked to do, and the types of what passes between them.

It is read from the YAML files beside this one, of the folders in ``MURAKKAB_CATALOG``, and of installed packages that
name a folder of theirs in the entry-point group ``murakkab.catalogs``. A file may hold several documents of the kinds
``Model``, ``Capability`` and ``Types``.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from murakkab_optimizer.catalog import Capability, ModelCard

FOLDER = Path(__file__).parent
VARIABLE = "MURAKKAB_CATALOG"
"""Environment variable with further folders, separated as in PATH."""

Described = TypeVar("Described", ModelCard, Capability)


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
        ValueError: a document does not fit the schema or a name stands twice; the message names the file.
    """
    return read_catalog(*_folders()).cards


def load_capabilities() -> dict[str, Capability]:
    """All capabilities by name; ValueError as for ``load_catalog``."""
    return read_catalog(*_folders()).capabilities


def load_types() -> dict[str, Any]:
    """All declared types by name, as they were written; ValueError as for ``load_catalog``."""
    return read_catalog(*_folders()).types


def _folders() -> tuple[Path, ...]:
    more = [Path(folder) for folder in os.environ.get(VARIABLE, "").split(os.pathsep) if folder]
    return tuple(dict.fromkeys([FOLDER, *more]))


@cache
def read_catalog(*folders: Path) -> Catalog:
    """Read every ``*.yaml`` in the folders, once a process."""
    catalog = Catalog()
    for file in (file for folder in folders for file in sorted(folder.glob("*.yaml"))):
        for document in yaml.load_all(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            _add(catalog, document, file)
    for name, description in _undescribed(catalog).items():
        catalog.capabilities[name] = Capability(name, description)
    for name, known in catalog.capabilities.items():
        catalog.capabilities[name] = msgspec.structs.replace(known, types={**catalog.types, **known.types})
    return catalog


def _undescribed(catalog: Catalog) -> dict[str, str]:
    """Capabilities that only cards name, with what the cards say."""
    found: dict[str, str] = {}
    for card in catalog.cards.values():
        if card.capability not in catalog.capabilities:
            found[card.capability] = f"{found.get(card.capability, '')} {card.description}".strip()
    return found


def _add(catalog: Catalog, document: object, file: Path) -> None:
    if not isinstance(document, dict):
        raise ValueError(f"{file}: expected a mapping that describes a model, a capability or types")
    match document.pop("apiVersion", None), document.pop("kind", None):
        case ("murakkab/v1", "Model"):
            _enter(catalog.cards, _described(document, ModelCard, file), "model", file)
        case ("murakkab/v1", "Capability"):
            _enter(catalog.capabilities, _described(document, Capability, file), "capability", file)
        case ("murakkab/v1", "Types"):
            _enter_types(catalog.types, document, file)
        case _:
            raise ValueError(f"{file}: expected 'apiVersion: murakkab/v1' and 'kind:' Model, Capability or Types")


def _described(document: dict[str, Any], kind: type[Described], file: Path) -> Described:
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as fault:
        raise ValueError(f"{file}: {document.get('name', '?')}: {fault}") from None


def _enter(known: dict[str, Described], new: Described, what: str, file: Path) -> None:
    if new.name in known:
        raise ValueError(f"{file}: the {what} '{new.name}' is described twice")
    known[new.name] = new


def _enter_types(known: dict[str, Any], document: dict[str, Any], file: Path) -> None:
    types = document.pop("types", None)
    if not isinstance(types, dict) or document or not all(isinstance(name, str) for name in types):
        raise ValueError(f"{file}: a document of kind Types holds 'types:', a mapping of names to types, and no more")
    for name, declared in types.items():
        if known.setdefault(name, declared) != declared:
            raise ValueError(f"{file}: the type '{name}' is declared twice, each time otherwise")
