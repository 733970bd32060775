"""VMAF of what was shown of a run against the same shots made again on the best rung."""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.adaptive_frames import same_frames
from benchmarks.retake import Retake
from benchmarks.rungs import ffmpeg, scores
from murakkab_optimizer.scheduler.events import path_label


def vmaf(run: Path, seed: int) -> dict[str, Any] | None:
    """Mean of all frames, mean of the worst shot, and the mean of every shot; None where no ffmpeg can tell.

    What was made on the best rung is its own reference: made again it is the same, as the first such shot must show.

    Args:
        run: folder of a finished run, with its journal, its events and its artifacts.
        seed: of the run.

    Raises:
        RuntimeError: a shot has not as many frames as the one that was made again, so that others would be compared.
    """
    program = ffmpeg()
    if not program:
        print("no VMAF: pip install imageio-ffmpeg", file=sys.stderr)
        return None
    retake = Retake(run, seed)
    first, *rest = [*retake.best(), None]
    lengths: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shown, reference = folder / "shown.h264", folder / "reference.h264"
        with shown.open("wb") as left, reference.open("wb") as right:
            again = retake.again(folder / "again", rest)
            for path, clips in retake.shown():
                shot = path_label(path)
                same, best = (path, clips) if path in rest else next(again)
                lengths[shot] = same_frames(shot, clips, path_label(same), best)
                films = [b"".join(clip.read_bytes() for clip in files) for files in (clips, best)]
                if path == first and films[0] != films[1]:
                    raise RuntimeError(f"shot {shot} was made on the best rung, and made again it is another film")
                left.write(films[0])
                right.write(films[1])
                shutil.rmtree(folder / "again" / shot, ignore_errors=True)
        found = scores(program, shown, reference, folder / "scores.json")
    if len(found) != sum(lengths.values()):
        raise RuntimeError(f"{len(found)} frames were compared, the shots have {sum(lengths.values())}")
    means, start = {}, 0
    for shot, length in lengths.items():
        means[shot] = round(statistics.fmean(found[start : start + length]), 2)
        start += length
    return {"mean": round(statistics.fmean(found), 2), "worst_shot": min(means.values()), "shots": means}
