"""The main job from command to files: what a viewer, a listener and a reader get."""

from __future__ import annotations

import json
import os
import re
from itertools import pairwise
from pathlib import Path

import av
import pytest

from murakkab.engine.journal import read_journal, told
from murakkab_optimizer.scheduler import Scheduler
from tests.podcast.conftest import DOCUMENT, REPEATABLE, Made, podcast

KEYS = {
    "event", "status", "run", "ttff_s", "first_content_s", "first_speech_s", "stall_s", "measured_by", "duration_s",
    "made_in_s", "video", "playlist", "report",
}  # fmt: skip


def test_the_command_ends_with_the_promised_object(episode: Made) -> None:
    assert episode.code == 0, episode.err
    assert set(episode.end) >= KEYS
    assert (episode.end["event"], episode.end["status"]) == ("run.finished", "succeeded")
    assert episode.end["measured_by"] == "playback clock"
    for name in ("video", "playlist", "report"):
        assert Path(episode.end[name]).is_file()
    assert 0 < episode.end["ttff_s"] <= episode.end["first_speech_s"] <= episode.end["first_content_s"]


def test_the_length_is_about_what_was_asked_for(episode: Made) -> None:
    assert 15 <= episode.end["duration_s"] <= 29


def test_the_mp4_has_picture_and_sound_of_one_length_and_chapters(episode: Made) -> None:
    with av.open(str(episode.folder / "episode.mp4")) as file:
        video, audio = file.streams.video[0], file.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert (video.width, video.height, float(video.average_rate)) == (320, 180, 12.0)
        lengths = [float(stream.duration * stream.time_base) for stream in (video, audio)]
        chapters = file.chapters()
        pictures = sum(1 for _ in file.decode(video))
    assert abs(lengths[0] - lengths[1]) < 0.04
    assert lengths[0] == pytest.approx(episode.end["duration_s"], abs=0.05)
    assert pictures == round(episode.end["duration_s"] * 12)
    assert len(chapters) == len({turn["title"] for turn in episode.of("turn.written")})


def test_sound_is_heard_throughout_and_never_clipped(episode: Made) -> None:
    import numpy as np

    with av.open(str(episode.folder / "episode.mp3")) as file:
        sound = np.concatenate([frame.to_ndarray() for frame in file.decode(audio=0)], axis=1)
        rate = file.streams.audio[0].rate
    seconds = [np.sqrt(np.mean(sound[:, i : i + rate] ** 2)) for i in range(0, sound.shape[1] - rate, rate)]
    assert min(seconds) > 0.003, "a second of silence"
    assert np.abs(sound).max() <= 1.0
    assert sound.shape[1] / rate == pytest.approx(episode.end["duration_s"], abs=0.1)


def test_the_playlist_is_whole_and_starts_with_short_segments(episode: Made) -> None:
    text = (episode.folder / "hls" / "video.m3u8").read_text()
    lengths = [float(value) for value in re.findall(r"#EXTINF:([\d.]+)", text)]
    assert text.count("#EXT-X-ENDLIST") == 1
    assert "#EXT-X-DISCONTINUITY" not in text
    assert text.count("#EXT-X-MAP") == 1
    assert all(length <= 1.0 for length in lengths[:4])
    assert max(lengths) <= 2.0
    assert sum(lengths) == pytest.approx(episode.end["duration_s"], abs=0.01)
    assert (episode.folder / "hls" / "main.m3u8").read_text().count("#EXT-X-STREAM-INF") == 1


def test_init_and_segments_decode_as_one_stream(episode: Made, tmp_path: Path) -> None:
    hls = episode.folder / "hls"
    joined = tmp_path / "joined.mp4"
    joined.write_bytes(b"".join(f.read_bytes() for f in [hls / "init.mp4", *sorted(hls.glob("segment-*.m4s"))]))
    with av.open(str(joined)) as file:
        times = [frame.time for frame in file.decode(video=0)]
    assert times == pytest.approx([i / 12 for i in range(len(times))], abs=1e-3)
    assert len(times) == round(episode.end["duration_s"] * 12)


def test_segments_were_published_while_the_rest_was_made(episode: Made) -> None:
    segments = episode.of("segment.published")
    last_turn = episode.of("turn.written")[-1]
    assert [s["index"] for s in segments] == list(range(len(segments)))
    assert segments[0]["t"] < last_turn["t"] < segments[-1]["t"]
    for one, other in pairwise(segments):
        assert other["start"] == pytest.approx(one["start"] + one["seconds"], abs=1e-3)


def test_captions_and_transcript_say_what_the_hosts_say(episode: Made) -> None:
    captions = (episode.folder / "captions.vtt").read_text()
    transcript = (episode.folder / "transcript.txt").read_text()
    spoken = " ".join(turn["text"] for turn in episode.of("turn.written"))
    shown = " ".join(re.sub(r"<[^>]*>", "", line) for line in captions.splitlines() if line.startswith("<v"))
    assert captions.startswith("WEBVTT")
    assert {"Claire", "Joe"} <= set(re.findall(r"<v (\w+)>", captions))
    for turn in episode.of("turn.written"):
        assert turn["text"] in transcript
    assert len(shown.split()) > 0.4 * len(spoken.split())


def test_an_ungrounded_script_says_that_a_machine_wrote_it(episode: Made) -> None:
    spoken = " ".join(turn["text"] for turn in episode.of("turn.written")).lower()
    assert "machine" in spoken


def test_two_hosts_speak_and_no_turn_repeats_another(episode: Made) -> None:
    turns = episode.of("turn.written")
    assert {turn["speaker"] for turn in turns} == {"Claire", "Joe"}
    assert len({turn["text"] for turn in turns}) == len(turns) >= 4
    assert all(turn["text"].rstrip()[-1] in ".!?" for turn in turns)


def test_a_grounded_script_stays_with_its_document(grounded: Made) -> None:
    assert grounded.code == 0, grounded.err
    passages = [turn["passage"] for turn in grounded.of("turn.written") if turn["passage"]]
    assert passages
    flat = " ".join(DOCUMENT.split())
    for passage in passages:
        assert " ".join(passage["text"].split())[:60] in flat
    spoken = " ".join(turn["text"] for turn in grounded.of("turn.written"))
    numbers = set(re.findall(r"\d{3,}", spoken))
    assert numbers <= set(re.findall(r"\d{3,}", DOCUMENT))
    assert "Aldersea" in spoken


def test_a_run_without_a_topic_is_called_what_its_document_is_called(grounded: Made) -> None:
    assert json.loads((grounded.folder / "run.json").read_text())["title"] == "The lighthouse of Aldersea"


def test_the_same_seed_makes_the_same_episode(episode: Made, tmp_path: Path) -> None:
    again = podcast(tmp_path / "runs", "--topic", "how tides work", "--duration", "20", *REPEATABLE)
    texts = [[turn["text"] for turn in made.of("turn.written")] for made in (episode, again)]
    assert texts[0] == texts[1]
    for name in ("episode.mp4", "captions.vtt"):
        assert (again.folder / name).read_bytes() == (episode.folder / name).read_bytes()


@pytest.mark.parametrize(("name", "rungs"), [("episode", "top"), ("grounded", "adaptive")])
def test_replaying_the_journal_of_a_podcast_gives_the_same_commands(
    request: pytest.FixtureRequest, name: str, rungs: str
) -> None:
    made: Made = request.getfixturevalue(name)
    (file,) = (made.folder.parent / ".engines").glob("*/journal.jsonl")
    scheduler, expected, seen = None, [], []
    for entry in read_journal(file):
        scheduler = scheduler or Scheduler(len(os.sched_getaffinity(0)), rungs=rungs)
        if entry.event is not None:
            seen.extend(map(told, scheduler.handle(entry.event, entry.now)))
        else:
            expected.extend(entry.commands or ())
    assert len(seen) > 40
    assert seen == expected


@pytest.mark.parametrize(
    "topic", ["$(touch pwned) `id` <script>alert(1)</script> ; rm -rf / #", "لماذا السماء زرقاء؟ 🌊"]
)
def test_strange_topics_make_an_episode_and_nothing_else(tmp_path: Path, topic: str) -> None:
    made = podcast(tmp_path / "runs", "--topic", topic, "--duration", "10")
    assert made.code == 0, made.err
    assert not list(tmp_path.rglob("pwned"))
    report = (made.folder / "report.html").read_text()
    assert "<script>" not in report
    assert json.loads((made.folder / "run.json").read_text())["title"] == topic


BAD = {
    "empty.txt": (b"", "empty"),
    "zeros.txt": (bytes(range(256)) * 40, "text"),
    "broken.pdf": (b"%PDF-1.7\nnothing here", "PDF"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_document_ends_with_code_2_and_names_the_file(tmp_path: Path, name: str) -> None:
    content, word = BAD[name]
    (tmp_path / name).write_bytes(content)
    made = podcast(tmp_path / "runs", "--source", str(tmp_path / name))
    told = made.end["error"] if made.events else made.err
    assert made.code == 2
    assert name in told
    assert word in told
