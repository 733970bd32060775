"""The sound of a video file on the clock of its picture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from murakkab_runtimes.base import InputError

WANTED = "give a video file such as MP4, MKV, WebM or MOV"
APART_S = 0.02
"""Sound that comes later than this after what was before it has a gap, which is filled with silence."""


@contextmanager
def opened(path: object) -> Iterator[InputContainer]:
    """Open a video file.

    Raises:
        InputError: there is none, it cannot be read, it has no picture, or it ends in the middle.
    """
    if not isinstance(path, Path) or not path.is_file():
        raise InputError(f"there is no video at {path!r}; {WANTED}")
    try:
        with av.open(str(path)) as file:
            if not file.streams.video:
                raise InputError(f"{path.name} has no picture; {WANTED}")
            yield file
    except av.FFmpegError as fault:
        raise InputError(f"{path.name} cannot be read as a video ({fault.strerror}); {WANTED}") from None


def origin(file: InputContainer) -> float:
    """Second of the file's own clock at which its picture begins."""
    picture = file.streams.video[0]
    return float(picture.start_time * picture.time_base) if picture.start_time and picture.time_base else 0.0


def length(file: InputContainer) -> float:
    """Seconds of the picture, or of the whole file where the picture does not tell."""
    picture = file.streams.video[0]
    if picture.duration and picture.time_base:
        return float(picture.duration * picture.time_base)
    return float(file.duration or 0) / av.time_base


def samples(file: InputContainer, rate: int, channels: int) -> Iterator[NDArray[np.int16]]:
    """Decode the first sound track in pieces of samples x channels (1 or 2), from the first frame on.

    Sound before the picture is cut off, and gaps are silence. A file without sound yields nothing. One channel becomes
    two equal ones, each as loud as it.
    """
    if not file.streams.audio:
        return
    kept = min(channels, file.streams.audio[0].codec_context.channels)
    resampler = av.AudioResampler("s16", "stereo" if kept == 2 else "mono", rate)
    begin, at = origin(file), 0
    for source in file.decode(audio=0):
        for frame in resampler.resample(source):
            piece = _piece(frame)
            late = round((float(frame.time or 0.0) - begin) * rate) - at
            if abs(late) > APART_S * rate:
                piece = _moved(piece, late)
            at += len(piece)
            yield np.repeat(piece, channels // kept, axis=1)
    for frame in resampler.resample(None):
        yield np.repeat(_piece(frame), channels // kept, axis=1)


def _piece(frame: Any) -> NDArray[np.int16]:  # noqa: ANN401 - frames and their layouts have no common type
    return np.asarray(frame.to_ndarray(), np.int16).reshape(-1, len(frame.layout.channels))


def _moved(piece: NDArray[np.int16], late: int) -> NDArray[np.int16]:
    """With silence before it, or without its beginning."""
    return np.pad(piece, ((late, 0), (0, 0))) if late > 0 else piece[-late:]
