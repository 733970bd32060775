"""Canonical clips: raw H.264 in which every clip of one canvas and frame rate has the same parameter sets.

A player sets its decoder up once, from the init segment. So SPS and PPS may depend on width, height and frame rate
alone: every x264 setting that shows in them is pinned here, and presets only trade speed against size. A clip is one
closed group of pictures: it starts with an IDR frame, has no B frames (decode order is display order) and one slice a
frame, so that clips can be joined by joining their bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from numpy.typing import NDArray

from murakkab_runtimes.base import InputError

PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow")
"""x264 presets that a clip may be encoded with, fastest first."""

ENCODINGS = {"fine": ("medium", 20.0), "normal": ("veryfast", 23.0), "fast": ("ultrafast", 30.0)}
"""Preset and crf of the settings that people and planners choose from: looks against work, at similar sizes."""

PLANAR = "yuv420p"
CHANNELS = {"bgra": 4, "rgba": 4, "rgb24": 3, "bgr24": 3, PLANAR: 1}
"""Bytes of a pixel in the layouts that frames may have; for planar frames see ``frame_shape``."""

_PINNED = ":".join((
    "stitchable=1", "cabac=1", "8x8dct=1", "cqm=flat", "constrained-intra=0", "interlaced=0", "aud=0", "force-cfr=1",
    "ref=1", "bframes=0", "weightp=0", "open-gop=0", "keyint=infinite", "scenecut=0", "slices=1", "sliced-threads=0",
    "psy=0", "deblock=1,1",
))  # fmt: skip
_BT709 = 1

Picture = NDArray[np.uint8]
"""An array of the shape that ``frame_shape`` tells."""


def frame_shape(width: int, height: int, layout: str) -> tuple[int, ...]:
    """Shape of the array of one frame: height x width x channels.

    A planar frame has the shape 1.5 height x width: the rows of luma, and below them those of the two chroma planes at
    half size, in limited-range BT.709, just as it is encoded.

    Raises:
        InputError: the layout is not supported.
    """
    if layout not in CHANNELS:
        raise InputError(f"the pixel layout '{layout}' is not one of {', '.join(CHANNELS)}")
    return (height * 3 // 2, width) if layout == PLANAR else (height, width, CHANNELS[layout])


def check_canvas(width: int, height: int, fps: int) -> None:
    """Refuse a canvas that H.264 with subsampled chroma cannot hold.

    Raises:
        InputError: a side is odd or out of range, or the frame rate is.
    """
    for name, size in (("width", width), ("height", height)):
        if size % 2 or not 16 <= size <= 4096:
            raise InputError(f"the {name} of a clip is {size}; it must be an even number from 16 to 4096")
    if not 1 <= fps <= 120:
        raise InputError(f"the frame rate is {fps}; it must be from 1 to 120 frames a second")


def encoding(knobs: Mapping[str, Any]) -> tuple[str, float]:
    """Preset and crf that the knobs of a model say: by ``encoding``, or by ``preset`` and ``crf`` themselves.

    Raises:
        InputError: the encoding is none of ``ENCODINGS``.
    """
    name = str(knobs.get("encoding", "normal"))
    if name not in ENCODINGS:
        raise InputError(f"the encoding '{name}' is not one of {', '.join(ENCODINGS)}")
    preset, crf = ENCODINGS[name]
    return str(knobs.get("preset", preset)), float(knobs.get("crf", crf))


class ClipEncoder:
    """Writes one clip frame by frame.

    Args:
        path: the raw H.264 file to write.
        width: of the canvas in pixels, even.
        height: of the canvas in pixels, even.
        fps: frames a second.
        preset: one of ``PRESETS``.
        crf: constant rate factor; smaller is better and larger, 23 is usual.
        threads: encoder threads.
        layout: of the frames, one of ``CHANNELS``.

    Raises:
        InputError: the canvas, preset or layout is not supported.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        fps: int,
        *,
        preset: str = "veryfast",
        crf: float = 23,
        threads: int = 1,
        layout: str = "bgra",
    ) -> None:
        check_canvas(width, height, fps)
        self.shape = frame_shape(width, height, layout)
        self.frames = 0
        self._layout = layout
        self._context = _encoder(width, height, fps, preset, crf, threads)
        self._reformatter = VideoReformatter()
        self._buffer: Picture | None = None
        self._last: av.VideoFrame | None = None
        self._file = path.open("wb")

    def add(self, frame: Picture | Callable[[Picture], None]) -> None:
        """Encode the next frame; the caller may reuse the array at once.

        Args:
            frame: the picture (sRGB values, unless it is planar), or a function that paints one into the array it is
                given, which holds the picture painted before.
        """
        picture = self._paint(frame) if callable(frame) else frame
        if picture.shape != self.shape or picture.dtype != np.uint8:
            raise ValueError(f"expected a uint8 frame of shape {self.shape}, got {picture.dtype} {picture.shape}")
        self._last = self._convert(picture)
        self._write_next(self._last)

    def repeat(self) -> None:
        """Encode the last frame once more; there must be one."""
        if self._last is None:
            raise ValueError("there is no frame to repeat")
        self._write_next(self._last)

    def finish(self) -> int:
        """Write what is still in the encoder; return the number of frames."""
        if not self._file.closed:
            if self.frames:
                self._write(None)
            self._file.close()
        return self.frames

    def __enter__(self) -> ClipEncoder:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, _: TracebackType | None) -> None:
        if fault is None:
            self.finish()
        else:
            self._file.close()

    def _paint(self, fill: Callable[[Picture], None]) -> Picture:
        if self._buffer is None:
            self._buffer = np.zeros(self.shape, np.uint8)
        fill(self._buffer)
        return self._buffer

    def _convert(self, picture: Picture) -> av.VideoFrame:
        if self._layout == PLANAR:
            frame = av.VideoFrame.from_ndarray(picture, PLANAR)
        else:
            frame = self._reformatter.reformat(
                av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(picture), self._layout),
                format=PLANAR,
                src_color_range=ColorRange.JPEG,
                dst_colorspace=Colorspace.ITU709,
                dst_color_range=ColorRange.MPEG,
                threads=1,
            )
        return frame

    def _write_next(self, frame: av.VideoFrame) -> None:
        frame.pts, frame.time_base = self.frames, self._context.time_base
        self._write(frame)
        self.frames += 1

    def _write(self, frame: av.VideoFrame | None) -> None:
        for packet in self._context.encode(frame):
            self._file.write(bytes(packet))


def encode_clip(
    path: Path,
    frames: Iterable[Picture | Callable[[Picture], None]],
    width: int,
    height: int,
    fps: int,
    *,
    preset: str = "veryfast",
    crf: float = 23,
    threads: int = 1,
    layout: str = "bgra",
) -> int:
    """Encode all ``frames`` into ``path`` as ``ClipEncoder`` does; return how many there were."""
    with ClipEncoder(path, width, height, fps, preset=preset, crf=crf, threads=threads, layout=layout) as encoder:
        for frame in frames:
            encoder.add(frame)
    return encoder.frames


def decode_clip(path: Path, layout: str = "rgb24", threads: int = 1) -> Iterator[Picture]:
    """Yield the frames of a raw H.264 file in the shape of ``frame_shape``.

    Raises:
        InputError: the file holds no H.264 video.
    """
    context = av.CodecContext.create("h264", "r")
    assert isinstance(context, av.VideoCodecContext)
    context.thread_count = threads
    reformatter = VideoReformatter()
    found = False
    for frame in _decoded(context, path):
        found = True
        if layout != PLANAR:
            frame = reformatter.reformat(frame, format=layout, dst_color_range=ColorRange.JPEG, threads=1)
        yield frame.to_ndarray().astype(np.uint8, copy=False)
    if not found:
        raise InputError(f"{path.name} holds no H.264 frames; make it again with ClipEncoder")


def _decoded(context: av.VideoCodecContext, path: Path) -> Iterator[av.VideoFrame]:
    try:
        for packet in [*context.parse(path.read_bytes()), *context.parse(None), None]:
            yield from context.decode(packet)
    except av.FFmpegError as fault:
        raise InputError(f"{path.name} cannot be decoded as H.264: {fault}") from None


def _encoder(width: int, height: int, fps: int, preset: str, crf: float, threads: int) -> av.VideoCodecContext:
    if preset not in PRESETS:
        raise InputError(f"the preset '{preset}' is not one of {', '.join(PRESETS)}")
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, PLANAR
    context.time_base, context.framerate = Fraction(1, fps), Fraction(fps)
    context.color_primaries = context.color_trc = context.colorspace = _BT709
    context.color_range = ColorRange.MPEG
    context.thread_count, context.thread_type = max(1, threads), "FRAME"
    context.options = {"preset": preset, "crf": str(crf), "profile": "high", "x264-params": _PINNED}
    return context
