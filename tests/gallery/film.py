"""A film made by the real command with the real models, and what can be asked of any of them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

SIZE = ("--width", "320", "--height", "180", "--fps", "12")
FPS = 12


@dataclass
class Film:
    """One finished run."""

    folder: Path
    code: int
    events: list[dict[str, Any]]
    err: str = ""

    @property
    def end(self) -> dict[str, Any]:
        return self.events[-1]

    def of(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == name]

    @property
    def lines(self) -> list[str]:
        return [turn["text"] for turn in self.of("turn.written")]

    @cached_property
    def pictures(self) -> list[np.ndarray]:
        """Every picture of the MP4 at a quarter of its size, as bytes of luma."""
        with av.open(str(self.folder / "episode.mp4")) as file:
            return [frame.reformat(80, 46, "gray").to_ndarray() for frame in file.decode(video=0)]

    def at(self, seconds: float) -> np.ndarray:
        return self.pictures[min(round(seconds * FPS), len(self.pictures) - 1)].astype(int)

    @cached_property
    def chapters(self) -> list[tuple[str, float, float]]:
        with av.open(str(self.folder / "episode.mp4")) as file:
            rows = file.chapters()
        scale = [float(row["time_base"]) for row in rows]
        return [
            (row["metadata"]["title"], row["start"] * s, row["end"] * s) for row, s in zip(rows, scale, strict=True)
        ]


def make(runs: Path, workflow: str, *arguments: str) -> Film:
    """Run a shipped workflow to its end and read all that the command says."""
    command = [sys.executable, "-m", "murakkab", "run", workflow, "--json", "--no-browser", "--runs", str(runs)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "XDG_STATE_HOME": str(runs.parent / "state")}
    done = subprocess.run([*command, *SIZE, *arguments], capture_output=True, text=True, timeout=240, env=environment)
    assert "Traceback" not in done.stdout + done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return Film(runs / events[-1]["run"] if events else runs, done.returncode, events, done.stderr)


def check_is_whole(film: Film) -> None:
    """The MP4 has picture and sound of one length; its segments decode as one stream and follow each other."""
    assert film.code == 0, film.err
    length = film.end["duration_s"]
    with av.open(str(film.folder / "episode.mp4")) as file:
        video, audio = file.streams.video[0], file.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        lengths = [float(stream.duration * stream.time_base) for stream in (video, audio)]
    assert lengths == pytest.approx([length, length], abs=0.06)
    assert len(film.pictures) == round(length * FPS)
    hls = film.folder / "hls"
    seconds = [float(value) for value in re.findall(r"#EXTINF:([\d.]+)", (hls / "video.m3u8").read_text())]
    assert max(seconds[:4]) <= 1.0
    assert max(seconds) <= 2.0
    assert sum(seconds) == pytest.approx(length, abs=0.02)
    for one, other in pairwise(film.of("segment.published")):
        assert other["start"] == pytest.approx(one["start"] + one["seconds"], abs=1e-3)


def check_every_segment_decodes(film: Film) -> None:
    """Each segment, behind the init segment, holds as many pictures as the playlist says."""
    hls = film.folder / "hls"
    init = (hls / "init.mp4").read_bytes()
    published = film.of("segment.published")
    for segment, said in zip(sorted(hls.glob("segment-*.m4s")), published, strict=True):
        path = film.folder / "one.mp4"
        path.write_bytes(init + segment.read_bytes())
        with av.open(str(path)) as file:
            assert sum(1 for _ in file.decode(video=0)) == round(said["seconds"] * FPS)


def check_captions(film: Film) -> None:
    """The captions are the words that are spoken, in order, and lie within the film."""
    text = (film.folder / "captions.vtt").read_text()
    shown = " ".join(re.sub(r"<[^>]*>", "", line) for line in text.splitlines() if line.startswith("<v"))
    assert shown.replace("&amp;", "&").split() == " ".join(film.lines).split()
    times = [int(h) * 3600 + int(m) * 60 + float(s) for h, m, s in re.findall(r"(\d+):(\d\d):(\d\d\.\d{3}) -->", text)]
    assert times == sorted(times)
    assert times[-1] < film.end["duration_s"]


def word_error_rate(film: Film, folder: Path) -> float:
    """What Whisper understands of the whole sound, against what was to be said."""
    pytest.importorskip("faster_whisper")
    from murakkab_runtimes.base import Task, runtime_class
    from murakkab_runtimes.catalog import load_catalog
    from murakkab_runtimes.speech.word_errors import word_error_rate as rate

    card = load_catalog()["whisper"]
    whisper = runtime_class(card.adapter)(card, 2)
    heard: Any = whisper.run(Task({"audio": film.folder / "episode.mp3"}, folder, threads=2))
    return rate([(" ".join(film.lines), heard.value["text"])])
