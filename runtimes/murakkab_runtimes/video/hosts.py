"""The adapter ``drawn-hosts``: hosts drawn by a program speak one turn, streamed clip by clip."""

from __future__ import annotations

import random
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import skia

from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.media.audio import Pcm, write_wav
from murakkab_runtimes.media.codecs import RATE
from murakkab_runtimes.media.video import ClipEncoder, check_canvas, encoding
from murakkab_runtimes.video import shot
from murakkab_runtimes.video.cues import cues_of_clip, make_cues
from murakkab_runtimes.video.overlay import Overlay
from murakkab_runtimes.video.performance import perform
from murakkab_runtimes.video.rig.look import Look, read_looks
from murakkab_runtimes.video.rig.person import Person
from murakkab_runtimes.video.rig.studio import read_decor
from murakkab_runtimes.video.soundtrack import Signal, mix, read_voice
from murakkab_runtimes.video.stage import Stage

DETAILS = {"full": 1, "simple": 2, "sparse": 4, "still": 0}
"""Frames for which one drawing stands; ``still`` draws one for each cut."""

OVERLAY_FRAMES = 2
"""The same, at most, while a card or a plate moves over the stage."""

MOST_HOSTS = 4
CANCEL_FRAMES = 6


class DrawnHosts(Runtime):
    """Arguments: turn, speech, scene, music, cast, width, height, fps (see the values of those nodes).

    Streams ``{"video", "audio", "frames", "fps", "width", "height", "cues", "chapter", "turn", "rung"}`` and, where the
    title gives way to the studio, ``content_from``.
    Knobs: ``detail`` (full, simple: every second frame is drawn, sparse: every fourth, still: one drawing a cut),
    ``draw_height`` (pixels; smaller than the canvas leaves the rest to an up-scaler; 0 draws at the canvas size),
    ``burn_captions``, ``encoding`` (fine, normal, fast; or ``preset`` and ``crf``).
    """

    continues = True

    def run(self, task: Task) -> Output:
        """Draw, encode and emit the clips of one turn.

        Raises:
            InputError: an argument does not fit; the message says which.
        """
        turn = _read_turn(task)
        take = Take(turn, task)
        start = 0
        for number, length in enumerate(shot.clip_lengths(turn.timing.frames, turn.fps, first=turn.timing.title)):
            if number >= task.first_item:
                task.emit(take.clip(number, start, length), frames=length, seconds=length / turn.fps)
            start += length
        return Output({"frames": start, "fps": turn.fps}, {"frames": start, "seconds": start / turn.fps})

    def warm(self) -> None:
        """Draw a frame, so that shapes and fonts are loaded."""
        people = make_people([{"name": "Warm", "gender": "female"}, {"name": "Up", "gender": "male"}])
        stage = Stage(people, read_decor({}, 0), None, 160, 90)
        Overlay({}, "Warm up", ["Warm", "Up"], "Warm up").title(stage.canvas, 160, 90, 0.5)


@dataclass(frozen=True)
class Turn:
    """The checked arguments of one task."""

    turn: Mapping[str, Any]
    speech: Mapping[str, Any]
    scene: Mapping[str, Any]
    music: Mapping[str, Any]
    hosts: list[Mapping[str, Any]]
    speaker: int
    width: int
    height: int
    fps: int
    timing: shot.Timing
    path: tuple[int, ...]
    seed: int

    @property
    def episode_seed(self) -> int:
        """What all turns of an episode share and other episodes do not: its title, its hosts and its music."""
        names = [str(h.get("name")) for h in self.hosts]
        intro = self.music.get("intro")
        music = Path(intro).read_bytes() if intro else b""
        return zlib.crc32(music, zlib.crc32(repr((self.turn.get("episode"), names)).encode()))

    @property
    def begins(self) -> bool:
        """Whether a section begins with this turn."""
        return not self.path or self.path[-1] == 0

    @property
    def introduces(self) -> bool:
        """Whether the speaker's name is shown: a section begins, or the speaker is likely heard for the first time."""
        return self.begins or (self.path[0] == 0 and self.path[-1] < len(self.hosts))


class _Drawing(NamedTuple):
    """What tells one drawing from the next."""

    step: int
    camera: str
    moves: bool
    caption: str | None


class Take:
    """One turn being filmed."""

    def __init__(self, turn: Turn, task: Task) -> None:
        self.turn, self.task = turn, task
        self.detail = _detail(task.knobs)
        people = make_people(turn.hosts)
        names = [person.look.name for person in people]
        palette = turn.scene.get("palette") or {}
        title = str(turn.turn.get("episode") or turn.turn.get("title") or "")
        self.overlay = Overlay(palette, title, names, str(turn.turn.get("title") or ""))
        decor = read_decor(palette, turn.episode_seed)
        self.stage = Stage(people, decor, _read_scene(turn.scene), turn.width, turn.height)
        voice = read_voice(Path(turn.speech["audio"]))
        places = [self.stage.place(i) for i in range(len(people))]
        acted = perform(turn.turn, turn.speech, voice, turn.timing, places, turn.speaker, turn.seed)
        self.poses = acted.poses
        dice = random.Random(turn.seed)
        self.cuts = shot.plan_cuts(turn.timing, str(turn.turn.get("kind")), turn.begins, acted.pauses, dice)
        self.sound = _mix(turn, voice, places[turn.speaker])
        self.cues = make_cues(
            turn.speech.get("words") or [],
            str(turn.turn.get("text") or ""),
            names[turn.speaker],
            turn.timing.lead,
            turn.timing.speech,
        )
        self._introduced = names[turn.speaker] if turn.introduces else None
        self._drawn: _Drawing | None = None

    def clip(self, number: int, start: int, length: int) -> dict[str, Any]:
        """Film ``length`` frames from ``start`` on; return the clip's value."""
        turn, knobs = self.turn, self.task.knobs
        name = self.task.scratch / f"clip-{number:03d}"
        preset, crf = encoding(knobs)
        with ClipEncoder(
            name.with_suffix(".h264"),
            turn.width,
            turn.height,
            turn.fps,
            preset=preset,
            crf=crf,
            threads=self.task.threads,
        ) as encoder:
            for index in range(start, start + length):
                if self._frame(index) or not encoder.frames:
                    encoder.add(self.stage.pixels)
                else:
                    encoder.repeat()
                if index % CANCEL_FRAMES == 0:
                    self.task.progress(index / turn.timing.frames)
        first, last = start / turn.fps, (start + length) / turn.fps
        cut = slice(start * RATE // turn.fps, (start + length) * RATE // turn.fps)
        write_wav(name.with_suffix(".wav"), self.sound[cut])
        value: dict[str, Any] = {
            "video": name.with_suffix(".h264"),
            "audio": name.with_suffix(".wav"),
            "frames": length,
            "fps": turn.fps,
            "width": turn.width,
            "height": turn.height,
            "cues": cues_of_clip(self.cues, first, last),
            "chapter": str(turn.turn.get("title") or "") if turn.begins and start == 0 else None,
            "turn": ".".join(map(str, turn.path)),
            "rung": {"detail": self.detail, "height": turn.height},
        }
        seen = shot.TITLE_S if turn.timing.title else 0.0
        if turn.timing.title and first <= seen < last:
            value["content_from"] = round(seen - first, 3)
        return value

    def _frame(self, index: int) -> bool:
        """Draw frame ``index``, or leave the last drawing as it is where the detail allows that; whether it is new."""
        since, camera = next(cut for cut in reversed(self.cuts) if cut[0] <= index)
        time = (index + 0.5) / self.turn.fps
        drawing = self._drawing(index, camera, time)
        if drawing == self._drawn:
            return False
        self._drawn = drawing
        if not self.overlay.hides_stage(time, self.turn.timing):
            shown = self.stage.camera(camera, self.turn.speaker)
            dolly = 1.0 if camera == "wide" else 1.0 + shot.DOLLY_PER_S * (index - since) / self.turn.fps
            self.stage.draw(shown, self.turn.speaker, [p[index] for p in self.poses], dolly)
        self._draw_over(time, drawing.caption)
        return True

    def _drawing(self, index: int, camera: str, time: float) -> _Drawing:
        """Which drawing stands for frame ``index``: equal for all frames that it stands for."""
        step = DETAILS[self.detail]
        moves = self.overlay.moves(time, self.turn.timing, self._introduced)
        if moves:
            step = min(step or OVERLAY_FRAMES, OVERLAY_FRAMES)
        return _Drawing(index // step if step else 0, camera, moves, self._caption(time))

    def _caption(self, time: float) -> str | None:
        if not self.task.knobs.get("burn_captions"):
            return None
        return next((c["text"] for c in self.cues if c["start"] <= time < c["end"]), None)

    def _draw_over(self, time: float, caption: str | None) -> None:
        turn = self.turn
        self.overlay.draw(self.stage.canvas, turn.width, turn.height, time, turn.timing, self._introduced, caption)


def _read_turn(task: Task) -> Turn:
    arguments = task.arguments
    turn, speech = _mapping(arguments, "turn"), _mapping(arguments, "speech")
    hosts = list((_mapping(arguments, "cast")).get("hosts") or [])
    if not 1 <= len(hosts) <= MOST_HOSTS:
        raise InputError(f"the cast has {len(hosts)} hosts; 1 to {MOST_HOSTS} can be drawn")
    speaker = turn.get("host", 0)
    if not isinstance(speaker, int) or not 0 <= speaker < len(hosts):
        raise InputError(f"the turn's host is {speaker!r}; the cast has the hosts 0 to {len(hosts) - 1}")
    if not speech.get("audio"):
        raise InputError("the speech has no 'audio'; the hosts need the value of a text-to-speech node")
    width, height = _canvas(arguments, task.knobs)
    fps = int(arguments.get("fps") or 24)
    check_canvas(width, height, fps)
    kind = str(turn.get("kind"))
    title = kind == "opening" and not any(task.path)
    timing = shot.time_turn(float(speech.get("seconds") or 0.0), fps, title=title, outro=_is_last(turn))
    return Turn(
        turn, speech, arguments.get("scene") or {}, arguments.get("music") or {}, hosts, speaker, width, height, fps,
        timing, task.path, zlib.crc32(repr((task.seed, task.path)).encode()),
    )  # fmt: skip


def _is_last(turn: Mapping[str, Any]) -> bool:
    """Whether the episode ends with this turn: what ``last`` says, else a closing that asks nothing."""
    closing = turn.get("kind") == "closing" and not str(turn.get("text", "")).rstrip().endswith("?")
    return bool(turn.get("last", closing))


def _mapping(arguments: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = arguments.get(name)
    if not isinstance(value, Mapping):
        raise InputError(f"the argument '{name}' must be the value of a node, not {type(value).__name__}")
    return value


def _canvas(arguments: Mapping[str, Any], knobs: Mapping[str, Any]) -> tuple[int, int]:
    """Size to draw at: the canvas, or smaller in proportion and even."""
    width, height = int(arguments.get("width") or 640), int(arguments.get("height") or 360)
    check_canvas(width, height, 24)
    wanted = int(knobs.get("draw_height") or 0)
    if not 0 < wanted < height:
        return width, height
    return max(16, 2 * round(width * wanted / height / 2)), max(16, 2 * round(wanted / 2))


def _detail(knobs: Mapping[str, Any]) -> str:
    detail = str(knobs.get("detail", "full"))
    if detail not in DETAILS:
        raise InputError(f"the detail '{detail}' is unknown; valid: {', '.join(DETAILS)}")
    return detail


def make_people(hosts: Sequence[Mapping[str, Any]]) -> list[Person]:
    """The hosts of a cast, ready to be drawn; kept from task to task.

    Raises:
        InputError: a look cannot be understood.
    """
    return _people(tuple(read_looks(hosts)))


@lru_cache(8)
def _people(looks: tuple[Look, ...]) -> list[Person]:
    return [Person(look) for look in looks]


def _read_scene(scene: Mapping[str, Any]) -> skia.Image | None:
    path = scene.get("image")
    if not path:
        return None
    return _load(Path(path), Path(path).stat().st_mtime_ns if Path(path).exists() else 0)


@lru_cache(4)
def _load(path: Path, _changed: int) -> skia.Image:
    try:
        return skia.Image.MakeFromEncoded(skia.Data.MakeFromFileName(str(path))).makeRasterImage()
    except (RuntimeError, AttributeError, ValueError, TypeError):
        raise InputError(f"the scene {path.name} is no picture that can be read (PNG, JPEG or WebP)") from None


def _mix(turn: Turn, voice: Signal, place: float) -> Pcm:
    timing = turn.timing
    intro = turn.music.get("intro") if timing.title else None
    outro = turn.music.get("outro") if timing.outro is not None else None
    ending = (Path(outro), max(0.0, (timing.outro or 0.0) - 0.35)) if outro else None
    return mix(voice, timing.lead, timing.seconds, place, Path(intro) if intro else None, ending)
