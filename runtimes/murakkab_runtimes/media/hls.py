"""The HLS playlists of a stream that grows (RFC 8216): one video variant with muxed audio, and captions.

A folder holds ``main.m3u8`` (what a player opens), ``video.m3u8`` and ``captions.m3u8`` (EVENT playlists that only
grow), ``init.mp4``, ``segment-00000.m4s`` and ``captions-00000.vtt`` per segment, and ``captions.vtt`` with all the
captions so far. Every file appears whole, by renaming; a segment is listed after it lies there.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from murakkab_runtimes.media import boxes, webvtt
from murakkab_runtimes.media.webvtt import Cue

TARGET_SECONDS = 2
"""``EXT-X-TARGETDURATION``: no segment is longer, rounded to whole seconds."""

MAIN, VIDEO, CAPTIONS, ALL_CAPTIONS, INIT = "main.m3u8", "video.m3u8", "captions.m3u8", "captions.vtt", "init.mp4"
END = "#EXT-X-ENDLIST\n"
_EXTINF = re.compile(r"#EXTINF:([\d.]+),\n(\S+)\n")


def segment_name(index: int) -> str:
    """File name of a media segment."""
    return f"segment-{index:05}.m4s"


def captions_name(index: int) -> str:
    """File name of the captions that belong to a media segment."""
    return f"captions-{index:05}.vtt"


def media_head(init: str | None) -> str:
    """The start of a media playlist; ``init`` is the file of its media initialization section, if it has one."""
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{TARGET_SECONDS}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:EVENT",
        "#EXT-X-START:TIME-OFFSET=0,PRECISE=YES",
    ]
    if init:
        lines += ["#EXT-X-INDEPENDENT-SEGMENTS", f'#EXT-X-MAP:URI="{init}"']
    return "\n".join(lines) + "\n"


def entry(name: str, seconds: float) -> str:
    """One segment of a media playlist.

    Raises:
        ValueError: it is longer than the target duration allows, which must not change.
    """
    if not 0 < seconds < TARGET_SECONDS + 0.5:
        raise ValueError(
            f"{name} lasts {seconds:.3f} s; a segment lasts at most {TARGET_SECONDS} s: make shorter clips"
        )
    return f"#EXTINF:{seconds:.6f},\n{name}\n"


def main_playlist(
    width: int, height: int, fps: int, codecs: str, bandwidth: int, average: int | None = None, language: str = "en"
) -> str:
    """The multivariant playlist; ``bandwidth`` is the peak and ``average`` the mean in bits a second."""
    rates = f"BANDWIDTH={bandwidth}" + (f",AVERAGE-BANDWIDTH={average}" if average else "")
    return (
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        f'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",NAME="Captions",LANGUAGE="{language}",'
        f'DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI="{CAPTIONS}"\n'
        f'#EXT-X-STREAM-INF:{rates},CODECS="{codecs}",RESOLUTION={width}x{height},FRAME-RATE={fps:.3f},'
        f'SUBTITLES="captions",CLOSED-CAPTIONS=NONE\n{VIDEO}\n'
    )


def expected_bandwidth(width: int, height: int, fps: int) -> int:
    """A peak bit rate that drawn pictures of this size do not reach: 0.25 bits a pixel, and audio."""
    return int(width * height * fps * 0.25) + 160_000


def peak_bandwidth(sizes: Sequence[int], seconds: Sequence[float]) -> int:
    """The largest bit rate of neighbouring segments that together last 0.5 to 1.5 target durations (RFC 8216, 4.3.4.2).

    A stream shorter than that counts as a whole.
    """
    peak = 0.0
    for first in range(len(sizes)):
        bits, length = 0, 0.0
        for size, duration in zip(sizes[first:], seconds[first:], strict=True):
            bits, length = bits + 8 * size, length + duration
            if length > 1.5 * TARGET_SECONDS:
                break
            if length >= 0.5 * TARGET_SECONDS:
                peak = max(peak, bits / length)
    return round(peak or 8 * sum(sizes) / sum(seconds))


class HlsWriter:
    """Publishes segments, in order, into a folder. Not for use by two threads at once.

    Args:
        folder: where the playlists lie; it is made when absent.
        width: of the video in pixels.
        height: of the video in pixels.
        fps: frames a second.
        language: of the captions (BCP 47).

    A folder that already holds published segments is continued: ``count`` tells how many there are, and ``append`` with
    the index of one of them does nothing.
    """

    def __init__(self, folder: Path, width: int, height: int, fps: int, *, language: str = "en") -> None:
        self.folder = folder
        self.canvas = (width, height, fps)
        self.language = language
        self.durations: list[float] = []
        self.ended = False
        self._video, self._captions = media_head(INIT), media_head(None)
        self._cues = webvtt.document([])
        self._open: list[tuple[float, str]] = []
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / VIDEO).exists():
            self._continue()

    @classmethod
    def resume(cls, folder: Path) -> HlsWriter:
        """Continue after a kill, with the canvas that ``main.m3u8`` names.

        Raises:
            ValueError: nothing has been published into ``folder``.
        """
        main = folder / MAIN
        text = main.read_text() if main.exists() else ""
        found = re.search(r"RESOLUTION=(\d+)x(\d+),FRAME-RATE=(\d+)", text)
        language = re.search(r'LANGUAGE="([^"]*)"', text)
        if not found or not language:
            raise ValueError(f"{folder} holds no stream to continue: {MAIN} is missing or was not written here")
        width, height, fps = map(int, found.groups())
        return cls(folder, width, height, fps, language=language[1])

    @property
    def count(self) -> int:
        """Number of published segments."""
        return len(self.durations)

    @property
    def seconds(self) -> float:
        """Length of what is published."""
        return sum(self.durations)

    def append(
        self,
        segment: Path,
        init: Path,
        seconds: float,
        captions: Iterable[Mapping[str, Any]] = (),
        index: int | None = None,
    ) -> None:
        """Publish a segment.

        Args:
            segment: the media segment; it is linked (or copied), not moved.
            init: the init segment, the same for all.
            seconds: length of the segment.
            captions: cues that start in it, on the stream's clock.
            index: place in the stream; one that is already published is skipped.

        Raises:
            ValueError: segments before ``index`` are missing, the stream has ended, or the segment is too long.
        """
        index = self.count if index is None else index
        if index < self.count:
            return
        if index > self.count or self.ended:
            state = "has ended" if self.ended else f"continues with segment {self.count}"
            raise ValueError(f"segment {index} cannot be published: the stream {state}")
        video, text = entry(segment_name(index), seconds), entry(captions_name(index), seconds)
        if index == 0:
            self._begin(init)
        _link(segment, self.folder / segment_name(index))
        self._write_captions(index, seconds, [msgspec.convert(dict(cue), Cue) for cue in captions])
        self._captions += text
        _write(self.folder / CAPTIONS, self._captions)
        self._video += video
        self.durations.append(seconds)
        _write(self.folder / VIDEO, self._video)

    def finish(self) -> None:
        """End the playlists, and state the measured bandwidth. Doing it twice changes nothing."""
        if self.ended or not self.count:
            return
        self.ended = True
        sizes = [(self.folder / segment_name(index)).stat().st_size for index in range(self.count)]
        self._write_main(peak_bandwidth(sizes, self.durations), round(8 * sum(sizes) / self.seconds))
        _write(self.folder / CAPTIONS, self._captions + END)
        _write(self.folder / VIDEO, self._video + END)

    def _begin(self, init: Path) -> None:
        _link(init, self.folder / INIT)
        self._write_main(expected_bandwidth(*self.canvas), None)

    def _write_main(self, bandwidth: int, average: int | None) -> None:
        codecs = boxes.codecs((self.folder / INIT).read_bytes())
        _write(self.folder / MAIN, main_playlist(*self.canvas, codecs, bandwidth, average, self.language))

    def _write_captions(self, index: int, seconds: float, cues: Sequence[Cue]) -> None:
        end = self.seconds + seconds
        fresh = [(cue.end, webvtt.block(cue)) for cue in cues]
        shown = self._open + fresh
        _write(self.folder / captions_name(index), webvtt.document((block for _, block in shown), hls=True))
        self._open = [cue for cue in shown if cue[0] > end + 0.001]
        if fresh or index == 0:
            self._cues = "\n".join([self._cues, *(block for _, block in fresh)])
            _write(self.folder / ALL_CAPTIONS, self._cues)

    def _continue(self) -> None:
        text = (self.folder / VIDEO).read_text()
        self.ended = text.endswith(END)
        self.durations = [float(seconds) for seconds, _ in _EXTINF.findall(text)]
        for index, seconds in enumerate(self.durations):
            self._video += entry(segment_name(index), seconds)
            self._captions += entry(captions_name(index), seconds)
        published = self.seconds
        known = webvtt.timings((self.folder / ALL_CAPTIONS).read_text())
        known = [cue for cue in known if cue[0] < published - 0.001]
        self._cues = "\n".join([self._cues, *(block for _, _, block in known)])
        self._open = [(end, block) for _, end, block in known if end > published + 0.001]


def _link(source: Path, target: Path) -> None:
    temporary = target.with_name(f".{target.name}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
    except OSError:
        shutil.copyfile(source, temporary)
    temporary.replace(target)
    temporary.unlink(missing_ok=True)  # renaming between two links of one file leaves both


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
