"""The adapter ``fmp4``: clips become the media segments of one continuous fragmented MP4 stream."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.media import annexb, boxes
from murakkab_runtimes.media.audio import Pcm, aac_config, encode, first_needed, read_wav
from murakkab_runtimes.media.codecs import AAC, MP3, RATE
from murakkab_runtimes.media.video import check_canvas

MP3_BATCH = 2 * RATE
"""Samples that gather before MP3 packets are made of them, so that the first segments need not wait for MP3."""


class Clip(msgspec.Struct, frozen=True):
    """The part of a clip's value that is packaged.

    Attributes:
        content_from: seconds into the clip at which the show itself is first seen, in the clip where that happens.
        end: whether no clip follows.

    """

    video: Path
    audio: Path
    frames: int
    fps: int
    width: int
    height: int
    cues: list[dict[str, Any]] = []
    chapter: str | None = None
    turn: Any = None
    rung: Any = None
    content_from: float | None = None
    end: bool = False


class State(msgspec.Struct, frozen=True):
    """Where the stream stands behind a segment: all that the next task needs.

    Attributes:
        fps: frames a second of the stream.
        frames: published so far.
        sequence: number of the last segment, from 1.
        aac: index of the next AAC packet.
        mp3: index of the next MP3 packet.
        offset: position in the stream of the first sample of ``pcm``.
        pcm: file with the end of the audio, raw 16-bit stereo: what later packets still need.
    """

    fps: int
    frames: int = 0
    sequence: int = 0
    aac: int = 1
    mp3: int = 1
    offset: int = 0
    pcm: Path | None = None

    @property
    def seconds(self) -> float:
        """Length of the stream so far."""
        return self.frames / self.fps

    def tail(self) -> Pcm:
        """The samples of ``pcm``."""
        data = b"" if self.pcm is None else self.pcm.read_bytes()
        return np.frombuffer(data, np.int16).reshape(-1, 2)


class Fmp4(Runtime):
    """Packages one clip a task; an ordered join hands each task the value that the one before returned.

    Arguments: ``clip`` (see ``Clip``). The value holds ``segment`` and ``init`` (files), ``seconds``, ``start``,
    ``captions``, ``chapter``, ``speech_from`` (the first spoken word) and ``content_from`` on the stream's clock,
    ``turn``, ``rung``, ``width``, ``height`` and ``fps`` as in the clip, ``mp3`` (a file of MP3 packets, or None when
    none are due) and ``state``. Audio packets end at most three AAC blocks (64 ms) before the video does, since each
    needs the samples behind it; ``end: true`` in the last clip lets them all out.
    """

    def __init__(self, card: ModelCard, threads: int) -> None:
        super().__init__(card, threads)
        self._aac_config = aac_config()

    def run(self, task: Task) -> Output:
        """Package one clip."""
        clip = _read_clip(task.arguments.get("clip"))
        before = msgspec.convert(task.previous["state"], State) if task.previous else State(clip.fps)
        video = _read_video(clip)
        init = boxes.init_segment(clip.width, clip.height, clip.fps, video.sps, video.pps, self._aac_config)
        if task.previous and Path(task.previous["init"]).read_bytes() != init:
            raise InputError(
                f"a clip of {clip.width}x{clip.height} at {clip.fps} fps does not continue the stream: all clips need "
                "the same canvas, frame rate and parameter sets; encode them with media.video"
            )
        pcm = np.concatenate([before.tail(), _read_audio(clip, before)])
        aac = encode(AAC, pcm, before.offset, before.aac, end=clip.end)
        mp3 = _mp3(pcm, before, clip.end)
        runs = [
            boxes.Run(boxes.VIDEO, before.frames * boxes.TICKS, video.pictures),
            boxes.Run(boxes.AUDIO, before.aac * AAC.block - AAC.delay, aac),
        ]
        after = _after(before, clip, len(aac), len(mp3))
        tail = _file(task, "tail.pcm", pcm[after.offset - before.offset :].tobytes())
        value = {
            "segment": _file(task, "segment.m4s", boxes.media_segment(after.sequence, runs)),
            "init": _file(task, "init.mp4", init),
            "mp3": _file(task, "audio.mp3", b"".join(mp3)) if mp3 else None,
            "seconds": clip.frames / clip.fps,
            "start": before.seconds,
            "captions": [_shifted(cue, before.seconds) for cue in clip.cues],
            "speech_from": before.seconds + clip.cues[0]["start"] if clip.cues else None,
            "content_from": None if clip.content_from is None else before.seconds + clip.content_from,
            "chapter": clip.chapter,
            "turn": clip.turn,
            "rung": clip.rung,
            "width": clip.width,
            "height": clip.height,
            "fps": clip.fps,
            "state": msgspec.structs.asdict(after) | {"pcm": tail},
        }
        return Output(value, {"seconds": clip.frames / clip.fps, "start": before.seconds})


def audio_rest(state: State) -> tuple[list[bytes], list[bytes]]:
    """The AAC and MP3 packets that a finished stream still owes, as its last segment left it."""
    pcm = state.tail()
    return encode(AAC, pcm, state.offset, state.aac, end=True), encode(MP3, pcm, state.offset, state.mp3, end=True)


def _after(before: State, clip: Clip, aac: int, mp3: int) -> State:
    following = (before.aac + aac, before.mp3 + mp3)
    return State(
        fps=clip.fps,
        frames=before.frames + clip.frames,
        sequence=before.sequence + 1,
        aac=following[0],
        mp3=following[1],
        offset=min(first_needed(AAC, following[0]), first_needed(MP3, following[1])),
    )


def _mp3(pcm: Pcm, before: State, end: bool) -> list[bytes]:
    waiting = before.offset + len(pcm) - before.mp3 * MP3.block
    return encode(MP3, pcm, before.offset, before.mp3, end=end) if end or waiting >= MP3_BATCH else []


def _read_clip(value: Any) -> Clip:  # noqa: ANN401
    try:
        clip = msgspec.convert(value, Clip)
    except msgspec.ValidationError as fault:
        raise InputError(f"the argument 'clip' is no clip: {fault}") from None
    check_canvas(clip.width, clip.height, clip.fps)
    return clip


def _read_video(clip: Clip) -> annexb.Elementary:
    video = annexb.parse(clip.video.read_bytes())
    if len(video.pictures) != clip.frames:
        raise InputError(f"the clip says {clip.frames} frames, but {clip.video.name} has {len(video.pictures)}")
    return video


def _read_audio(clip: Clip, before: State) -> Pcm:
    """The clip's samples, cut or padded by rounding errors to end where its last frame does."""
    first, last = (frames * RATE // clip.fps for frames in (before.frames, before.frames + clip.frames))
    pcm = read_wav(clip.audio)
    if abs(len(pcm) - (last - first)) > RATE // clip.fps:
        raise InputError(
            f"the clip's audio is {len(pcm) / RATE:.3f} s long and its video {clip.frames / clip.fps:.3f} s; "
            "they must be equal"
        )
    padding = max(0, last - first - len(pcm))
    return np.pad(pcm[: last - first], ((0, padding), (0, 0)))


def _shifted(cue: dict[str, Any], start: float) -> dict[str, Any]:
    return cue | {"start": cue["start"] + start, "end": cue["end"] + start}


def _file(task: Task, name: str, data: bytes) -> Path:
    path = task.scratch / name
    path.write_bytes(data)
    return path
