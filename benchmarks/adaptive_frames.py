"""Whether two films of a shot can be compared frame by frame."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import av


def same_frames(shot: str, clips: Iterable[Path], again: str, best: Iterable[Path]) -> int:
    """Frames of a shot, which must be as many in both films.

    Raises:
        RuntimeError: they are not, or it is another shot.
    """
    if shot != again:
        raise RuntimeError(f"shot {shot} was shown where {again} was made again")
    one, two = (sum(map(frames, files)) for files in (clips, best))
    if one != two:
        raise RuntimeError(f"shot {shot} has {one} frames, made again it has {two}: they cannot be compared")
    return one


def frames(path: Path) -> int:
    """Frames of a raw H.264 file."""
    with av.open(str(path), format="h264") as film:
        return sum(packet.size > 0 for packet in film.demux(video=0))
