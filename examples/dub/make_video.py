"""Makes a narrated film of slides out of a YAML file, with this project's own voice and drawing.

python examples/dub/make_video.py examples/dub/ferry.yaml examples/dub/ferry.mp4

The voice is synthetic, the pictures are drawn and the sound of waves is filtered noise.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import skia
import yaml
from numpy.typing import NDArray

from murakkab_runtimes.base import Task, runtime_class
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.image.type import Style, argb, layout
from murakkab_runtimes.speech import audio

WIDTH, HEIGHT, FPS, RATE = 640, 360, 12, 48_000


def main(source: str, target: str) -> None:
    """Make the film ``target`` of the slides in ``source``."""
    film = yaml.safe_load(Path(source).read_text(encoding="utf-8"))
    spoken = narrate(film)
    sound = np.concatenate(spoken)
    sound += waves(len(sound), film["sea"])
    ends = np.cumsum([len(part) for part in spoken]) / RATE
    write(Path(target), pictures(film, ends), sound)
    print(f"{target}: {len(sound) / RATE:.1f} s, {Path(target).stat().st_size / 1000:.0f} kB")


def narrate(film: dict[str, Any]) -> list[NDArray[np.float32]]:
    """The sound of each slide: a pause, its words, a pause, padded to whole pictures."""
    voice = runtime_class("hibari-joe")(load_catalog()["hibari-joe"], threads=1)
    quiet = np.zeros(round(film["pause"] * RATE), np.float32)
    parts = []
    with tempfile.TemporaryDirectory() as folder:
        for slide in film["slides"]:
            task = Task({"text": slide["say"], "voice": film["voice"]}, Path(folder))
            samples, rate = audio.read_wav(voice.run(task).value["audio"])
            part = np.concatenate([quiet, audio.resample(samples, round(len(samples) * RATE / rate)), quiet])
            parts.append(np.pad(part, (0, -len(part) % (RATE // FPS))))
    voice.close()
    return parts


def waves(count: int, loudness: float) -> NDArray[np.float32]:
    """Low-passed noise that swells every six seconds."""
    noise = np.fft.rfft(np.random.default_rng(7).standard_normal(count))
    noise /= 1 + (np.arange(len(noise)) * RATE / count / 400) ** 2
    sound = np.fft.irfft(noise, count)
    swell = 0.7 + 0.3 * np.sin(2 * np.pi * np.arange(count) / RATE / 6)
    return (sound / sound.std() * swell * loudness).astype(np.float32)


def pictures(film: dict[str, Any], ends: NDArray[np.float64]) -> Iterator[NDArray[np.uint8]]:
    """Every frame as height x width x 4 (BGRA)."""
    frame = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    canvas = skia.Surface(frame, colorType=skia.kBGRA_8888_ColorType).getCanvas()
    count = round(ends[-1] * FPS)
    for number in range(count):
        slide = film["slides"][int(np.searchsorted(ends, number / FPS, side="right"))]
        draw(canvas, film["sky"], slide, number / count)
        yield frame


def draw(canvas: skia.Canvas, sky: list[str], slide: dict[str, Any], done: float) -> None:
    """One frame: the text of the slide, and a boat that crosses the picture while the film plays."""
    colours = [argb(colour) for colour in sky]
    shader = skia.GradientShader.MakeLinear([skia.Point(0, 0), skia.Point(0, HEIGHT)], colours)
    canvas.drawPaint(skia.Paint(Shader=shader))
    layout(slide["heading"], Style(40, 700), WIDTH - 80).draw(canvas, 40, 44)
    for index, line in enumerate(slide["lines"]):
        layout(line, Style(27), WIDTH - 80).draw(canvas, 40, 122 + 44 * index)
    canvas.drawRect(skia.Rect(0, HEIGHT - 34, WIDTH, HEIGHT), skia.Paint(Color=argb("#0b2239")))
    x, y, white = 30 + done * (WIDTH - 110), HEIGHT - 46, skia.Paint(Color=argb("#ffffff"), AntiAlias=True)
    canvas.drawPath(skia.Path.Polygon([skia.Point(x + a, y + b) for a, b in HULL], True), white)
    canvas.drawRect(skia.Rect(x + 14, y - 14, x + 34, y), white)


HULL = ((0, 0), (50, 0), (42, 16), (8, 16))


def write(path: Path, frames: Iterator[NDArray[np.uint8]], sound: NDArray[np.float32]) -> None:
    """Encode H.264 and AAC."""
    with av.open(str(path), "w", options={"movflags": "faststart"}) as file:
        picture = file.add_stream("libx264", rate=FPS, options={"crf": "26", "preset": "slow"})
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        voice = file.add_stream("aac", rate=RATE, layout="mono")
        voice.bit_rate = 64_000
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, "bgra")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            file.mux(picture.encode(frame))
        heard = av.AudioFrame.from_ndarray(sound[None], "fltp", "mono")
        heard.sample_rate, heard.pts = RATE, 0
        for packets in (picture.encode(None), voice.encode(heard), voice.encode(None)):
            file.mux(packets)


if __name__ == "__main__":
    main(*sys.argv[1:])
