import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from murakkab_runtimes.base import Cancelled, InputError, Task
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.media.codecs import MP3
from murakkab_runtimes.media.mp4 import Joined, Mp4
from murakkab_runtimes.media.transcript import Chapter, chapters, clock, transcript, turn_starts

from .conftest import Stream

TURNS = [
    {"speaker": "Ada", "text": "Hello.", "section": 0, "title": "Opening", "episode": "Bees & <b>", "passage": None},
    {"speaker": "Bo", "text": "Why?", "section": 1, "title": "Why", "passage": {"id": 3, "page": 2, "text": "..."}},
    {"speaker": "Ada", "text": "So.", "section": 1, "title": "Why", "passage": {"id": 4, "page": None, "text": "..."}},
    {"speaker": "Bo", "text": "Never shown.", "section": 1, "title": "Why", "passage": None},
]


@pytest.fixture(scope="module")
def episode(tmp_path_factory: pytest.TempPathFactory) -> tuple[Stream, dict[str, Any]]:
    made = Stream(tmp_path_factory.mktemp("stream"))
    parts = [("0.0", "Opening"), ("0.0", None), ("1.0", "Why é"), ("1.0", None), ("1.1", None)]
    for number, (turn, chapter) in enumerate(parts):
        cue = {"start": 0.1, "end": 0.9, "text": f"cue {number}", "speaker": "Ada"}
        made.add(24 + number, turn=turn, chapter=chapter, cues=[cue])
    task = Task(arguments={"segments": made.values, "turns": TURNS}, scratch=tmp_path_factory.mktemp("episode"))
    return made, Mp4(load_catalog()["mp4"], 1).run(task).value


def samples(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        parts = [frame.to_ndarray() for frame in container.decode(audio=0)]
    joined = np.concatenate(parts, 1).T
    return joined / 32768 if joined.dtype.kind == "i" else joined


def test_the_movie_holds_the_packets_of_the_stream(episode: tuple[Stream, dict[str, Any]]) -> None:
    made, value = episode

    def pictures(source: Any) -> list[bytes]:
        with av.open(source) as container:
            return [bytes(packet) for packet in container.demux(video=0) if packet.dts is not None]

    joined = Joined([made.values[0]["init"], *(part["segment"] for part in made.values)])
    assert pictures(str(value["video"])) == pictures(joined)
    assert value["seconds"] == made.frames / 24


def test_the_movie_starts_fast_and_names_itself_and_its_chapters(episode: tuple[Stream, dict[str, Any]]) -> None:
    made, value = episode
    data = value["video"].read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(value["video"])) as container:
        assert container.metadata["title"] == "Bees & <b>"
        assert (container.streams.video[0].start_time, container.streams.audio[0].start_time) == (0, 0)
        assert container.streams.audio[0].language == "eng"
        marks = [(mark["metadata"]["title"], float(mark["start"] * mark["time_base"])) for mark in container.chapters()]
    assert marks == [("Opening", 0), ("Why é", round(made.values[2]["start"], 3))]


def test_both_files_play_all_the_audio_in_place(episode: tuple[Stream, dict[str, Any]]) -> None:
    made, value = episode
    wanted = made.source / 32768
    for path, shift in ((value["video"], 0), (value["audio"], MP3.block - MP3.delay)):
        played = samples(path)
        assert len(played) + shift >= len(wanted)
        count = len(wanted) - shift
        error = played[1200:count] - wanted[shift + 1200 :]
        assert 10 * np.log10((wanted**2).mean() / (error**2).mean()) > 20


def test_the_mp3_has_title_and_chapters(episode: tuple[Stream, dict[str, Any]]) -> None:
    _, value = episode
    assert value["audio"].read_bytes()[:3] == b"ID3"
    with av.open(str(value["audio"])) as container:
        assert container.metadata["title"] == "Bees & <b>"
        assert [mark["metadata"]["title"] for mark in container.chapters()] == ["Opening", "Why é"]
        assert container.streams.audio[0].codec_context.name.startswith("mp3")


def test_captions_and_transcript_follow_the_streams_clock(episode: tuple[Stream, dict[str, Any]]) -> None:
    _, value = episode
    assert value["captions"].read_text().startswith("WEBVTT\n\n00:00:00.100 --> 00:00:00.900\n<v Ada>cue 0\n")
    assert value["captions"].read_text().count("-->") == 5
    assert value["transcript"].read_text() == (
        "Bees & <b>\nVoices and pictures are synthetic.\n\nOpening\n\n[0:00:00] Ada: Hello.\n\n"
        "Why\n\n[0:00:02] Bo: Why? [passage 3, page 2]\n[0:00:04] Ada: So. [passage 4]\n"
    )
    assert [part["title"] for part in value["chapters"]] == ["Opening", "Why é"]
    assert value["chapters"][-1]["end"] == value["seconds"]


def test_an_episode_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="segments"):
        Mp4(load_catalog()["mp4"], 1).run(Task(arguments={"segments": [], "turns": []}, scratch=tmp_path))


def test_muxing_can_be_cancelled(episode: tuple[Stream, dict[str, Any]], tmp_path: Path) -> None:
    made, _ = episode

    def stop(_: float) -> None:
        raise Cancelled

    task = Task(arguments={"segments": made.values}, scratch=tmp_path, on_progress=stop)
    with pytest.raises(Cancelled):
        Mp4(load_catalog()["mp4"], 1).run(task)


def test_chapters_and_turns_come_from_the_segments() -> None:
    parts = [
        {"start": 0.0, "seconds": 1.0, "chapter": "A", "turn": [0]},
        {"start": 1.0, "seconds": 1.0, "chapter": None, "turn": [0]},
        {"start": 2.0, "seconds": 2.0, "chapter": "B", "turn": [1]},
    ]
    assert chapters(parts) == [Chapter("A", 0.0, 2.0), Chapter("B", 2.0, 4.0)]
    assert chapters([part | {"chapter": None} for part in parts]) == []
    assert turn_starts(parts) == [0.0, 2.0]
    assert clock(3725.9) == "1:02:05"
    assert transcript("T", [], []) == "T\nVoices and pictures are synthetic.\n"


def test_joined_reads_its_parts_in_turn(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"cd")
    assert Joined([b"ab", b"", tmp_path / "file", b"e"]).read() == b"abcde"


MUX = """
import resource, sys
from pathlib import Path
from murakkab_runtimes.media.mp4 import Joined, remux
init, segment, filler, count, target = sys.argv[1:]
parts = [Path(init), Path(segment), *[Path(filler)] * int(count)]
remux(Joined(parts), "mp4", Path(target), {}, {"title": "t", "language": "eng"}, [], lambda: None)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_size_of_the_segments(
    episode: tuple[Stream, dict[str, Any]], tmp_path: Path
) -> None:
    """Peak memory (KiB) of a process that reads 80 MB of segments is about that of one that reads 4 MB."""
    first = episode[0].values[0]
    filler = tmp_path / "filler"
    filler.write_bytes((2_000_008).to_bytes(4, "big") + b"free" + bytes(2_000_000))
    peaks = []
    for count in (2, 40):
        names = [first["init"], first["segment"], filler, str(count), tmp_path / "out.mp4"]
        made = subprocess.run([sys.executable, "-c", MUX, *names], capture_output=True, text=True, check=True)
        peaks.append(int(made.stdout))
    assert peaks[1] - peaks[0] < 20_000
