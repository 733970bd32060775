"""The adapter ``moving-stills``: a picture and what is said to it become video, streamed clip by clip."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import skia

from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.image.cards import caption
from murakkab_runtimes.media.audio import write_wav
from murakkab_runtimes.media.codecs import RATE
from murakkab_runtimes.media.video import ClipEncoder, Picture, check_canvas, encoding
from murakkab_runtimes.video.cues import cues_of_clip, make_cues
from murakkab_runtimes.video.shot import Timing, clip_lengths
from murakkab_runtimes.video.soundtrack import mix, read_voice
from murakkab_runtimes.video.still_shots import CameraShot, Shot, SlideShot

LEAD_S, FIRST_LEAD_S, BEGIN_LEAD_S = 0.1, 0.25, 0.4
"""Silence before a line, before the first of all, and before the first of a section."""

TAIL_S, END_TAIL_S, CARD_S = 0.22, 0.6, 3.2
"""Silence behind a line and behind the last of a section; length of the closing card."""

DETAILS = {"full": 1, "simple": 2, "still": 0}
"""Frames for which one drawing stands; ``still`` draws one for each clip."""

SHORTEST_S = 1.6
CANCEL_FRAMES = 12


class MovingStills(Runtime):
    """Arguments: line, speech, picture, music (optional), width, height, fps.

    A line has ``text``, ``speaker``, ``title`` (of its section), ``begins`` and ``ends`` (whether it is the first and
    the last of its section), ``number`` (in the show), ``shown`` (steps of a slide that are there already), ``reveals``
    (``[{"step", "word"}]``: what of it appears with which word) and the cards ``opening`` and ``closing``
    (``{"head", "lines", "credit"}`` or null). A picture with ``layers`` is shown as a slide that builds up; any other
    is what a camera moves slowly over. Streams clips as ``drawn-hosts`` does.
    Knobs: ``detail`` (full, simple: every second frame is drawn, still: the first of each clip), ``burn_captions``,
    ``encoding`` (fine, normal, fast; or ``preset`` and ``crf``).
    """

    continues = True

    def run(self, task: Task) -> Output:
        """Draw, encode and emit the clips of one line.

        Raises:
            InputError: an argument does not fit; the message says which.
        """
        take = Take(task)
        start = 0
        for number, length in enumerate(clip_lengths(take.timing.frames, take.fps, first=take.first)):
            if number >= task.first_item:
                task.emit(take.clip(number, start, length), frames=length, seconds=length / take.fps)
            start += length
        return Output({"frames": start, "fps": take.fps}, {"frames": start, "seconds": start / take.fps})


@dataclass(frozen=True)
class _Line:
    """The checked argument ``line``."""

    text: str
    speaker: str
    title: str
    begins: bool
    ends: bool
    number: int
    shown: int
    reveals: list[dict[str, int]]
    opening: Mapping[str, Any] | None
    closing: Mapping[str, Any] | None


class Take:
    """One line being filmed."""

    def __init__(self, task: Task) -> None:
        self.task = task
        arguments = task.arguments
        self.detail = str(task.knobs.get("detail", "full"))
        if self.detail not in DETAILS:
            raise InputError(f"the detail '{self.detail}' is not one of {', '.join(DETAILS)}")
        line, speech, picture = (_mapping(arguments, name) for name in ("line", "speech", "picture"))
        self.line = _read_line(line)
        self.width, self.height = int(arguments.get("width") or 640), int(arguments.get("height") or 360)
        self.fps = int(arguments.get("fps") or 24)
        check_canvas(self.width, self.height, self.fps)
        self.first = not any(task.path)
        voice = read_voice(Path(speech["audio"]))
        self.timing = _timed(self.line, float(speech.get("seconds") or len(voice) / RATE), self.fps, first=self.first)
        self.cues = make_cues(
            speech.get("words") or [], self.line.text, self.line.speaker, self.timing.lead, self.timing.speech
        )
        self.pixels: Picture = np.zeros((self.height, self.width, 4), np.uint8)
        self._surface = skia.Surface(self.pixels, colorType=skia.kBGRA_8888_ColorType)
        self.canvas: skia.Canvas = self._surface.getCanvas()
        self.shot = self._shot(picture, speech.get("words") or [])
        self.palette = self.shot.palette
        self.sound = self._mixed(voice, arguments.get("music") or {})

    def clip(self, number: int, start: int, length: int) -> dict[str, Any]:
        """Film ``length`` frames from ``start`` on; return the clip's value."""
        knobs, fps = self.task.knobs, self.fps
        name = self.task.scratch / f"clip-{number:03d}"
        preset, crf = encoding(knobs)
        with ClipEncoder(
            name.with_suffix(".h264"), self.width, self.height, fps, preset=preset, crf=crf, threads=self.task.threads
        ) as encoder:
            for index in range(start, start + length):
                if self._changes(index, start):
                    encoder.add(self._frame((index + 0.5) / fps))
                else:
                    encoder.repeat()
                if index % CANCEL_FRAMES == 0:
                    self.task.progress(index / self.timing.frames)
        write_wav(name.with_suffix(".wav"), self.sound[start * RATE // fps : (start + length) * RATE // fps])
        begins = self.line.begins and start == 0
        return {
            "video": name.with_suffix(".h264"),
            "audio": name.with_suffix(".wav"),
            "frames": length,
            "fps": fps,
            "width": self.width,
            "height": self.height,
            "cues": cues_of_clip(self.cues, start / fps, (start + length) / fps),
            "chapter": self.line.title if begins else None,
            "turn": ".".join(map(str, self.task.path)),
            "rung": {"detail": self.detail, "height": self.height},
            "content_from": 0.0 if begins and self.line.opening is None else None,
        }

    def _changes(self, index: int, start: int) -> bool:
        """Whether frame ``index`` of a clip that begins with ``start`` is drawn anew."""
        step = DETAILS[self.detail]
        return index == start or (step > 0 and index % step == 0)

    def _frame(self, time: float) -> Picture:
        self.shot.draw(self.canvas, time)
        if self.task.knobs.get("burn_captions"):
            text = next((cue["text"] for cue in self.cues if cue["start"] <= time < cue["end"]), "")
            caption(self.canvas, self.width, self.height, text.replace("\n", " "), self.palette)
        return self.pixels

    def _shot(self, picture: Mapping[str, Any], words: list[Mapping[str, Any]]) -> Shot:
        size, line, timing = (self.width, self.height), self.line, self.timing
        if not picture.get("layers"):
            seed = zlib.crc32(repr((self.task.seed, self.task.path[:1])).encode())
            beat = self.task.path[-1] if self.task.path else 0
            return CameraShot(picture, size, timing, line, seed, beat)
        due = {reveal["step"]: timing.lead + _starts(words, reveal["word"]) for reveal in line.reveals}
        return SlideShot(picture, size, timing, line, due, line.shown, line.number)

    def _mixed(self, voice: Any, music: Mapping[str, Any]) -> Any:  # noqa: ANN401 - arrays
        timing = self.timing
        intro = music.get("intro") if self.first else None
        outro = music.get("outro") if timing.outro is not None else None
        ending = (Path(outro), max(0.0, (timing.outro or 0.0) - 0.35)) if outro else None
        return mix(voice, timing.lead, timing.seconds, 0.0, Path(intro) if intro else None, ending)


def _timed(line: _Line, speech: float, fps: int, *, first: bool) -> Timing:
    lead = FIRST_LEAD_S if first else BEGIN_LEAD_S if line.begins else LEAD_S
    talk = max(lead + speech + (END_TAIL_S if line.ends else TAIL_S), SHORTEST_S)
    closing = line.closing is not None
    frames = math.ceil((talk + (CARD_S if closing else 0.0)) * fps)
    return Timing(fps, frames, lead, speech, first, talk if closing else None)


def _starts(words: list[Mapping[str, Any]], place: int) -> float:
    """When the word at ``place`` is spoken; 0 where the times of words are not known."""
    return float(words[min(place, len(words) - 1)]["start"]) if words else 0.0


def _read_line(line: Mapping[str, Any]) -> _Line:
    return _Line(
        str(line.get("text") or ""),
        str(line.get("speaker") or ""),
        str(line.get("title") or ""),
        bool(line.get("begins")),
        bool(line.get("ends")),
        int(line.get("number") or 0),
        int(line.get("shown") or 0),
        list(line.get("reveals") or []),
        line.get("opening"),
        line.get("closing"),
    )


def _mapping(arguments: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = arguments.get(name)
    if not isinstance(value, Mapping):
        raise InputError(f"the argument '{name}' must be the value of a node, not {type(value).__name__}")
    return value
