"""Short silent films by diffusion pipelines, out of a picture and what is to happen in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.hub.diffusion import Diffusion, Pictures, larger, middle, pictures, read_picture
from murakkab_runtimes.hub.settings import SPREAD_WITH
from murakkab_runtimes.image.scene import sides
from murakkab_runtimes.image.words import text_of
from murakkab_runtimes.media.video import encode_clip

FPS = 24


@dataclass(frozen=True)
class Length:
    """How many frames of a film are shown, how many of them one call makes, and at how many a second they play."""

    shown: int
    made: int
    fps: int

    @classmethod
    def of(cls, model: Diffusion, task: Task) -> Length:
        """The length of a task's film.

        Options of the card: ``fps``, the model's own frame rate, which holds where the pipeline takes none; ``frames``
        with ``every`` and ``most``: a call makes a multiple of ``every`` and one more, ``most`` at most.

        Raises:
            InputError: the argument ``seconds`` is no positive number.
        """
        seconds = task.arguments.get("seconds")
        if not isinstance(seconds, int | float) or not 0 < seconds <= 600:
            raise InputError(f"{model.card.name}: seconds is {seconds!r}; give a length from 0 to 600")
        own = int(model.card.options.get("fps", FPS))
        fps = int(task.arguments.get("fps") or own) if model.takes("fps") else own
        shown = max(round(seconds * fps), 1)
        return cls(shown, whole(shown, model.card), fps)


def whole(frames: int, card: ModelCard) -> int:
    """The next larger number of frames that the model can make in one call, or the most that it can."""
    rule = card.options.get("frames", {})
    every, most = int(rule.get("every", 1)), int(rule.get("most", 10**6))
    return min(math.ceil(max(frames - 1, 0) / every) * every + 1, (most - 1) // every * every + 1)


class DiffusionFilm(Runtime):
    """Makes a film that begins with a picture; one longer than the model can make goes on from its last frame.

    Arguments: ``image``, ``prompt``, ``seconds``, width and height in pixels (those of the picture if absent), ``fps``
    (where the pipeline takes no frame rate, the film has the model's own). Value: ``{"video": raw H.264, "frames",
    "fps", "width", "height"}``. The knob ``steps`` at 0 gives the still picture.
    """

    loaded_with = SPREAD_WITH

    def __init__(self, card: ModelCard, threads: int) -> None:
        super().__init__(card, threads)
        self._model = Diffusion(card, threads)
        self.meter = self._model.meter

    def run(self, task: Task) -> Output:
        """Make one film."""
        begin = task.arguments.get("image")
        size = sides(task.arguments) if task.arguments.get("width") else read_picture(begin).size
        length = Length.of(self._model, task)
        still = self._model.knob(task, "steps") == 0
        seen = self._still(begin, size, length) if still else self._moving(task, begin, size, length)
        shown = middle(seen[: length.shown], size)
        value = {"video": save_film(shown, length.fps, task.scratch, task.threads), "frames": len(shown)}
        value |= {"fps": length.fps, "width": size[0], "height": size[1]}
        seconds = length.shown / length.fps
        return Output(value, {"frames": len(shown), "seconds": seconds, "peak_mb": self._model.peak_mb()})

    def _still(self, begin: object, size: tuple[int, int], length: Length) -> Pictures:
        return np.repeat(np.asarray(read_picture(begin, size))[None], length.shown, axis=0)

    def _moving(self, task: Task, begin: object, size: tuple[int, int], length: Length) -> Pictures:
        """Call after call, each from the last frame of the one before.

        Raises:
            InputError: the model makes other numbers of frames than its card says.
        """
        from PIL import Image

        width, height = larger(size, self.card)
        picture, prompt = read_picture(begin, (width, height)), text_of(task.arguments.get("prompt"))
        found: list[Pictures] = []
        done, window = 0, 0
        while done < length.shown:
            left = length.shown - done + bool(found)
            asked = {"prompt": prompt, "image": picture, "width": width, "height": height, "fps": length.fps}
            asked["frames"] = whole(left, self.card)
            share = (min(asked["frames"], left) - bool(found)) / length.shown
            made = pictures(self._model.call(task, asked, done / length.shown, share, window))
            found.append(made[1:] if found else made)
            if not len(found[-1]):
                raise InputError(
                    f"{self.card.name} made no further frame behind {done} of {length.shown}; "
                    "its card needs the option 'frames' with 'every'"
                )
            done, window, picture = done + len(found[-1]), window + 1, Image.fromarray(made[-1])
        return np.concatenate(found)


def save_film(shown: Pictures, fps: int, folder: Path, threads: int) -> Path:
    """Write pictures as a clip."""
    path = folder / "film.h264"
    height, width = shown.shape[1:3]
    encode_clip(path, list(shown), width, height, fps, threads=threads, layout="rgb24")
    return path
