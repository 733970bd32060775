"""The model cards: those in the YAML files beside this one, and those in the folders of ``MURAKKAB_CATALOG``."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import msgspec
import yaml

from murakkab_optimizer.catalog import ModelCard

FOLDER = Path(__file__).parent
VARIABLE = "MURAKKAB_CATALOG"
"""Environment variable with further folders of cards, separated as in PATH."""


def load_catalog() -> dict[str, ModelCard]:
    """All cards by name.

    Raises:
        ValueError: a card does not fit the schema or a name stands twice; the message names the file.
    """
    more = [Path(folder) for folder in os.environ.get(VARIABLE, "").split(os.pathsep) if folder]
    return read_cards(FOLDER, *more)


@cache
def read_cards(*folders: Path) -> dict[str, ModelCard]:
    """Read every ``*.yaml`` in the folders; a file may hold several cards, one YAML document each."""
    cards: dict[str, ModelCard] = {}
    for file in (file for folder in folders for file in sorted(folder.glob("*.yaml"))):
        for document in yaml.load_all(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            card = _card(document, file)
            if card.name in cards:
                raise ValueError(f"{file}: the model '{card.name}' is described twice")
            cards[card.name] = card
    return cards


def _card(document: object, file: Path) -> ModelCard:
    if not isinstance(document, dict):
        raise ValueError(f"{file}: expected a mapping that describes a model")
    if document.pop("apiVersion", None) != "murakkab/v1" or document.pop("kind", None) != "Model":
        raise ValueError(f"{file}: expected 'apiVersion: murakkab/v1' and 'kind: Model'")
    try:
        return msgspec.convert(document, ModelCard)
    except msgspec.ValidationError as fault:
        raise ValueError(f"{file}: {document.get('name', '?')}: {fault}") from None
