"""The model cards that ship with the project, read from the YAML files beside this one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec
import yaml

from murakkab_optimizer.catalog import ModelCard

FOLDER = Path(__file__).parent


@cache
def load_catalog(folder: Path = FOLDER) -> dict[str, ModelCard]:
    """Read every ``*.yaml`` in ``folder``; a file may hold several cards, one YAML document each.

    Raises:
        ValueError: a card does not fit the schema or a name stands twice; the message names the file.
    """
    cards: dict[str, ModelCard] = {}
    for file in sorted(folder.glob("*.yaml")):
        for document in yaml.load_all(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            if document.pop("apiVersion", None) != "murakkab/v1" or document.pop("kind", None) != "Model":
                raise ValueError(f"{file}: expected 'apiVersion: murakkab/v1' and 'kind: Model'")
            try:
                card = msgspec.convert(document, ModelCard)
            except msgspec.ValidationError as fault:
                raise ValueError(f"{file}: {document.get('name', '?')}: {fault}") from None
            if card.name in cards:
                raise ValueError(f"{file}: the model '{card.name}' is described twice")
            cards[card.name] = card
    return cards
