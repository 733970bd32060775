"""The adapter ``upscale-torch``: compact up-scaling networks, as Real-ESRGAN publishes them for films, by torch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import InputError, Output, Task, Unavailable
from murakkab_runtimes.hub.device import limit_threads, pick_device, pick_dtype
from murakkab_runtimes.hub.memory import Meter
from murakkab_runtimes.hub.settings import LOADED_WITH, read_settings
from murakkab_runtimes.hub.weights import weights_folder
from murakkab_runtimes.media.video import Picture
from murakkab_runtimes.video.upscale import Upscaler

BATCH = 4
LARGEST_BATCH = 64

_LAYER = re.compile(r"body\.(\d+)\.(weight|bias)")


class UpscaleTorch(Upscaler):
    """Enlarges frames in batches.

    The option ``file`` names the weights in their folder, a safetensors file or a .pth of tensors alone; without it
    they are the file at the card's ``weights.url``, or the only such file. Knobs: ``dtype``, ``batch`` (frames at
    once), and those of the encoder.

    Raises:
        Unavailable: torch or the weights are missing.
        InputError: the file holds no such network, or a knob has a value that it cannot have.
        OutOfMemory: it does not fit into the device.
    """

    layout = "rgb24"
    loaded_with = LOADED_WITH

    def __init__(self, card: ModelCard, threads: int) -> None:
        super().__init__(card, threads)
        limit_threads(threads)
        self._device = pick_device()
        dtype = pick_dtype(read_settings(card.knobs).dtype, self._device)
        self.meter: Meter = Meter(self._device)
        with self.meter.loading(card.name):
            self._network = Compact.of(read_tensors(_file(card)), self._device, dtype)

    def run(self, task: Task) -> Output:
        """Scale one clip."""
        self.meter.begin()
        output = super().run(task)
        return Output(output.value, {**output.meta, **self.meter.told()})

    def batch(self, task: Task) -> int:
        """The knob ``batch``."""
        batch = task.knobs.get("batch", self.card.knobs.get("batch", BATCH))
        if isinstance(batch, bool) or not isinstance(batch, int) or not 1 <= batch <= LARGEST_BATCH:
            raise InputError(f"the knob 'batch' is {batch!r}; give a number of frames from 1 to {LARGEST_BATCH}")
        return batch

    def enlarge(self, picture: Picture) -> Picture:
        """Return the frame larger by the factor of the network."""
        return next(iter(self.enlarge_all([picture])))

    def enlarge_all(self, pictures: list[Picture]) -> Iterable[Picture]:
        """Return frames of one size larger by the factor of the network."""
        import torch

        height, width = pictures[0].shape[:2]
        what = f"{self.card.name} at {width}x{height}, {len(pictures)} frames"
        with self.meter.working(what), torch.inference_mode():
            seen = torch.from_numpy(np.stack(pictures)).to(self._device).permute(0, 3, 1, 2)
            made = self._network(seen.to(self._network.dtype) / 255)
            larger = (made.float().clamp(0, 1) * 255).round().to(torch.uint8)
            return list(larger.permute(0, 2, 3, 1).contiguous().cpu().numpy())

    def warm(self) -> None:
        """Run the network once on a small picture."""
        self.enlarge(np.zeros((32, 32, 3), np.uint8))


@dataclass(frozen=True)
class Compact:
    """Convolutions of 3x3 with PReLU between them; the last makes ``scale`` squared pixels of each.

    They are added to the picture enlarged by repeating its pixels. The architecture is SRVGGNetCompact of Real-ESRGAN
    (X. Wang and others, "Real-ESRGAN", 2021, and its release 0.2.5); how many layers, how wide and how large a scale
    is read from the shapes of the tensors.

    Attributes:
        layers: weight and bias of each convolution, and the slopes behind it (None behind the last).
        scale: how much larger each side becomes.
    """

    layers: tuple[tuple[Any, Any, Any], ...]
    scale: int

    @classmethod
    def of(cls, tensors: Mapping[str, Any], device: Any, dtype: Any) -> Compact:  # noqa: ANN401 - of torch
        """The network of tensors called ``body.<i>.weight`` and ``body.<i>.bias``.

        Raises:
            InputError: they are not those of such a network.
        """
        convolutions = _checked(tensors)
        placed = {name: tensor.to(device, dtype) for name, tensor in tensors.items()}
        layers = tuple(
            (placed[f"body.{i}.weight"], placed[f"body.{i}.bias"], placed.get(f"body.{i + 1}.weight"))
            for i in range(0, 2 * convolutions, 2)
        )
        return cls(layers, _scale(layers[-1][0]))

    @property
    def dtype(self) -> Any:  # noqa: ANN401 - a dtype of torch
        """The number format it computes with."""
        return self.layers[0][0].dtype

    def __call__(self, pictures: Any) -> Any:  # noqa: ANN401 - tensors
        """Pictures x 3 x height x width in 0..1, larger; values may lie a little outside."""
        from torch.nn import functional

        found = pictures
        for weight, bias, slopes in self.layers:
            found = functional.conv2d(found, weight, bias, padding=1)
            found = found if slopes is None else functional.prelu(found, slopes)
        repeated = functional.interpolate(pictures, scale_factor=self.scale, mode="nearest")
        return functional.pixel_shuffle(found, self.scale) + repeated


def _checked(tensors: Mapping[str, Any]) -> int:
    """How many convolutions the tensors are; InputError where they do not follow one another."""
    others = [name for name in tensors if not _LAYER.fullmatch(name)]
    convolutions = sum(name.endswith("bias") for name in tensors)
    shapes = [
        tuple(tensors[f"body.{i}.weight"].shape) for i in range(2 * convolutions - 1) if f"body.{i}.weight" in tensors
    ]
    expected = _shapes([shape[0] for shape in shapes if len(shape) == 4])
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if others or not convolutions or found != expected:
        raise InputError("the weights are not those of a compact up-scaling network (SRVGGNetCompact with PReLU)")
    return convolutions


def _shapes(widths: list[int]) -> dict[str, tuple[int, ...]]:
    """Shapes of all tensors of a network whose convolutions have so many channels."""
    found: dict[str, tuple[int, ...]] = {}
    for at, (before, width) in enumerate(zip([3, *widths], widths, strict=False)):
        found |= {f"body.{2 * at}.weight": (width, before, 3, 3), f"body.{2 * at}.bias": (width,)}
        if at < len(widths) - 1:
            found[f"body.{2 * at + 1}.weight"] = (width,)
    return found


def _scale(last: Any) -> int:  # noqa: ANN401 - a tensor
    channels = int(last.shape[0])
    scale: int = round((channels / 3) ** 0.5)
    if 3 * scale**2 != channels:
        raise InputError(f"the last layer of the network has {channels} channels; 3 times a square number is needed")
    return scale


def read_tensors(path: Path) -> dict[str, Any]:
    """Tensors of a safetensors file, or of a .pth, in which nothing but tensors is read.

    Raises:
        InputError: it is no such file.
    """
    from pickle import UnpicklingError

    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        found = torch.load(path, map_location="cpu", weights_only=True)
        return dict(next((found[key] for key in ("params_ema", "params") if key in found), found))
    except (SafetensorError, UnpicklingError, EOFError, RuntimeError, TypeError, ValueError, OSError) as fault:
        raise InputError(f"the weights {path} cannot be read: {str(fault).partition('.')[0]}") from None


def _file(card: ModelCard) -> Path:
    folder = weights_folder(card)
    name = str(card.options.get("file") or (card.weights.file if card.weights else ""))
    found = [folder / name] if name else sorted(p for p in folder.iterdir() if p.suffix in (".safetensors", ".pth"))
    if len(found) != 1:
        raise InputError(f"{folder} holds {len(found)} files of weights; name one with the card's option 'file'")
    if not found[0].is_file():
        raise Unavailable(f"the weights {found[0]} are not there")
    return found[0]
