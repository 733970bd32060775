"""Clips brought to the size of the canvas: the part that all up-scalers share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import av
from av.video.reformatter import Interpolation, VideoReformatter

from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.media.video import ClipEncoder, Picture, check_canvas, decode_clip

_TOLERANCE = 0.03


class Upscaler(Runtime):
    """Scales one clip a task.

    Arguments: ``clip`` (the value of the hosts node), ``width`` and ``height`` of the canvas. The value is the clip
    with another ``video`` at that size; a clip that has it already is returned as it is, without any work. Knobs:
    ``preset`` and ``crf`` of the encoder.

    A subclass enlarges frames by 2 (or any factor); what is missing to the canvas, or too much, is resampled with a
    Lanczos filter.
    """

    layout = "yuv420p"
    """Pixel layout that ``enlarge`` takes and returns."""

    @abstractmethod
    def enlarge(self, picture: Picture) -> Picture:
        """Return the frame larger by the factor of the model."""

    def enlarge_all(self, pictures: list[Picture]) -> Iterable[Picture]:
        """Return frames of one size, larger."""
        return map(self.enlarge, pictures)

    def batch(self, task: Task) -> int:
        """How many frames of a task are enlarged at once."""
        return 1

    def run(self, task: Task) -> Output:
        """Scale one clip."""
        clip, width, height = _read(task)
        meta = {"frames": clip["frames"], "seconds": clip["frames"] / clip["fps"]}
        if (clip["width"], clip["height"]) == (width, height):
            return Output(dict(clip), meta)
        path = task.scratch / "video.h264"
        preset, crf = str(task.knobs.get("preset", "veryfast")), float(task.knobs.get("crf", 23))
        with ClipEncoder(
            path, width, height, clip["fps"], preset=preset, crf=crf, threads=task.threads, layout=self.layout
        ) as encoder:
            for picture in self._scaled(clip, width, height, self.batch(task)):
                encoder.add(picture)
                task.progress(encoder.frames / max(1, clip["frames"]))
        return Output({**clip, "video": path, "width": width, "height": height}, meta)

    def _scaled(self, clip: Mapping[str, Any], width: int, height: int, batch: int) -> Iterator[Picture]:
        fit = Resizer(width, height, self.layout)
        larger = width > clip["width"] or height > clip["height"]
        frames = decode_clip(Path(clip["video"]), self.layout)
        while pictures := list(islice(frames, batch)):
            yield from map(fit, self.enlarge_all(pictures) if larger else pictures)


class Resizer:
    """Resamples frames to one size with a Lanczos filter; frames of that size pass untouched."""

    def __init__(self, width: int, height: int, layout: str) -> None:
        self._size = (width, height)
        self._layout = layout
        self._reformatter = VideoReformatter()

    def __call__(self, picture: Picture) -> Picture:
        """Return the resampled frame."""
        frame = av.VideoFrame.from_ndarray(picture, self._layout)
        if (frame.width, frame.height) == self._size:
            return picture
        width, height = self._size
        scaled = self._reformatter.reformat(
            frame, width=width, height=height, interpolation=Interpolation.LANCZOS, threads=1
        )
        return scaled.to_ndarray().astype("uint8", copy=False)


def _read(task: Task) -> tuple[Mapping[str, Any], int, int]:
    clip = task.arguments.get("clip")
    missing = [key for key in ("video", "frames", "fps", "width", "height") if key not in (clip or {})]
    if clip is None or missing:
        raise InputError(f"the argument 'clip' is no clip: {', '.join(missing)} missing")
    width, height = int(task.arguments.get("width", 0)), int(task.arguments.get("height", 0))
    check_canvas(width, height, clip["fps"])
    shape, wanted = clip["width"] / clip["height"], width / height
    if abs(shape / wanted - 1) > _TOLERANCE:
        raise InputError(
            f"a clip of {clip['width']}x{clip['height']} does not fit the canvas {width}x{height}: "
            "the proportions differ; make the clip in the canvas's proportions"
        )
    return clip, width, height
