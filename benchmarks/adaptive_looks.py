"""VMAF of what was shown of a run against the same shots made again on the best rung."""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.retake import Retake
from benchmarks.rungs import FPS, ffmpeg, scores
from murakkab.engine.feed import read_events


def vmaf(run: Path, seed: int) -> dict[str, Any] | None:
    """Mean of all frames, mean of the worst shot, and the mean of every shot; None where no ffmpeg can tell.

    Args:
        run: folder of a finished run, with its journal, its events and its artifacts.
        seed: of the run.
    """
    program = ffmpeg()
    if not program:
        print("no VMAF: pip install imageio-ffmpeg", file=sys.stderr)
        return None
    retake = Retake(run, seed)
    shots = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shown, reference = folder / "shown.h264", folder / "reference.h264"
        with shown.open("wb") as left, reference.open("wb") as right:
            for (path, clips), (same, best) in zip(retake.shown(), retake.again(folder / "again"), strict=True):
                assert path == same
                left.writelines(clip.read_bytes() for clip in clips)
                right.writelines(clip.read_bytes() for clip in best)
                shots.append(".".join(map(str, path)))
                shutil.rmtree(folder / "again" / shots[-1])
        found = scores(program, shown, reference, folder / "scores.json")
    means, start = {}, 0
    for shot, length in zip(shots, _frames(run), strict=True):
        means[shot] = round(statistics.fmean(found[start : start + length]), 2)
        start += length
    return {"mean": round(statistics.fmean(found), 2), "worst_shot": min(means.values()), "shots": means}


def _frames(run: Path) -> list[int]:
    """Frames of every shot, in the order of the show."""
    counted: dict[str, float] = {}
    for event in read_events(run / "events.jsonl"):
        if event["event"] == "segment.published":
            counted[event["shot"]] = counted.get(event["shot"], 0.0) + event["seconds"]
    return [round(seconds * FPS) for seconds in counted.values()]
