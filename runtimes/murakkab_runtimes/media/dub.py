"""Adapter ``dub``: a video with new words: its picture untouched, new speech over its own sound, and captions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer, OutputContainer
from numpy.typing import NDArray

from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.media import webvtt
from murakkab_runtimes.media.codecs import RATE
from murakkab_runtimes.media.track import length, opened, origin, samples
from murakkab_runtimes.speech import audio
from murakkab_runtimes.video.cues import make_cues

IN_MP4 = ("h264", "hevc", "av1", "vp9", "mpeg4")
"""Pictures that MP4 holds; others go into Matroska."""

BACKGROUNDS = ("ducked", "silence")
BLOCK = RATE
RAMP_S = 0.2
"""How long the original takes to become quiet before a sentence, and to come back behind it."""

Sound = NDArray[np.float32]
"""Samples x 2 in -1..1, 48 kHz."""


class Dub(Runtime):
    """Muxes ``video`` with ``stretches`` (values of speech-fitting, in order) and ``texts`` (what each of them says).

    ``background`` is ``ducked`` (the original sound, quiet under the new speech, by the knob ``duck``) or ``silence``.
    The value is ``{"video", "captions", "seconds", "figures"}``; see ``figures``.
    """

    def run(self, task: Task) -> Output:
        """Write the dubbed video and its captions."""
        path, background = task.arguments.get("video"), task.arguments.get("background") or "ducked"
        stretches, texts = task.arguments.get("stretches") or [], task.arguments.get("texts") or []
        if background not in BACKGROUNDS:
            raise InputError(f"the background '{background}' is unknown; choose one of: {', '.join(BACKGROUNDS)}")
        if not stretches:
            raise InputError("no speech was found in the video; there is nothing to dub")
        with opened(path) as source, opened(path) as heard:
            seconds = length(source)
            kept = _kept(heard, background, stretches, float(task.knobs.get("duck", 0.12)))
            sound = mixed(kept, stretches, round(seconds * RATE))
            target = task.scratch / f"dubbed{_suffix(source)}"
            for done in mux(source, sound, target):
                task.progress(min(1.0, done / max(seconds, 0.1)))
        captions = task.scratch / "captions.vtt"
        captions.write_text(webvtt.document(map(webvtt.block, _cues(stretches, texts))), encoding="utf-8")
        value = {"video": target, "captions": captions, "seconds": round(seconds, 3)}
        return Output(value | {"figures": figures(stretches, texts)}, {"seconds": round(seconds, 3)})


def figures(stretches: Sequence[Mapping[str, Any]], texts: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """How well it went: sentences, those in new words, those inside their slots, latest start (ms), fastest tempo."""
    return {
        "sentences": len(stretches),
        "rewritten": sum(bool(text.get("rewritten")) for text in texts),
        "inside": sum(bool(stretch["inside"]) for stretch in stretches),
        "latest_ms": max(stretch["late_ms"] for stretch in stretches),
        "fastest": max(stretch["tempo"] for stretch in stretches),
    }


def _suffix(source: InputContainer) -> str:
    return ".mp4" if source.streams.video[0].codec_context.name in IN_MP4 else ".mkv"


def _kept(
    source: InputContainer, background: str, stretches: Sequence[Mapping[str, Any]], duck: float
) -> Iterator[Sound]:
    """The original sound, made quiet where something else is said."""
    if background == "silence":
        return
    times, gains = _envelope(stretches, duck)
    at = 0
    for piece in samples(source, RATE, 2):
        clock = (at + np.arange(len(piece))) / RATE
        yield (piece * (np.interp(clock, times, gains)[:, None] / 32768)).astype(np.float32)
        at += len(piece)


def _envelope(stretches: Sequence[Mapping[str, Any]], duck: float) -> tuple[list[float], list[float]]:
    """Corners of the gain over time. Both the new words and the old ones are ducked under."""
    spans: list[list[float]] = []
    for stretch in stretches:
        begin, end = stretch["slot"]["start"], max(stretch["end"], stretch["slot"]["end"])
        if spans and begin - spans[-1][1] < 3 * RAMP_S:
            spans[-1][1] = max(spans[-1][1], end)
        else:
            spans.append([begin, end])
    times = [t for begin, end in spans for t in (begin - RAMP_S, begin, end, end + RAMP_S)]
    return times, [1.0, duck, duck, 1.0] * len(spans)


def mixed(kept: Iterator[Sound], stretches: Sequence[Mapping[str, Any]], count: int) -> Iterator[Sound]:
    """Blocks of the new sound, ``count`` samples in all; a sentence is read when its time comes."""
    waiting, playing = list(stretches), list[tuple[int, Sound]]()
    for at, block in _blocks(kept, count):
        while waiting and waiting[0]["start"] * RATE < at + len(block):
            first = waiting.pop(0)
            playing.append((round(first["start"] * RATE), _read(first["audio"])))
        for start, voice in playing:
            low, high = max(at, start), min(at + len(block), start + len(voice))
            if low < high:
                block[low - at : high - at] += voice[low - start : high - start, None]
        playing = [(start, voice) for start, voice in playing if start + len(voice) > at + len(block)]
        yield audio.limit(block)


def _blocks(kept: Iterator[Sound], count: int) -> Iterator[tuple[int, Sound]]:
    """Cut into blocks with their first samples; silence where the original has ended."""
    held, at = np.zeros((0, 2), np.float32), 0
    while at < count:
        size = min(BLOCK, count - at)
        while len(held) < size:
            held = np.concatenate([held, next(kept, np.zeros((size, 2), np.float32))])
        yield at, held[:size].copy()
        held, at = held[size:], at + size


def _read(path: Path) -> Sound:
    voice, rate = audio.read_wav(path)
    return audio.resample(voice, round(len(voice) * RATE / rate))


def mux(source: InputContainer, sound: Iterator[Sound], target: Path) -> Iterator[float]:
    """Write the packets of the picture as they are beside the new sound; yields the seconds that are written."""
    options = {"movflags": "faststart"} if target.suffix == ".mp4" else {}
    with av.open(str(target), "w", options=options) as file:
        picture = file.add_stream_from_template(source.streams.video[0])
        voice = file.add_stream("aac", rate=RATE, layout="stereo")
        assert isinstance(voice, av.AudioStream)
        voice.bit_rate = 128_000
        at, begin = 0, origin(source)
        for packet in source.demux(video=0):
            if packet.dts is None or packet.time_base is None:
                continue
            now = float(packet.dts * packet.time_base) - begin
            while at / RATE < now and (size := _encode(file, voice, sound, at)):
                at += size
            shift = round(begin / packet.time_base)
            packet.dts, packet.pts = packet.dts - shift, None if packet.pts is None else packet.pts - shift
            packet.stream = picture
            file.mux(packet)
            yield now
        while size := _encode(file, voice, sound, at):
            at += size
        file.mux(voice.encode(None))


def _encode(file: OutputContainer, voice: av.AudioStream, sound: Iterator[Sound], at: int) -> int:
    """Encode the next block of sound, which begins at sample ``at``; returns its length, 0 at the end."""
    block = next(sound, None)
    if block is None:
        return 0
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block.T), "fltp", "stereo")
    frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
    file.mux(voice.encode(frame))
    return len(block)


def _cues(stretches: Sequence[Mapping[str, Any]], texts: Sequence[Mapping[str, Any]]) -> Iterator[webvtt.Cue]:
    for stretch, text in zip(stretches, texts, strict=False):
        seconds = stretch["end"] - stretch["start"]
        for cue in make_cues(_on_own_clock(stretch), text["text"], "", stretch["start"], seconds):
            yield webvtt.Cue(
                cue["start"], max(cue["start"] + 0.1, min(cue["end"], stretch["slot"]["until"])), cue["text"]
            )


def _on_own_clock(stretch: Mapping[str, Any]) -> list[dict[str, Any]]:
    start = stretch["start"]
    return [{**word, "start": word["start"] - start, "end": word["end"] - start} for word in stretch["words"]]
