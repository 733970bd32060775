"""Where the weights of a hub model lie on this machine. Nothing is ever downloaded here: a person does that, once.

``MURAKKAB_MODELS`` names folders (separated as in PATH) that hold models as ``<owner>/<name>``; after them comes the
cache of Hugging Face, at the revision that the card names. A card with a ``url`` means one file in such a folder.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from murakkab_optimizer.catalog import ModelCard, Repository, Weights
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
    if missing(card.weights):
        raise Unavailable(f"the weights of {card.name} are not on this machine; run: {how_to_get(card.weights)}")
    return folder_of(card.weights)


def folder_of(place: Repository) -> Path:
    """Folder of a repository.

    Raises:
        Unavailable: it is not on this machine.
    """
    if (found := _find(place)) is None:
        raise Unavailable(f"the weights {place.repo} are not on this machine")
    return found


def missing(weights: Weights) -> list[Repository]:
    """The repositories of these weights that are not on this machine, each once."""
    others = {place.repo: place for place in weights.components.values() if place.repo != weights.repo}
    return [place for place in (weights, *others.values()) if _find(place) is None]


def how_to_get(weights: Weights) -> str:
    """The command that gets what is missing of the weights (all, where nothing is), and what it needs."""
    places = missing(weights) or [weights]
    gated = [f"https://huggingface.co/{place.repo}" for place in places if place.gated]
    first = f" (first accept its licence at {' and '.join(gated)} and run: hf auth login)" if gated else ""
    return " && ".join(map(_command, places)) + first


def _command(place: Repository) -> str:
    if isinstance(place, Weights) and place.url:
        file = f"{_first_folder()}/{place.repo}/{place.file}"
        return f"curl --location --create-dirs --output {file} {place.url}"
    revision = "" if place.revision == "main" else f" --revision {place.revision}"
    elsewhere = place.components if isinstance(place, Weights) else ()
    unused = "".join(f" --exclude '{name}/*'" for name in elsewhere)
    return f"hf download {place.repo}{revision}{unused}"


def _find(place: Repository) -> Path | None:
    """The folder, or None where it is not on this machine."""
    for folder in filter(None, os.environ.get(FOLDERS, "").split(os.pathsep)):
        path = Path(folder).expanduser() / place.repo
        if path.is_dir() and (path / _file(place)).exists():
            return path
    return None if _file(place) else _cached(place)


def _file(place: Repository) -> str:
    return place.file if isinstance(place, Weights) else ""


def _first_folder() -> str:
    """Where a person puts files: the first folder of ``MURAKKAB_MODELS``, or what stands for it."""
    return next(filter(None, os.environ.get(FOLDERS, "").split(os.pathsep)), f"${FOLDERS}")


def _cached(place: Repository) -> Path | None:
    """The snapshot in the cache of Hugging Face."""
    if importlib.util.find_spec("huggingface_hub") is None:
        return None
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(place.repo, revision=place.revision, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
