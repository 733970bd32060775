"""Probes of diffusion models that repaint and film, and of their parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from murakkab.profiling.probe import Inputs, Made, Piece, Pieces, Probe
from murakkab.profiling.probes import samples
from murakkab_optimizer.catalog import ModelCard

FILMED = (360, 480)
"""Heights of silent films that are measured, in lines: those that video models are made for, or a little less."""

FILM_S = (1.0, 3.0)
"""Seconds of them. The longer one is left out where the shorter one takes long."""

PROMPT = "the tide rises over the sand, and a fishing boat rocks on the waves"

_Size = dict[str, Any]
_Arguments = Callable[[Inputs, _Size], dict[str, Any]]
"""Of a task that makes what has this size."""


def films(card: ModelCard) -> Sequence[Probe]:
    """A short and a longer film that begin with a drawn scene, at each height."""
    return [_film(_sized(card, _begun, _lengths(height)), height) for height in FILMED]


def _begun(inputs: Inputs, size: _Size) -> dict[str, Any]:
    return {"image": _scene(inputs, size["height"]), "prompt": PROMPT, **size}


def repainting(card: ModelCard) -> Sequence[Probe]:
    """A drawn scene at each height."""
    return [_picture(_sized(card, _begun, [_size(height)]), height) for height in samples.HEIGHTS]


def encoding(card: ModelCard) -> Sequence[Probe]:
    """A sentence; encoders take as long for any."""
    return [Probe("task", lambda inputs: [Piece({"prompt": PROMPT})])]


def denoising(card: ModelCard) -> Sequence[Probe]:
    """The latents of a picture, or of a short and a longer film, at each height."""
    return _parts(card, lambda inputs, size: {"embeddings": _embeddings(card, inputs), **size})


def decoding(card: ModelCard) -> Sequence[Probe]:
    """The latents of a picture, or of a short and a longer film, at each height."""
    return _parts(card, partial(_latents, card))


def _parts(card: ModelCard, arguments: _Arguments) -> Sequence[Probe]:
    """A card whose model makes so many frames a call is one of films."""
    if "frames" not in card.options:
        return [_picture(_sized(card, arguments, [_size(height)]), height) for height in samples.HEIGHTS]
    return [_film(_sized(card, arguments, _lengths(height)), height) for height in FILMED]


def _sized(card: ModelCard, arguments: _Arguments, sizes: Sequence[_Size]) -> Pieces:
    """A piece of each size; of a film, about its frames are its units."""
    fps = float(card.options.get("fps", samples.FPS))
    return lambda inputs: [Piece(arguments(inputs, size), size.get("seconds", 1 / fps) * fps) for size in sizes]


def _lengths(height: int) -> list[_Size]:
    return [{**_size(height), "seconds": seconds} for seconds in FILM_S]


def _embeddings(card: ModelCard, inputs: Inputs) -> Any:  # noqa: ANN401 - a file
    return inputs.made(_sister(card, "text-encoding"), {"prompt": PROMPT}).value["embeddings"]


def _latents(card: ModelCard, inputs: Inputs, size: _Size) -> dict[str, Any]:
    arguments = {"embeddings": _embeddings(card, inputs), **size}
    return {"latents": inputs.made(_sister(card, "latent-denoising"), arguments).value["latents"]}


def _sister(card: ModelCard, capability: str) -> str:
    """Name of the part of the same weights that can do this."""
    from murakkab_runtimes.base import Unavailable
    from murakkab_runtimes.catalog import load_catalog

    every = (one for one in load_catalog().values() if one.capability == capability)
    found = next((one.name for one in every if _repository(one) == _repository(card)), None)
    if found is None:
        raise Unavailable(f"no model of '{capability}' has the weights of {card.name}, and its work begins with one")
    return found


def _repository(card: ModelCard) -> tuple[str, str] | None:
    return (card.weights.repo, card.weights.revision) if card.weights else None


def _scene(inputs: Inputs, height: int) -> Any:  # noqa: ANN401 - a file
    return inputs.made("drawn-scene", samples.scene_arguments("How tides work", height)).value["image"]


def _size(height: int) -> _Size:
    return {"width": samples.width(height), "height": height}


def _picture(pieces: Pieces, height: int) -> Probe:
    return Probe("image", pieces, conditions={"height": height})


def _film(pieces: Pieces, height: int) -> Probe:
    return Probe("frame", pieces, _frames, {"height": height})


def _frames(made: Made) -> float:
    return float(made.value["frames"])
