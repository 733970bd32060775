from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from murakkab_runtimes.base import Task
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.media.audio import Pcm, write_wav
from murakkab_runtimes.media.codecs import RATE
from murakkab_runtimes.media.fmp4 import Fmp4
from murakkab_runtimes.media.video import encode_clip

WIDTH, HEIGHT = 64, 48


def pictures(count: int, width: int = WIDTH, height: int = HEIGHT, channels: int = 4) -> Iterator[np.ndarray]:
    """A bar that moves over a ramp; the array is reused."""
    frame = np.empty((height, width, channels), np.uint8)
    for number in range(count):
        frame[:] = np.linspace(30, 220, width, dtype=np.uint8)[None, :, None]
        at = number * 3 % (width - 8)
        frame[8:24, at : at + 8, :3] = (20, 200, 240)
        yield frame


def sweep(samples: int) -> Pcm:
    """A sine that rises slowly on the left, a steady one on the right."""
    when = np.arange(samples) / RATE
    left, right = np.sin(2 * np.pi * (200 * when + 150 * when**2)), np.sin(2 * np.pi * 440 * when)
    return np.asarray(np.stack([left, right], 1) * 12000, np.int16)


class Stream:
    """Packages clips of given lengths into one stream, as an ordered join would."""

    def __init__(self, folder: Path, fps: int = 24) -> None:
        self.folder, self.fps = folder, fps
        self.runtime = Fmp4(load_catalog()["fmp4"], 1)
        self.values: list[dict[str, Any]] = []
        self.frames = 0
        self.source = np.zeros((0, 2), np.int16)

    def add(self, frames: int, **fields: Any) -> dict[str, Any]:
        folder = self.folder / str(len(self.values))
        folder.mkdir()
        preset = ("ultrafast", "veryfast", "fast")[len(self.values) % 3]
        first, last = self.frames * RATE // self.fps, (self.frames + frames) * RATE // self.fps
        self.source = sweep(last)
        self.frames += frames
        clip = {
            "video": folder / "video.h264",
            "audio": folder / "audio.wav",
            "frames": frames,
            "fps": self.fps,
            "width": WIDTH,
            "height": HEIGHT,
            "cues": [],
        }
        encode_clip(clip["video"], pictures(frames), WIDTH, HEIGHT, self.fps, preset=preset)
        write_wav(clip["audio"], self.source[first:])
        return self.package(clip | fields, folder)

    def package(self, clip: dict[str, Any], folder: Path) -> dict[str, Any]:
        scratch = folder / "scratch"
        scratch.mkdir()
        previous = self.values[-1] if self.values else None
        output = self.runtime.run(Task(arguments={"clip": clip}, scratch=scratch, previous=previous))
        self.values.append(output.value)
        return output.value

    def joined(self) -> bytes:
        return self.values[0]["init"].read_bytes() + b"".join(value["segment"].read_bytes() for value in self.values)


@pytest.fixture
def stream(tmp_path: Path) -> Callable[..., Stream]:
    def make(name: str = "stream", fps: int = 24) -> Stream:
        folder = tmp_path / name
        folder.mkdir()
        return Stream(folder, fps)

    return make
