"""Probes of what films, enlarges, packs and dubs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from murakkab.profiling.probe import Inputs, Made, Piece, Pieces, Probe
from murakkab.profiling.probes import samples
from murakkab_optimizer.catalog import ModelCard

LARGE = 720
"""Height that clips of 360 lines are enlarged to."""


def hosts(card: ModelCard) -> Sequence[Probe]:
    """The first turn of a show and a long one at each height."""
    return [_frames(partial(_turns, height), height) for height in samples.HEIGHTS]


def _turns(height: int, inputs: Inputs) -> Sequence[Piece]:
    opening = samples.turn_arguments(inputs, samples.SHORT, height, "opening")
    return [Piece(opening, path=(0, 0)), Piece(samples.turn_arguments(inputs, samples.LONG, height))]


def stills(card: ModelCard) -> Sequence[Probe]:
    """The first line of a show and a long one over a drawn scene at each height."""
    return [_frames(partial(_lines, height), height) for height in samples.HEIGHTS]


def _lines(height: int, inputs: Inputs) -> Sequence[Piece]:
    return [Piece(_line(inputs, samples.SHORT, height), path=(0, 0)), Piece(_line(inputs, samples.LONG, height))]


def _line(inputs: Inputs, text: str, height: int) -> dict[str, Any]:
    turn = samples.turn_arguments(inputs, text, height)
    line = {"text": text, "speaker": "Claire", "title": "Tides", "number": 1}
    return {"line": line, "picture": turn["scene"], **{k: turn[k] for k in ("speech", "width", "height", "fps")}}


def _frames(pieces: Pieces, height: int) -> Probe:
    return Probe("frame", pieces, _filmed, {"height": height}, streams=True)


def _filmed(made: Made) -> float:
    return float(made.value["frames"])


def upscaling(card: ModelCard) -> Sequence[Probe]:
    """Clips of 360 lines made 720: of two, six and 24 frames."""
    height = 360 if card.passes else LARGE
    conditions = {"height": height, "from_height": 360}
    return [Probe("frame", partial(_small_clips, height, (2, 6, 24)), conditions=conditions)]


def _small_clips(height: int, lengths: Sequence[int], inputs: Inputs) -> Sequence[Piece]:
    size = {"width": samples.width(height), "height": height}
    return [Piece({"clip": _cut(inputs, frames), **size}, frames) for frames in lengths]


def _cut(inputs: Inputs, frames: int) -> dict[str, Any]:
    """The beginning of a clip of the hosts."""
    from murakkab_runtimes.media.video import decode_clip, encode_clip

    clip = max(samples.clips(inputs), key=lambda one: int(one["frames"]))
    frames, path = min(frames, clip["frames"]), inputs.folder / f"cut-{frames}.h264"
    if not path.exists():
        pictures = [picture for picture, _ in zip(decode_clip(clip["video"], "bgra"), range(frames), strict=False)]
        encode_clip(path, pictures, clip["width"], clip["height"], clip["fps"])
    return {**clip, "video": path, "frames": frames, "cues": []}


def packaging(card: ModelCard) -> Sequence[Probe]:
    """The clips of one turn, one behind the other."""
    return [Probe("clip", lambda inputs: [Piece({"clip": clip}) for clip in samples.clips(inputs)], in_order=True)]


def muxing(card: ModelCard) -> Sequence[Probe]:
    """A short and a long episode, by the second."""
    return [Probe("audio-second", _episodes, _length)]


def _episodes(inputs: Inputs) -> Sequence[Piece]:
    return [Piece(samples.episode_arguments(inputs, count)) for count in (2, 24)]


def _length(made: Made) -> float:
    return float(made.value["seconds"])


def dubbing(card: ModelCard) -> Sequence[Probe]:
    """A short and a long film with one new sentence."""
    return [Probe("audio-second", lambda inputs: [_dubbed(inputs, count) for count in (2, 12)], _length)]


def _dubbed(inputs: Inputs, count: int) -> Piece:
    spoken = samples.speech(inputs, samples.SHORT)
    slot = {"start": 0.2, "end": 2.0, "until": 3.0}
    fitted = inputs.made("atempo", {"speech": spoken, "slot": slot}).value
    texts = [{"text": samples.SHORT, "rewritten": True}]
    return Piece({"video": samples.film(inputs, count)["video"], "stretches": [fitted], "texts": texts})


def sampling(card: ModelCard) -> Sequence[Probe]:
    """A short and a long film."""
    return [Probe("audio-second", lambda inputs: [_film(inputs, count) for count in (2, 12)], streams=True)]


def _film(inputs: Inputs, count: int) -> Piece:
    film = samples.film(inputs, count)
    return Piece({"file": film["video"]}, film["seconds"])
