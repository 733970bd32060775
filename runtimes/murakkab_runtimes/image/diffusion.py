"""Pictures by diffusion pipelines: from words, or from words and a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.hub.diffusion import Diffusion, larger, middle, pictures, read_picture
from murakkab_runtimes.hub.settings import SPREAD_WITH
from murakkab_runtimes.image.palettes import FAMILIES, rgb, roles
from murakkab_runtimes.image.scene import sides
from murakkab_runtimes.image.words import text_of

STYLE = "editorial illustration, no text, no letters"


class DiffusionImage(Runtime):
    """Makes a picture; what can be told in the card is said in ``hub.diffusion``.

    Arguments of text-to-image: section (``title``, ``question``, ``keywords``, ``mood``, ``topic``), width, height in
    pixels. Value: as that of the drawn scene, with the palette of the colour family that is most like the picture.
    Arguments of image-to-image: ``image``, ``prompt``, width and height (those of the picture if absent). Value:
    ``{"image": PNG, "width", "height"}``. Options: ``style``, words behind every prompt that is put together here, and
    ``multiple``, of which the sides must be one.
    """

    loaded_with = SPREAD_WITH

    def __init__(self, card: ModelCard, threads: int) -> None:
        super().__init__(card, threads)
        self._model = Diffusion(card, threads)
        self.meter = self._model.meter

    def run(self, task: Task) -> Output:
        """Make one picture; equal seeds and paths give equal pictures on equal devices."""
        begin = task.arguments.get("image")
        if begin is None:
            return self._scene(task)
        size = sides(task.arguments) if task.arguments.get("width") else read_picture(begin).size
        seen = self._seen(task, size, {"prompt": _prompt(task), "image": read_picture(begin, larger(size, self.card))})
        value = {"image": save_picture(seen, task.scratch), "width": size[0], "height": size[1]}
        return Output(value, {"peak_mb": self._model.peak_mb()})

    def _scene(self, task: Task) -> Output:
        style = str(self.card.options.get("style", STYLE))
        seen = self._seen(task, sides(task.arguments), {"prompt": describe(task.arguments.get("section"), style)})
        family = nearest_family(seen)
        value = {
            "image": save_picture(seen, task.scratch),
            "palette": roles(FAMILIES[family]),
            "style": family,
            "motifs": [],
            "drawn": False,
        }
        return Output(value, {"peak_mb": self._model.peak_mb()})

    def _seen(self, task: Task, size: tuple[int, int], asked: dict[str, Any]) -> NDArray[np.uint8]:
        width, height = larger(size, self.card)
        sized = {"width": width, "height": height} if self._model.takes("width") else {}
        picture: NDArray[np.uint8] = middle(pictures(self._model.call(task, {**asked, **sized})), size)[0]
        return picture


def describe(section: Any, style: str) -> str:  # noqa: ANN401 - whatever the script made
    """The words that a picture for a section is made from."""
    section = section if isinstance(section, Mapping) else {}
    parts = [text_of(section.get(name)).strip() for name in ("title", "topic", "keywords")]
    mood = text_of(section.get("mood")).strip()
    subject = ", ".join(dict.fromkeys(part for part in parts if part)) or "an abstract landscape"
    return ", ".join(part for part in (subject, f"{mood} mood" if mood else "", style) if part)


def nearest_family(seen: NDArray[np.uint8]) -> str:
    """The colour family whose sky, distance and ground are most like the upper, middle and lower third."""
    thirds = [part.reshape(-1, 3).mean(0) / 255 for part in np.array_split(seen, 3)]

    def distance(name: str) -> float:
        family = FAMILIES[name]
        wanted = [rgb(family.sky), rgb(family.mid), rgb(family.near)]
        return float(sum(np.square(np.subtract(a, b)).sum() for a, b in zip(thirds, wanted, strict=True)))

    return min(FAMILIES, key=distance)


def save_picture(seen: NDArray[np.uint8], folder: Path) -> Path:
    """Write a picture as PNG."""
    from PIL import Image

    path = folder / "picture.png"
    Image.fromarray(seen).save(path)
    return path


def _prompt(task: Task) -> str:
    prompt = text_of(task.arguments.get("prompt")).strip()
    if not prompt:
        raise InputError("the prompt is empty; say in words what the picture is to become")
    return prompt
