"""Where the weights of a hub model lie on this machine. Nothing is ever downloaded here: a person does that, once.

``MURAKKAB_MODELS`` names folders (separated as in PATH) that hold models as ``<owner>/<name>``; after them comes the
cache of Hugging Face, at the revision that the card names.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from murakkab_optimizer.catalog import ModelCard, Weights
from murakkab_runtimes.base import Unavailable

FOLDERS = "MURAKKAB_MODELS"


def weights_folder(card: ModelCard) -> Path:
    """Folder that holds the weights of a card.

    Raises:
        Unavailable: they are not on this machine; the message has the command that gets them.
        ValueError: the card names no weights.
    """
    if card.weights is None:
        raise ValueError(f"the card '{card.name}' names no weights")
    if (found := find_weights(card.weights)) is None:
        raise Unavailable(f"the weights of {card.name} are not on this machine; run: {how_to_get(card.weights)}")
    return found


def find_weights(weights: Weights) -> Path | None:
    """The folder, or None where the weights are not on this machine."""
    for folder in filter(None, os.environ.get(FOLDERS, "").split(os.pathsep)):
        if (path := Path(folder).expanduser() / weights.repo).is_dir():
            return path
    return _cached(weights)


def how_to_get(weights: Weights) -> str:
    """The command that gets the weights, and what it needs."""
    revision = "" if weights.revision == "main" else f" --revision {weights.revision}"
    first = f" (first accept its licence at https://huggingface.co/{weights.repo} and run: hf auth login)"
    return f"hf download {weights.repo}{revision}{first if weights.gated else ''}"


def _cached(weights: Weights) -> Path | None:
    """The snapshot in the cache of Hugging Face."""
    if importlib.util.find_spec("huggingface_hub") is None:
        return None
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(weights.repo, revision=weights.revision, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
