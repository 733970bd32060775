"""Where the weights of a hub model lie on this machine. Nothing is ever downloaded here: a person does that, once.

``MURAKKAB_MODELS`` names folders (separated as in PATH) that hold models as ``<owner>/<name>``; after them comes the
cache of Hugging Face, at the revision that the card names. A card with a ``url`` means one file in such a folder.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from murakkab_optimizer.catalog import Component, ModelCard, Repository, Weights
from murakkab_runtimes.base import Unavailable

FOLDERS = "MURAKKAB_MODELS"

LOADS = 3.0
"""A load may take so many times what the card of the model says."""

SLOWEST_MB_S = 50.0
"""A disk reads weights at this pace at least."""

_SUFFIXES = {".safetensors", ".bin", ".pth", ".pt", ".gguf", ".onnx"}
"""Of files of weights."""


def weights_folder(card: ModelCard) -> Path:
    """Folder that holds the weights of a card; its adapter says what is missing in one that holds a part of them.

    Raises:
        Unavailable: they are not on this machine; the message has the command that gets them.
        ValueError: the card names no weights.
    """
    if card.weights is None:
        raise ValueError(f"the card '{card.name}' names no weights")
    try:
        folder, *_ = map(folder_of, (card.weights, *card.weights.components.values()))
    except Unavailable:
        told = f"the weights of {card.name} are not on this machine; run: {how_to_get(card.weights)}"
        raise Unavailable(told) from None
    return folder


def folder_of(place: Repository) -> Path:
    """Folder of a repository.

    Raises:
        Unavailable: it is not on this machine.
    """
    if (found := _find(place) or next(_folders(place), None)) is None:
        raise Unavailable(f"the weights {place.repo} are not on this machine")
    return found


def slowest_load_s(card: ModelCard) -> float:
    """Seconds that a load of a model may take, by what is known of it; 0 where nothing is."""
    return max(LOADS * card.load_s, card.weights_mb / SLOWEST_MB_S)


def missing(weights: Weights) -> list[Repository]:
    """The repositories of these weights that are not on this machine as a whole, each once."""
    lacking = [place for place in (weights, *weights.components.values()) if _find(place) is None]
    others = {place.repo: place for place in lacking if place.repo != weights.repo}
    return [*(place for place in lacking if place is weights), *others.values()]


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
    unused = "".join(f" --exclude '{files}'" for files in _unused(place))
    return f"hf download {place.repo}{revision}{unused}"


def _unused(place: Repository) -> list[str]:
    """Files of a repository that are not used, as patterns; settings of what is run elsewhere are."""
    if not isinstance(place, Weights):
        return []
    return [f"{name}/*" for name in place.components] + [f"{name}/*.safetensors" for name in place.without]


def _find(place: Repository) -> Path | None:
    """The folder that holds all of it, or None where none on this machine does."""
    return next((folder for folder in _folders(place) if _is_whole(folder, place)), None)


def _folders(place: Repository) -> Iterator[Path]:
    """Folders of that name, whatever of it they hold."""
    for folder in filter(None, os.environ.get(FOLDERS, "").split(os.pathsep)):
        path = Path(folder).expanduser() / place.repo
        if path.is_dir() and (path / _file(place)).exists():
            yield path
    if not _file(place) and (cached := _cached(place)) is not None:
        yield cached


def _is_whole(folder: Path, place: Repository) -> bool:
    """Whether all is there, as far as files tell that name others: a download may have been interrupted."""
    if _file(place):
        return True
    if isinstance(place, Component):
        return _is_filled(folder / place.folder)
    elsewhere = place.components if isinstance(place, Weights) else ()
    libraries = {name: kind[0] for name, kind in _read(folder / "model_index.json").items() if _is_component(kind)}
    if not libraries:
        return _is_filled(folder)
    return all(_is_there(folder / name, place, libraries[name]) for name in libraries if name not in elsewhere)


def _is_component(kind: object) -> bool:
    """Whether an entry of a pipeline's index is a component that it has: its library and its class."""
    return isinstance(kind, list) and kind[:1] not in ([], [None])


def _is_there(folder: Path, place: Repository, library: str) -> bool:
    """Whether a component of a pipeline is there; of one of diffusers that is run elsewhere, its settings."""
    if isinstance(place, Weights) and folder.name in place.without:
        return library != "diffusers" or (folder / "config.json").is_file()
    return _is_filled(folder)


def _is_filled(folder: Path) -> bool:
    """Whether a folder has all files of one of its indexes of weights; without one, weights where it has settings."""
    if not folder.is_dir():
        return False
    indexes = [set(_read(index).get("weight_map", {}).values()) for index in folder.glob("*.index.json")]
    if indexes:
        return any(all((folder / file).exists() for file in files) for files in indexes)
    suffixes = {path.suffix for path in folder.iterdir()}
    return bool(suffixes & _SUFFIXES) or bool(suffixes and not (folder / "config.json").exists())


def _read(file: Path) -> dict[str, Any]:
    """An index; empty where there is none that can be read."""
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(file.read_text("utf-8"))
        return found if isinstance(found, dict) else {}
    return {}


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
