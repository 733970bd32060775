"""Diffusion pipelines of Hugging Face diffusers: any class of theirs, as a card says, whole or one part of it.

Options of a card: ``pipeline``, the class (that of the weights if absent); ``arguments``, the class's own names for
what is asked of it where they differ from ``NAMES``; ``constants``, further arguments; ``load``, arguments for loading;
``dtypes``, number formats of single parts; ``noise``, ``device`` where noise must be drawn there. Knobs are those of
``hub.settings``, ``steps``, ``guidance``, ``strength``, and ``tiling`` (the autoencoder works tile by tile, which takes
less memory).
"""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import InputError, Task, Unavailable
from murakkab_runtimes.hub.device import limit_threads, pick_device
from murakkab_runtimes.hub.diffusion_parts import HEAVY, WHOLE, load
from murakkab_runtimes.hub.layers import between_layers
from murakkab_runtimes.hub.memory import Meter
from murakkab_runtimes.hub.settings import read_settings

NAMES = {
    "prompt": "prompt",
    "negative": "negative_prompt",
    "image": "image",
    "width": "width",
    "height": "height",
    "frames": "num_frames",
    "fps": "frame_rate",
    "steps": "num_inference_steps",
    "guidance": "guidance_scale",
    "strength": "strength",
}
"""What can be asked of a pipeline, and what most classes call it."""

KNOBS = ("steps", "guidance", "strength")
_LEFT_OUT = ("negative", "fps")
"""What is not said to a class that takes no such thing."""

Pictures = NDArray[np.uint8]
"""Pictures x height x width x 3, sRGB."""


class Diffusion:
    """A loaded pipeline.

    Args:
        card: of the model.
        threads: of the processor that it may use.
        part: what is loaded of it: a name in ``diffusion_parts``.

    Raises:
        Unavailable: a package or the weights are missing.
        InputError: the card asks for what the class does not take, or a knob has a value that it cannot have.
        OutOfMemory: the model does not fit into the device.
    """

    def __init__(self, card: ModelCard, threads: int, part: str = WHOLE) -> None:
        limit_threads(threads)
        self.card = card
        self.device = pick_device()
        settings = read_settings(card.knobs)
        self.meter = Meter(self.device)
        with self.meter.loading(card.name):
            self.pipe = load(card, settings, self.device, part)
        self._names = NAMES | dict(card.options.get("arguments", {}))
        self._takes = inspect.signature(type(self.pipe).__call__).parameters
        for knob in KNOBS:
            if knob in card.knobs and not self.takes(knob):
                raise InputError(f"{card.name}: {type(self.pipe).__name__} takes no {knob}: take it out of the card")

    def takes(self, name: str) -> bool:
        """Whether the class takes what is called so here."""
        return self._names[name] in self._takes

    def needs(self, name: str) -> bool:
        """Whether the class must be given what is called so here."""
        return self.takes(name) and self._takes[self._names[name]].default is inspect.Parameter.empty

    def knob(self, task: Task, name: str) -> Any:  # noqa: ANN401 - knobs have any type
        """The value of a knob for a task: as configured, else as the card has it; None where neither says."""
        return task.knobs.get(name, self.card.knobs.get(name))

    def call(
        self, task: Task, asked: Mapping[str, Any], begun: float = 0.0, share: float = 1.0, window: int = 0
    ) -> Any:  # noqa: ANN401 - what the pipeline returns
        """Run the pipeline; between steps, progress is told; between layers, too, a cancelled task ends.

        Args:
            task: whose knobs and seed hold.
            asked: by the names of ``NAMES``; what is None is not said.
            begun: share of the task that was done before.
            share: of the task that this call is.
            window: number of the call in its task; each draws other noise.

        Raises:
            InputError: the class does not take what is asked.
            OutOfMemory: it does not fit into the device.
        """
        knobs = {name: self.knob(task, name) for name in KNOBS}
        arguments = self._arguments({**knobs, **asked}) | dict(self.card.options.get("constants", {}))
        steps = _Steps(task, begun, share)
        if "callback_on_step_end" in self._takes:
            arguments["callback_on_step_end"] = steps
        if "generator" in self._takes:
            arguments["generator"] = self._noise(task, window)
        if not window:
            self.meter.begin()
        with self.meter.working(f"{self.card.name} {_size(asked)}".strip()), self.resting(), self.stopping(steps.alive):
            return self.pipe(**arguments, output_type="np", return_dict=False)

    @contextmanager
    def resting(self) -> Iterator[None]:
        """However work on the pipeline ends, what is off-loaded leaves the device, as at the end of a whole call."""
        try:
            yield
        finally:
            self.pipe.maybe_free_model_hooks()

    def stopping(self, alive: Callable[[], object]) -> AbstractContextManager[None]:
        """While it lasts, ``alive`` is called between layers; not between those that are compiled as one."""
        import torch

        compiled = HEAVY if self.card.knobs.get("compile") else ()
        parts = self.pipe.components.items()
        networks = [part for name, part in parts if isinstance(part, torch.nn.Module) and not name.startswith(compiled)]
        return between_layers(networks, alive)

    def peak_mb(self) -> int:
        """MiB of the device that the model took at most since the last task began."""
        return self.meter.peak_mb

    def _arguments(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        said = {name: value for name, value in asked.items() if value is not None}
        for name in [name for name in said if not self.takes(name)]:
            if name not in _LEFT_OUT:
                raise InputError(f"{self.card.name}: {type(self.pipe).__name__} takes no {name}")
            del said[name]
        return {self._names[name]: value for name, value in said.items()}

    def _noise(self, task: Task, window: int) -> Any:  # noqa: ANN401 - a torch generator
        import torch

        drawn_on = self.device if self.card.options.get("noise") == "device" else torch.device("cpu")
        return torch.Generator(drawn_on).manual_seed(zlib.crc32(f"{task.seed} {task.path} {window}".encode()))


class _Steps:
    """Called by the pipeline after each step of denoising."""

    def __init__(self, task: Task, begun: float, share: float) -> None:
        self._task, self._begun, self._share = task, begun, share
        self._done = begun

    def __call__(self, pipe: Any, step: int, _time: Any, tensors: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
        self._done = self._begun + self._share * min((step + 1) / max(pipe.num_timesteps, 1), 1.0)
        self.alive()
        return tensors

    def alive(self) -> None:
        """Say that it goes on; a cancelled task ends."""
        self._task.progress(self._done)


def pictures(found: Any) -> Pictures:  # noqa: ANN401 - arrays
    """What a pipeline returned (values in 0..1) as pictures; of several films, the first."""
    values = np.asarray(found[0])
    values = values[0] if values.ndim == 5 else values
    return (values * 255).round().clip(0, 255).astype(np.uint8)


def larger(size: tuple[int, int], card: ModelCard) -> tuple[int, int]:
    """Width and height, or the next larger ones that are multiples of the card's option ``multiple``."""
    multiple = int(card.options.get("multiple", 8))
    width, height = (-(-side // multiple) * multiple for side in size)
    return width, height


def middle(seen: Pictures, size: tuple[int, int]) -> Pictures:
    """The middle of pictures, of that width and height."""
    left, top = (seen.shape[2] - size[0]) // 2, (seen.shape[1] - size[1]) // 2
    return np.ascontiguousarray(seen[:, top : top + size[1], left : left + size[0]])


def read_picture(path: object, size: tuple[int, int] | None = None) -> Any:  # noqa: ANN401 - a PIL image
    """A picture file for a pipeline: its largest part of the proportions of ``size``, at that width and height.

    Raises:
        InputError: it is none that can be read.
        Unavailable: Pillow is missing.
    """
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError:
        raise Unavailable("pictures are read with a package: pip install 'murakkab[diffusers]'") from None
    try:
        with Image.open(str(path)) as file:
            picture = file.convert("RGB")
    except (OSError, UnidentifiedImageError):
        raise InputError(f"the picture {path} cannot be read (PNG, JPEG or WebP)") from None
    return picture if size is None else ImageOps.fit(picture, size, Image.Resampling.LANCZOS)


def _size(asked: Mapping[str, Any]) -> str:
    sides = "x".join(str(asked[name]) for name in ("width", "height") if asked.get(name))
    return f"at {sides}{', {} frames'.format(asked['frames']) if asked.get('frames') else ''}" if sides else ""
