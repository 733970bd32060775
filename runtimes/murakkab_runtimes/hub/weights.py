"""Where the weights of a hub model lie on this machine. Nothing is ever downloaded here: a person does that, once.

``MURAKKAB_MODELS`` names folders (separated as in PATH) that hold models as ``<owner>/<name>``; after them comes the
cache of Hugging Face, at the revision that the card names. A card with a ``url`` means one file in such a folder.
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
        path = Path(folder).expanduser() / weights.repo
        if path.is_dir() and (path / weights.file).exists():
            return path
    return None if weights.url else _cached(weights)


def how_to_get(weights: Weights) -> str:
    """The command that gets the weights, and what it needs."""
    if weights.url:
        folder = f"{_first_folder()}/{weights.repo}"
        return f"curl --location --create-dirs --output {folder}/{weights.file} {weights.url}"
    revision = "" if weights.revision == "main" else f" --revision {weights.revision}"
    first = f" (first accept its licence at https://huggingface.co/{weights.repo} and run: hf auth login)"
    return f"hf download {weights.repo}{revision}{first if weights.gated else ''}"


def _first_folder() -> str:
    """Where a person puts files: the first folder of ``MURAKKAB_MODELS``, or what stands for it."""
    return next(filter(None, os.environ.get(FOLDERS, "").split(os.pathsep)), f"${FOLDERS}")


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
