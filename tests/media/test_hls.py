import re
import time
from pathlib import Path
from typing import Any

import pytest

from murakkab_runtimes.media import hls
from murakkab_runtimes.media.hls import HlsWriter, entry, media_head, peak_bandwidth
from murakkab_runtimes.media.webvtt import Cue, block, document, escape, timestamp, timings

from .conftest import HEIGHT, WIDTH, Stream

VIDEO_LINE = re.compile(
    r"#EXTM3U|#EXT-X-(VERSION:7|TARGETDURATION:2|MEDIA-SEQUENCE:0|PLAYLIST-TYPE:EVENT|INDEPENDENT-SEGMENTS|ENDLIST"
    r'|START:TIME-OFFSET=0,PRECISE=YES|MAP:URI="init.mp4")|#EXTINF:\d+\.\d{6},|segment-\d{5}\.m4s'
)


@pytest.fixture
def made(tmp_path: Path) -> Stream:
    (tmp_path / "source").mkdir()
    stream = Stream(tmp_path / "source")
    lines = [(0.0, 0.4, "One & only"), (0.2, 1.7, "spans"), (0.0, 0.5, "last")]
    for frames, (start, end, text) in zip((12, 24, 31), lines, strict=True):
        stream.add(frames, cues=[{"start": start, "end": end, "text": text, "speaker": "Ada"}])
    return stream


def publish(writer: HlsWriter, value: dict[str, Any], index: int | None = None) -> None:
    writer.append(value["segment"], value["init"], value["seconds"], value["captions"], index)


def writer_of(folder: Path) -> HlsWriter:
    return HlsWriter(folder, WIDTH, HEIGHT, 24)


def attributes(line: str) -> dict[str, str]:
    return {key: value.strip('"') for key, value in re.findall(r'([A-Z-]+)=("[^"]*"|[^",]+)', line.split(":", 1)[1])}


def test_the_media_playlist_keeps_to_the_rfc(made: Stream, tmp_path: Path) -> None:
    writer = writer_of(tmp_path / "hls")
    before = ""
    for value in made.values:
        publish(writer, value)
        text = (tmp_path / "hls/video.m3u8").read_text()
        assert text.startswith(before or "#EXTM3U\n")
        assert "ENDLIST" not in text
        before = text
    writer.finish()
    text = (tmp_path / "hls/video.m3u8").read_text()
    assert text == before + "#EXT-X-ENDLIST\n"
    assert all(VIDEO_LINE.fullmatch(line) for line in text.splitlines())
    durations = [float(seconds) for seconds in re.findall(r"#EXTINF:([\d.]+),", text)]
    assert durations == pytest.approx([12 / 24, 24 / 24, 31 / 24], abs=1e-6)
    assert max(map(round, durations)) <= int(re.search(r"TARGETDURATION:(\d+)", text)[1])
    for name in re.findall(r"segment-\d+\.m4s", text):
        assert (tmp_path / "hls" / name).read_bytes() == made.values[int(name[8:13])]["segment"].read_bytes()


def test_the_main_playlist_describes_the_stream(made: Stream, tmp_path: Path) -> None:
    writer = writer_of(tmp_path)
    publish(writer, made.values[0])
    lines = (tmp_path / "main.m3u8").read_text().splitlines()
    assert lines[0] == "#EXTM3U"
    variant = attributes(next(line for line in lines if line.startswith("#EXT-X-STREAM-INF")))
    sps = made.values[0]["init"].read_bytes().split(b"avcC")[1][1:4].hex()
    assert variant["CODECS"] == f"avc1.{sps},mp4a.40.2"
    assert (variant["RESOLUTION"], variant["FRAME-RATE"]) == ("64x48", "24.000")
    assert variant["SUBTITLES"] == "captions"
    rendition = attributes(next(line for line in lines if line.startswith("#EXT-X-MEDIA:")))
    assert (rendition["TYPE"], rendition["GROUP-ID"], rendition["URI"]) == ("SUBTITLES", "captions", "captions.m3u8")
    assert lines[-1] == "video.m3u8"
    expected = int(variant["BANDWIDTH"])
    writer.finish()
    measured = attributes((tmp_path / "main.m3u8").read_text().splitlines()[-2])
    size = made.values[0]["segment"].stat().st_size
    assert int(measured["BANDWIDTH"]) == int(measured["AVERAGE-BANDWIDTH"]) == size * 8 * 2 < expected


def test_captions_are_cut_along_the_segments(made: Stream, tmp_path: Path) -> None:
    writer = writer_of(tmp_path)
    for value in made.values:
        publish(writer, value)
    texts = [(tmp_path / f"captions-{index:05}.vtt").read_text() for index in range(3)]
    assert all(text.startswith("WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n\n") for text in texts)
    spanning = "00:00:00.700 --> 00:00:02.200\n<v Ada>spans\n"
    assert [spanning in text for text in texts] == [False, True, True]
    assert "<v Ada>One &amp; only" in texts[0]
    playlist = (tmp_path / "captions.m3u8").read_text()
    assert re.findall(r"#EXTINF:([\d.]+),", playlist) == ["0.500000", "1.000000", "1.291667"]
    assert "EXT-X-MAP" not in playlist
    whole = (tmp_path / "captions.vtt").read_text()
    assert [part[:2] for part in timings(whole)] == [(0.0, 0.4), (0.7, 2.2), (1.5, 2.0)]


def test_a_killed_writer_is_continued_to_the_same_files(made: Stream, tmp_path: Path) -> None:
    straight, broken = writer_of(tmp_path / "straight"), writer_of(tmp_path / "broken")
    for value in made.values:
        publish(straight, value)
    straight.finish()
    publish(broken, made.values[0])
    publish(broken, made.values[1])
    torn = tmp_path / "broken"
    stale = (torn / "video.m3u8").read_text()
    publish(broken, made.values[2])
    (torn / "video.m3u8").write_text(stale)  # killed after the captions were written, before the segment was listed
    (torn / ".video.m3u8.tmp").write_text("half")
    again = HlsWriter.resume(torn)
    assert again.count == 2
    assert again.seconds == pytest.approx(1.5)
    for index, value in enumerate(made.values):
        publish(again, value, index)
    again.finish()
    for path in (tmp_path / "straight").iterdir():
        assert (torn / path.name).read_bytes() == path.read_bytes(), path.name


def test_appending_twice_publishes_once(made: Stream, tmp_path: Path) -> None:
    writer = writer_of(tmp_path / "hls")
    for index in (0, 1, 0, 1):
        publish(writer, made.values[index], index)
    assert writer.count == 2
    with pytest.raises(ValueError, match="continues with segment 2"):
        publish(writer, made.values[2], 5)
    writer.finish()
    assert HlsWriter.resume(tmp_path / "hls").ended
    with pytest.raises(ValueError, match="has ended"):
        publish(writer, made.values[2])


def test_nothing_to_resume_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"main\.m3u8"):
        HlsWriter.resume(tmp_path)


def test_no_half_written_file_is_left(made: Stream, tmp_path: Path) -> None:
    writer = writer_of(tmp_path / "hls")
    publish(writer, made.values[0])
    writer.finish()
    names = {path.name for path in (tmp_path / "hls").iterdir()}
    assert names == {
        *("main.m3u8", "video.m3u8", "captions.m3u8", "captions.vtt", "init.mp4"),
        *("segment-00000.m4s", "captions-00000.vtt"),
    }


def test_a_segment_beyond_the_target_duration_is_refused() -> None:
    assert entry("a", 2.4) == "#EXTINF:2.400000,\na\n"
    with pytest.raises(ValueError, match="at most 2 s"):
        entry("a", 2.5)
    assert "TARGETDURATION:2\n" in media_head(None)


def test_the_peak_is_taken_over_half_to_one_and_a_half_targets() -> None:
    assert peak_bandwidth([1000, 9000, 1000], [1.0, 1.0, 1.0]) == 72000
    assert peak_bandwidth([9000, 1000], [0.1, 0.9]) == 80000
    assert peak_bandwidth([100], [0.2]) == 4000


def test_publishing_stays_quick_in_a_long_stream(made: Stream, tmp_path: Path) -> None:
    writer = writer_of(tmp_path)
    value = made.values[0]
    cue = [{"start": 0.0, "end": 0.1, "text": "words", "speaker": "Ada"}]
    times = []
    for _ in range(400):
        start = time.process_time()
        writer.append(value["segment"], value["init"], 0.5, cue)
        times.append(time.process_time() - start)
    assert sorted(times)[200] < 0.02
    assert writer.count == (tmp_path / "video.m3u8").read_text().count(hls.segment_name(0)[:8])


def test_webvtt_text_cannot_break_out_of_its_cue() -> None:
    cue = Cue(3661.5, 3662.0005, "a --> b\n\n<i>c</i> & d", "Ann <script>\n")
    assert (
        block(cue) == "01:01:01.500 --> 01:01:02.000\n<v Ann &lt;script&gt;>a --&gt; b &lt;i&gt;c&lt;/i&gt; &amp; d\n"
    )
    assert escape("  x \n y ") == "x y"
    assert timestamp(59.9996) == "00:01:00.000"
    assert document([]) == "WEBVTT\n"
    assert "<v" not in block(Cue(0, 1, "x"))
