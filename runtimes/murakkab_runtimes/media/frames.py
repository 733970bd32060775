"""Adapter ``frames``: the pictures of a video that are worth looking at: each new scene, and one every few seconds."""

from __future__ import annotations

from dataclasses import dataclass

import av
import numpy as np
from numpy.typing import NDArray

from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.media.track import length, opened, origin

COLUMNS, ROWS = 24, 16
"""A picture is compared as so many blocks of mean brightness."""

STEP_S = 0.25
"""How often the picture is looked at."""

MOVED = 8.0
"""Brightness (of 255) by which a block must differ to count as changed."""

SETTLED = 0.025
"""Share of the blocks that may still change when a new scene is taken, so that no fade is caught half way."""


class Frames(Runtime):
    """Samples ``file``: the first picture, each new scene once it stands still, and one every ``interval`` seconds.

    The knob ``scene`` is the share of the picture that must have changed. A picture in which hardly anything has
    changed since the last one is left out. Items are ``{"image": png, "time", "why"}`` (seconds; first, scene or
    interval); the value is ``{"frames", "seconds"}``.
    """

    def run(self, task: Task) -> Output:
        """Emit the pictures in their order.

        Raises:
            InputError: the file is no video, or a knob is out of range.
        """
        interval, scene = float(task.knobs.get("interval", 10.0)), float(task.knobs.get("scene", 0.04))
        if interval < STEP_S or not 0 < scene < 1:
            raise InputError(f"the knobs are interval={interval}, scene={scene}; write {STEP_S} or more and 0..1")
        choice, count = _Choice(interval, scene), 0
        with opened(task.arguments.get("file")) as file:
            begin, seconds, due = origin(file), length(file), 0.0
            file.streams.video[0].codec_context.thread_count = task.threads
            for frame in file.decode(video=0):
                time = float(frame.time or 0.0) - begin
                if time < due:
                    continue
                due = time + STEP_S - 0.001
                if why := choice.why(_blocks(frame), time):
                    path = task.scratch / f"frame-{count:05}.png"
                    _write(frame, path)
                    task.emit({"image": path, "time": round(time, 3), "why": why})
                    count += 1
                task.progress(min(1.0, time / max(seconds, 0.1)))
        return Output({"frames": count, "seconds": round(seconds, 3)}, {"seconds": seconds})


Blocks = NDArray[np.float32]


@dataclass
class _Choice:
    """Remembers the picture taken last and the one looked at last."""

    interval: float
    scene: float
    taken: Blocks | None = None
    taken_at: float = 0.0
    seen: Blocks | None = None

    def why(self, blocks: Blocks, time: float) -> str:
        """Why the picture is taken; empty when it is not."""
        found = self._judge(blocks, time)
        self.seen = blocks
        if found:
            self.taken, self.taken_at = blocks, time
        return found

    def _judge(self, blocks: Blocks, time: float) -> str:
        if self.taken is None or self.seen is None:
            return "first"
        changed, moving = _changed(self.taken, blocks), _changed(self.seen, blocks)
        if changed >= self.scene and moving <= SETTLED:
            return "scene"
        return "interval" if time - self.taken_at >= self.interval and changed > SETTLED else ""


def _blocks(frame: av.VideoFrame) -> Blocks:
    small = frame.reformat(width=COLUMNS, height=ROWS, format="gray", interpolation="AREA")
    return small.to_ndarray().astype(np.float32)


def _changed(one: Blocks, other: Blocks) -> float:
    return float(np.mean(np.abs(one - other) > MOVED))


def _write(frame: av.VideoFrame, path: object) -> None:
    with av.open(str(path), "w", format="image2", options={"update": "1"}) as file:
        picture = file.add_stream("png", rate=1)
        assert isinstance(picture, av.VideoStream)
        picture.width, picture.height, picture.pix_fmt = frame.width, frame.height, "rgb24"
        rgb = frame.reformat(format="rgb24")
        rgb.pts = 0
        file.mux([*picture.encode(rgb), *picture.encode(None)])
