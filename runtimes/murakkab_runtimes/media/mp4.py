"""The adapter ``mp4``: the segments of a finished stream become files to keep, without encoding anything again."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import msgspec

from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.media import boxes, webvtt
from murakkab_runtimes.media.codecs import AAC
from murakkab_runtimes.media.fmp4 import State, audio_rest
from murakkab_runtimes.media.transcript import NOTICE, Chapter, chapters, length, transcript, turn_starts

_MILLISECOND = Fraction(1, 1000)
_CHECK_EVERY = 2000


class Mp4(Runtime):
    """Muxes an episode.

    Arguments: ``segments`` (the values of ``fmp4``, in order), ``turns`` (of the script, in order), and optionally
    ``title`` and ``language`` (ISO 639-2). The value holds ``video`` (MP4 with chapters), ``audio`` (MP3 with
    chapters), ``captions`` (WebVTT), ``transcript`` (text), ``chapters``, ``title`` and ``seconds``. Memory does not
    grow with the length of the episode, but for the index of the MP4.
    """

    def run(self, task: Task) -> Output:
        """Mux one episode."""
        segments, turns = task.arguments.get("segments") or [], task.arguments.get("turns") or []
        if not segments:
            raise InputError("the argument 'segments' is empty: there is nothing to make an episode of")
        title = task.arguments.get("title") or next(
            (turn["episode"] for turn in turns if turn.get("episode")), "Episode"
        )
        tags = {"title": title, "comment": NOTICE, "language": task.arguments.get("language") or "eng"}
        parts = chapters(segments)
        value = {
            "video": task.scratch / "episode.mp4",
            "audio": task.scratch / "episode.mp3",
            "captions": task.scratch / "captions.vtt",
            "transcript": task.scratch / "transcript.txt",
            "chapters": msgspec.to_builtins(parts),
            "title": title,
            "seconds": length(segments),
        }
        movie, sound = _sources(segments)
        remux(movie, "mp4", value["video"], {"movflags": "faststart"}, tags, parts, lambda: task.progress(0.3))
        mp3 = {"write_xing": "0", "id3v2_version": "3"}
        remux(sound, "mp3", value["audio"], mp3, tags, parts, lambda: task.progress(0.8))
        cues = [msgspec.convert(cue, webvtt.Cue) for segment in segments for cue in segment["captions"]]
        value["captions"].write_text(webvtt.document(map(webvtt.block, cues)), encoding="utf-8")
        value["transcript"].write_text(transcript(title, turns, turn_starts(segments)), encoding="utf-8")
        return Output(value, {"seconds": value["seconds"]})


def _sources(segments: Sequence[Mapping[str, Any]]) -> tuple[Joined, Joined]:
    """The whole fragmented MP4 and the whole MP3, with the packets that the last segment still owes."""
    state = msgspec.convert(segments[-1]["state"], State)
    aac, mp3 = audio_rest(state)
    run = boxes.Run(boxes.AUDIO, state.aac * AAC.block - AAC.delay, aac)
    rest = boxes.media_segment(state.sequence + 1, [run]) if aac else b""
    movie = Joined([segments[0]["init"], *(segment["segment"] for segment in segments), rest])
    return movie, Joined([*(segment["mp3"] for segment in segments if segment["mp3"]), b"".join(mp3)])


class Joined(io.RawIOBase):
    """Files and bytes read one after the other as one stream, each opened when its turn comes."""

    def __init__(self, parts: Sequence[Path | bytes]) -> None:
        super().__init__()
        self._parts: Iterator[Path | bytes] = iter(parts)
        self._open: Any = io.BytesIO()

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401
        """Fill ``buffer`` from the current part, or the next."""
        while not (count := self._open.readinto(buffer)):
            self._open.close()
            part = next(self._parts, None)
            if part is None:
                self._open = io.BytesIO()
                return 0
            self._open = io.BytesIO(part) if isinstance(part, bytes) else io.FileIO(part)
        return int(count)

    def close(self) -> None:
        """Close the current part."""
        self._open.close()
        super().close()


def remux(
    source: Joined,
    form: str,
    path: Path,
    options: dict[str, str],
    tags: dict[str, str],
    parts: Sequence[Chapter],
    check: Callable[[], None],
) -> None:
    """Copy all packets into a new container with tags and chapters; call ``check`` now and then."""
    with (
        source,
        av.open(source, "r", format=form) as reader,
        av.open(str(path), "w", format=form, options=options) as writer,
    ):
        copies = {stream.index: writer.add_stream_from_template(stream) for stream in reader.streams}
        for copy in copies.values():
            copy.metadata["language"] = tags["language"]
        writer.metadata.update(tags)
        writer.set_chapters([_chapter(number, part) for number, part in enumerate(parts)])
        for number, packet in enumerate(reader.demux()):
            if packet.dts is None:
                continue
            packet.stream = copies[packet.stream_index]
            writer.mux_one(packet)
            if number % _CHECK_EVERY == 0:
                check()


def _chapter(number: int, part: Chapter) -> Any:  # noqa: ANN401
    start, end = (round(at / _MILLISECOND) for at in (part.start, part.end))
    return {"id": number, "start": start, "end": end, "time_base": _MILLISECOND, "metadata": {"title": part.title}}
