"""Speed and quality of the media adapters, printed as the ``measured`` and ``quality`` entries of their cards.

    python -m benchmarks.media [encode fmp4 mp4 jingle lanczos anime4k esrgan ...]

Without names everything is measured. Times are medians of repeated runs; the spread is the distance of the quartiles.
What is timed is the work of the processor (of all threads, divided by their number), so that other load on a shared
machine shows as little as it can: on an idle machine it is the time that passes.
"""

from __future__ import annotations

import datetime
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import skia
from numpy.typing import NDArray

from benchmarks.harness import device
from murakkab_runtimes.base import Task, runtime_class
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.media.audio import write_wav
from murakkab_runtimes.media.codecs import RATE
from murakkab_runtimes.media.video import PRESETS, decode_clip, encode_clip

FPS = 24
FRAMES = 48
SIZES = {"360p": (640, 360), "720p": (1280, 720)}


def drawing(width: int, height: int, frames: int = FRAMES) -> Iterator[NDArray[np.uint8]]:
    """A moving drawn scene, the same at every size: two heads with eyes and mouths, small signs and fine lines."""
    pixels = np.zeros((height, width, 4), np.uint8)
    surface = skia.Surface(pixels)
    for number in range(frames):
        with surface as canvas:
            canvas.save()
            canvas.scale(width / 640, height / 360)
            _scene(canvas, number / FPS)
            canvas.restore()
        yield pixels.copy()


def _scene(canvas: Any, at: float) -> None:  # noqa: ANN401
    paint = skia.Paint(AntiAlias=True)
    canvas.clear(0xFF26324A)
    line = skia.Paint(AntiAlias=True, Color=0xFF3D5075, StrokeWidth=1.2, Style=skia.Paint.kStroke_Style)
    for column in range(0, 640, 24):
        canvas.drawLine(column, 0, column + 60, 360, line)
    paint.setColor(0xFFF2E9D8)
    for letter in range(24):
        canvas.drawRoundRect(skia.Rect.MakeXYWH(60 + 20 * letter, 44 + letter % 3 * 4, 11, 22), 4, 4, paint)
    for side, centre in enumerate((190, 450)):
        paint.setColor((0xFFE0A882, 0xFF8A5A3C)[side])
        canvas.drawOval(skia.Rect(centre - 62, 130 + 4 * np.sin(at * 3), centre + 62, 300), paint)
        paint.setColor(0xFF1B1B1F)
        for eye in (-24, 24):
            canvas.drawCircle(centre + eye, 200, 7, paint)
        mouth = 3 + 12 * abs(np.sin(at * (9 + side)))
        canvas.drawOval(skia.Rect(centre - 22, 250 - mouth, centre + 22, 250 + mouth), paint)


def repeat(work: Callable[[], Any], times: int, threads: int = 1) -> tuple[float, float]:
    """Median and quartile distance of the processor seconds a thread that ``work`` takes."""
    work()
    samples = []
    for _ in range(times):
        start = time.process_time()
        work()
        samples.append((time.process_time() - start) / threads)
    quartiles = statistics.quantiles(samples, n=4)
    return statistics.median(samples), quartiles[2] - quartiles[0]


def show(name: str, unit: str, units: float, timing: tuple[float, float], samples: int, knobs: dict[str, Any]) -> None:
    """Print one measurement as a line of YAML."""
    seconds, spread = (f"{value / units:.3g}" for value in timing)
    print(
        f"# {name}\n- {{unit: {unit}, seconds: {seconds}, spread_s: {spread}, samples: {samples}, "
        f'device: "{device()}", date: "{datetime.date.today()}", knobs: {_flow(knobs)}}}'
    )


def encode(folder: Path) -> None:
    """Frames from BGRA pixels to H.264, one thread."""
    for size, (width, height) in SIZES.items():
        frames = list(drawing(width, height))
        for preset in PRESETS[:6]:
            path = folder / "clip.h264"

            def work(path: Path = path, preset: str = preset) -> None:
                encode_clip(path, frames, width, height, FPS, preset=preset)  # noqa: B023

            timing = repeat(work, 5)
            rate = f"{FRAMES / timing[0]:.0f} frames/s, {path.stat().st_size * 8 * FPS / FRAMES / 1000:.0f} kbit/s"
            show(f"encode {size} {preset}: {rate}", "frame", FRAMES, timing, 5, {"height": height, "preset": preset})


def clips(folder: Path, count: int) -> list[dict[str, Any]]:
    """Clips of 2 s at 640x360 with a melody."""
    clip = _clip(folder, 640, 360)
    when = np.arange(FRAMES * RATE // FPS) / RATE
    notes = np.sin(2 * np.pi * 220 * when * (1 + np.floor(when * 4) / 8)) * (1 - when * 4 % 1)
    clip["audio"] = folder / "clip.wav"
    write_wav(clip["audio"], np.stack([notes * 12000] * 2, 1).astype(np.int16))
    return [clip | {"chapter": "Part" if number % 10 == 0 else None, "turn": number // 3} for number in range(count)]


def package(folder: Path, sources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Package clips into one stream."""
    runtime = _runtime("fmp4")
    values: list[dict[str, Any]] = []
    for number, clip in enumerate(sources):
        scratch = folder / f"segment{number}"
        scratch.mkdir()
        task = Task(arguments={"clip": clip}, scratch=scratch, previous=values[-1] if values else None)
        values.append(runtime.run(task).value)
    return values


def fmp4(folder: Path) -> None:
    """Packaging of 20 clips of 2 s, one behind the other."""

    def work() -> None:
        with tempfile.TemporaryDirectory(dir=folder) as inner:
            package(Path(inner), sources)

    sources = clips(folder, 20)
    show("fmp4", "clip", len(sources), repeat(work, 7), 7, {"clip_s": FRAMES / FPS})


def mp4(folder: Path) -> None:
    """Muxing of episodes of one and ten minutes."""
    runtime, values = _runtime("mp4"), package(folder, clips(folder, 300))
    turns = [{"speaker": "Ada", "text": "Words.", "section": 0, "title": "Part", "passage": None}] * 100
    for count in (30, 300):
        task = Task(arguments={"segments": values[:count], "turns": turns}, scratch=folder)
        timing = repeat(lambda task=task: runtime.run(task), 5)  # type: ignore[misc]
        show("mp4", "episode", 1, timing, 5, {"seconds": 2 * count})


def jingle(folder: Path) -> None:
    """Intro and outro."""
    runtime, task = _runtime("jingle"), Task(arguments={"topic": "bees"}, scratch=folder)
    show("jingle", "episode", 1, repeat(lambda: runtime.run(task), 9), 9, {})


def upscaler(name: str, samples: int, frames: int) -> Callable[[Path], None]:
    """Speed from 360p to 720p, and similarity to the scene drawn at 720p."""

    def measure(folder: Path) -> None:
        runtime = _runtime(name)
        runtime.warm()
        task = Task(
            arguments={"clip": _clip(folder, 640, 360, frames), "width": 1280, "height": 720},
            scratch=folder,
            threads=runtime.threads,
        )
        timing = repeat(lambda: runtime.run(task), samples, runtime.threads)
        show(name, "frame", frames, timing, samples, {"height": 720, "from_height": 360})
        wanted = drawing(1280, 720, frames)
        made = decode_clip(runtime.run(task).value["video"], "bgra")
        pairs = [(_luma(a), _luma(b)) for a, b in zip(wanted, made, strict=True)]
        error = statistics.mean(float(((a - b) ** 2).mean()) for a, b in pairs)
        print(
            f"# SSIM {statistics.mean(ssim(a, b) for a, b in pairs):.4f}, PSNR {10 * np.log10(255**2 / error):.2f} dB"
        )

    return measure


def ssim(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Mean structural similarity of two pictures over blocks of 8x8 (Wang et al. 2004)."""
    rows, columns = a.shape[0] // 8, a.shape[1] // 8
    x, y = (p[: rows * 8, : columns * 8].reshape(rows, 8, columns, 8).swapaxes(1, 2).reshape(-1, 64) for p in (a, b))
    mx, my = x.mean(1), y.mean(1)
    covariance = (x * y).mean(1) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * mx * my + c1) * (2 * covariance + c2)
    return float((top / ((mx**2 + my**2 + c1) * (x.var(1) + y.var(1) + c2))).mean())


def _luma(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.asarray(picture[..., :3] @ np.array([0.0722, 0.7152, 0.2126]))


def _clip(folder: Path, width: int, height: int, frames: int = FRAMES) -> dict[str, Any]:
    path = folder / "source.h264"
    encode_clip(path, drawing(width, height, frames), width, height, FPS, crf=18)
    return {"video": path, "frames": frames, "fps": FPS, "width": width, "height": height, "cues": []}


def _runtime(name: str) -> Any:  # noqa: ANN401
    card = load_catalog()[name]
    return runtime_class(card.adapter)(card, min(card.needs.threads, os.cpu_count() or 1))


def _flow(knobs: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in knobs.items()) + "}"


BENCHMARKS: dict[str, Callable[[Path], None]] = {
    "encode": encode,
    "fmp4": fmp4,
    "mp4": mp4,
    "jingle": jingle,
    "lanczos": upscaler("lanczos", 5, 24),
    "anime4k": upscaler("anime4k", 3, 24),
    "esrgan": upscaler("esrgan", 3, 2),
}


def main(names: list[str]) -> int:
    """Run the benchmarks of these names, or all."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    for name in names or BENCHMARKS:
        with tempfile.TemporaryDirectory() as folder:
            BENCHMARKS[name](Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
