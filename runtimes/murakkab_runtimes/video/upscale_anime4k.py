"""The adapter ``anime4k``: a small convolutional network for drawn pictures (ACNet, in the package pyanime4k)."""

from __future__ import annotations

import importlib
import os
from typing import Any

import numpy as np

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import Unavailable
from murakkab_runtimes.media.video import Picture
from murakkab_runtimes.video.upscale import Resizer, Upscaler


class Anime4k(Upscaler):
    """Doubles luma with the network and chroma with a Lanczos filter.

    The number of threads is fixed once the package is first imported in a process (it uses OpenMP). Card option
    ``network``: one of the package's models.
    """

    def __init__(self, card: ModelCard, threads: int) -> None:
        super().__init__(card, threads)
        pyanime4k = _load(threads)
        network = str(card.options.get("network", "acnet-gan"))
        self._processor = pyanime4k.Processor("cpu", 0, network)
        if not self._processor.ok():
            raise Unavailable(f"pyanime4k cannot run the network '{network}': {self._processor.error()}")

    def enlarge(self, picture: Picture) -> Picture:
        """Return the planar frame at twice the size."""
        rows, width = picture.shape
        height = rows * 2 // 3
        doubled = Resizer(2 * width, 2 * height, self.layout)(picture)
        doubled[: 2 * height] = self._processor(np.ascontiguousarray(picture[:height]), 2.0)
        return doubled

    def warm(self) -> None:
        """Run the network once on a small picture."""
        self._processor(np.zeros((32, 32), np.uint8), 2.0)


def _load(threads: int) -> Any:  # noqa: ANN401
    """Import the package; its OpenMP reads the number of threads from the environment, then and never again."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = str(threads)
    try:
        return importlib.import_module("pyanime4k")
    except ImportError as fault:
        raise Unavailable(f"pyanime4k cannot be loaded ({fault}); install it: pip install pyanime4k==3.1.0") from None
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before
