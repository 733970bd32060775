"""What each way of filming a shot costs and how good it looks: the ladder that the scheduler climbs.

    python -m benchmarks.rungs [--seconds 8] [--repeats 3] [--no-upscalers] [--out FILE]

Films one turn of real speech with every setting of the drawn hosts and every up-scaler that is installed, and one line
over a drawn scene with every setting of the moving stills, and compares the pictures with the same turn drawn in full
at the size of the canvas and encoded almost without loss. VMAF comes from an ffmpeg with libvmaf: the one of the
package imageio-ffmpeg, or the one that FFMPEG names. Costs are processor seconds for one frame on one thread, hosts and
up-scaler apart. Rungs that are both dearer and worse than another one are marked.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.harness import write
from benchmarks.hosts import CAST, TEXT, speak
from murakkab_runtimes.base import Runtime, Task, missing_parts, runtime_class
from murakkab_runtimes.catalog import load_catalog

CANVASES = ((640, 360), (1280, 720))
FPS = 24
ENCODINGS = ("fine", "normal", "fast")
UPSCALERS = ("lanczos", "anime4k")
"""The first one is tried with every detail, the others with the full one: their cost does not depend on it."""

FILMS = {"drawn-hosts": ("full", "simple", "sparse", "still"), "moving-stills": ("full", "simple", "still")}
LOSSLESS = {"preset": "medium", "crf": 4}
LINE = {"text": TEXT, "speaker": "Claire", "title": "Objects", "number": 1}
TURN = {"host": 0, "text": TEXT, "kind": "answer", "title": "Objects", "episode": "Bright objects"}


class Rung(msgspec.Struct, frozen=True):
    """A way to film a shot; ``upscaler`` is empty where it is drawn at the size of the canvas."""

    model: str
    detail: str
    draw_height: int = 0
    upscaler: str = ""
    encoding: str = "normal"

    def __str__(self) -> str:
        size = f"drawn at {self.draw_height}, {self.upscaler}" if self.upscaler else "drawn at the canvas"
        return f"{self.model}: {self.detail}, {size}, {self.encoding}"


def rungs(height: int, *, upscalers: bool) -> Iterator[Rung]:
    """All that are tried on a canvas of that height."""
    for model, details in FILMS.items():
        for detail in details:
            yield from (Rung(model, detail, encoding=encoding) for encoding in ENCODINGS)
            for share in (0.75, 0.5) if upscalers and model == "drawn-hosts" else ():
                for upscaler in UPSCALERS if detail == "full" else UPSCALERS[:1]:
                    yield Rung(model, detail, round(height * share / 2) * 2, upscaler)


def ffmpeg() -> str:
    """An ffmpeg with libvmaf; empty where there is none."""
    try:
        import imageio_ffmpeg

        found = str(imageio_ffmpeg.get_ffmpeg_exe())
    except ImportError:
        found = os.environ.get("FFMPEG") or shutil.which("ffmpeg") or ""
    listed = subprocess.run([found, "-hide_banner", "-filters"], capture_output=True, text=True) if found else None
    return found if listed and "libvmaf" in listed.stdout else ""


class Film(msgspec.Struct, frozen=True):
    """What filming gave: a raw H.264 stream, its frames, and processor seconds for a frame."""

    video: Path
    frames: int
    hosts_s: float
    upscale_s: float = 0.0


def film(
    rung: Rung, canvas: tuple[int, int], speech: dict[str, Any], folder: Path, encoder: dict[str, Any] | None = None
) -> Film:
    """Film the turn; ``encoder`` has settings that stand before those of the rung."""
    folder.mkdir(parents=True)
    knobs = {"detail": rung.detail, "draw_height": rung.draw_height, "encoding": rung.encoding, **(encoder or {})}
    picture = {"width": canvas[0], "height": canvas[1]}
    clips: list[dict[str, Any]] = []
    arguments = {"turn": TURN, "speech": speech, "cast": CAST, "fps": FPS, **picture}
    if rung.model == "moving-stills":
        arguments = {"line": LINE, "speech": speech, "picture": scene(canvas, folder), "fps": FPS, **picture}
    task = Task(arguments, folder, {**_card(rung.model).knobs, **knobs}, seed=1, path=(1, 1))
    task.on_item = lambda value, meta: clips.append(value)
    runtime = _runtime(rung.model)
    started = time.process_time()
    frames = runtime.run(task).value["frames"]  # type: ignore[union-attr]
    hosts_s = (time.process_time() - started) / frames
    started = time.process_time()
    if rung.upscaler:
        enlarged = []
        for number, clip in enumerate(clips):
            inside = folder / f"large-{number}"
            inside.mkdir()
            settings = _card(rung.upscaler).knobs
            enlarged.append(_runtime(rung.upscaler).run(Task({"clip": clip, **picture}, inside, settings)))
        clips = [getattr(made, "value", made) for made in enlarged]
    upscale_s = (time.process_time() - started) / frames
    video = folder / "film.h264"
    video.write_bytes(b"".join(Path(clip["video"]).read_bytes() for clip in clips))
    return Film(video, frames, hosts_s, upscale_s)


def scene(canvas: tuple[int, int], folder: Path) -> dict[str, Any]:
    """A drawn scene of that size."""
    section = {"title": "Tides", "keywords": ["sea", "moon"], "mood": "calm", "index": 1}
    inside = folder / "scene"
    inside.mkdir()
    made = _runtime("drawn-scene").run(Task({"section": section, "width": canvas[0], "height": canvas[1]}, inside, {}))
    value: dict[str, Any] = getattr(made, "value", made)  # type: ignore[assignment]
    return value


_loaded: dict[str, Runtime] = {}


def _card(name: str) -> Any:  # noqa: ANN401
    return load_catalog()[name]


def _runtime(name: str) -> Runtime:
    """A loaded and warm model."""
    if name not in _loaded:
        _loaded[name] = runtime_class(_card(name).adapter)(_card(name), 1)
        _loaded[name].warm()
    return _loaded[name]


def scores(program: str, shown: Path, reference: Path, log: Path) -> list[float]:
    """VMAF of every frame of a raw H.264 stream against another one."""
    inputs = [part for path in (shown, reference) for part in ("-r", str(FPS), "-f", "h264", "-i", str(path))]
    compared = f"libvmaf=log_fmt=json:log_path={log}:n_threads=2"
    subprocess.run([program, "-v", "error", *inputs, "-lavfi", compared, "-f", "null", "-"], check=True)
    return [frame["metrics"]["vmaf"] for frame in json.loads(log.read_text())["frames"]]


def vmaf(program: str, shown: Path, reference: Path, folder: Path) -> dict[str, float]:
    """Mean, and the score that 5 % of the frames stay below."""
    found = scores(program, shown, reference, folder / f"{shown.parent.name}.json")
    return {"mean": statistics.fmean(found), "p5": statistics.quantiles(found, n=20)[0]}


def measure(
    program: str, canvas: tuple[int, int], speech: dict[str, Any], repeats: int, *, upscalers: bool
) -> list[dict[str, Any]]:
    """All rungs of a canvas, the best first."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        references = {
            model: film(Rung(model, "full"), canvas, speech, folder / f"{model}-reference", LOSSLESS) for model in FILMS
        }
        for number, rung in enumerate(rungs(canvas[1], upscalers=upscalers)):
            if rung.upscaler and missing_parts(_card(rung.upscaler)):
                continue
            films = [film(rung, canvas, speech, folder / f"{number}-{repeat}") for repeat in range(repeats)]
            looks = vmaf(program, films[0].video, references[rung.model].video, folder)
            costs = [f.hosts_s + f.upscale_s for f in films]
            rows.append(
                {
                    "canvas": f"{canvas[0]}x{canvas[1]}",
                    **msgspec.to_builtins(rung),
                    "rung": str(rung),
                    "vmaf": round(looks["mean"], 1),
                    "vmaf_p5": round(looks["p5"], 1),
                    "hosts_s": round(statistics.median(f.hosts_s for f in films), 5),
                    "upscale_s": round(statistics.median(f.upscale_s for f in films), 5),
                    "frame_s": round(statistics.median(costs), 5),
                    "spread_s": round(max(costs) - min(costs), 5),
                    "kbit_s": round(films[0].video.stat().st_size * 8 * FPS / films[0].frames / 1000),
                }
            )
            print(f"{rows[-1]['rung']}: VMAF {rows[-1]['vmaf']}, {rows[-1]['frame_s']} s a frame", flush=True)
    for row in rows:
        row["dominated"] = any(
            o["model"] == row["model"] and o["frame_s"] <= row["frame_s"] and o["vmaf"] >= row["vmaf"] and o != row
            for o in rows
        )
    return sorted(rows, key=lambda row: -row["vmaf"])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=8.0, help="length of the speech")
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--no-upscalers", action="store_true", help="only what is drawn at the size of the canvas")
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    program = ffmpeg()
    if not program:
        print("skipped: no ffmpeg with libvmaf; pip install imageio-ffmpeg, or name one in FFMPEG")
        return
    with tempfile.TemporaryDirectory() as folder:
        speech = speak(given.seconds, Path(folder))
        upscalers = not given.no_upscalers
        made = partial(measure, program, speech=speech, repeats=given.repeats, upscalers=upscalers)
        rows = [row for canvas in CANVASES for row in made(canvas)]
    table = Table(title="Ways to film a shot")
    for column in (
        "canvas",
        "rung",
        "VMAF",
        "p5",
        "hosts s/frame",
        "up-scale s/frame",
        "cores for real time",
        "kbit/s",
        "",
    ):
        table.add_column(column, justify="left" if column in ("canvas", "rung") else "right")
    for row in rows:
        table.add_row(
            row["canvas"], row["rung"], f"{row['vmaf']:.1f}", f"{row['vmaf_p5']:.1f}", f"{row['hosts_s']:.4f}",
            f"{row['upscale_s']:.4f}", f"{row['frame_s'] * FPS:.2f}", str(row["kbit_s"]),
            "dominated" if row["dominated"] else "",
        )  # fmt: skip
    Console(width=150).print(table)
    write("rungs", {"rows": rows}, given.out)


if __name__ == "__main__":
    main()
