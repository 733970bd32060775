"""The workflow ``dub`` from a film to one in another voice, on the beginning of the example that is shipped."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from murakkab_runtimes.base import InputError, Task
from murakkab_runtimes.media.track import opened, samples
from murakkab_runtimes.media.webvtt import timings
from murakkab_runtimes.speech import audio
from murakkab_runtimes.speech.fit import GAP_S, Slot, choose, stretch
from murakkab_runtimes.speech.sentences_heard import LONGEST_S, group
from murakkab_runtimes.speech.timing import Span
from murakkab_runtimes.speech.word_errors import word_error_rate
from murakkab_runtimes.tools.rewrites import faults_of
from tests.gallery.working import EXAMPLES, adapter, run, value
from tests.speech.speaking import Spoken

FILM = EXAMPLES / "dub" / "ferry.mp4"
SAID = "The ferry of Norhaven has transported passengers across the estuary since 1894."


def cut(source: Path, target: Path, seconds: float) -> Path:
    """The beginning of a film, without encoding."""
    with av.open(str(source)) as file, av.open(str(target), "w") as copy:
        streams = {stream.index: copy.add_stream_from_template(stream) for stream in file.streams}
        for packet in file.demux():
            if packet.dts is not None and packet.dts * packet.time_base < seconds:
                packet.stream = streams[packet.stream_index]
                copy.mux(packet)
    return target


def pictures(path: Path) -> list[bytes]:
    with av.open(str(path)) as file:
        return [bytes(packet) for packet in file.demux(video=0) if packet.dts is not None]


def heard(path: Path) -> np.ndarray:
    """Mono samples at 16 kHz, from the first picture on."""
    with opened(path) as file:
        return np.concatenate([piece[:, 0] for piece in samples(file, 16_000, 1)]) / 32768


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cut(FILM, tmp_path_factory.mktemp("film") / "start.mp4", 20.4)


@pytest.fixture(scope="module")
def dubbed(film: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    code, end, messages = run(tmp_path_factory.mktemp("dub"), "dub", "--video", str(film), "--seed", "1")
    assert code == 0, messages
    return {**end["outputs"], "video": Path(end["outputs"]["video"])}


@pytest.fixture(scope="module")
def whisper():
    return adapter("whisper")


def test_the_picture_is_copied_and_as_long_as_the_sound(dubbed, film) -> None:
    assert pictures(dubbed["video"]) == pictures(film)
    with av.open(str(dubbed["video"])) as file:
        lengths = [float(stream.duration * stream.time_base) for stream in file.streams]
    assert lengths[0] == pytest.approx(lengths[1], abs=0.05)


def test_every_sentence_is_spoken_inside_its_slot(dubbed) -> None:
    figures = dubbed["figures"]
    assert figures["sentences"] == figures["inside"] == 3
    assert figures["rewritten"] >= 1
    assert figures["latest_ms"] <= 300
    assert figures["fastest"] <= 1.25


def test_captions_are_what_the_new_voice_says_and_never_overlap(dubbed, whisper, tmp_path) -> None:
    cues = timings(Path(dubbed["captions"]).read_text())
    text = " ".join(line for _, _, block in cues for line in block.splitlines()[1:])
    assert {"Norhaven", "300"} <= set(re.findall(r"\w+", text))
    assert all(one[1] <= other[0] for one, other in pairwise(cues))
    assert word_error_rate([(text, value(whisper, tmp_path, audio=dubbed["video"])["text"])]) <= 0.1


def test_somebody_else_speaks_over_the_quiet_original(dubbed, film) -> None:
    old, new = heard(film), heard(dubbed["video"])
    voices = [Spoken({}, sound[8 * 16_000 : 19 * 16_000], 16_000).pitch() for sound in (old, new)]
    assert voices[0] > 1.3 * voices[1]
    pause = slice(int(7.3 * 16_000), int(7.7 * 16_000))
    assert np.corrcoef(old[pause], new[pause])[0, 1] > 0.9
    assert np.std(new[pause]) == pytest.approx(np.std(old[pause]), rel=0.1)


@pytest.mark.parametrize(
    ("rewrite", "fault"),
    [
        ("The ferry of Norhaven has carried passengers over the estuary since 1894.", ""),
        (SAID, "unchanged"),
        ("The ferry has carried passengers across the estuary since 1894.", "loses norhaven"),
        ("The ferry of Norhaven has carried passengers across the estuary since 1984.", "other numbers"),
        ("The ferry of Norhaven has not carried passengers over the estuary since 1894.", "says no"),
        ("Norhaven since 1894.", "leaves something out"),
        ("The ferry of Norhaven has carried passengers over the wide estuary every single day since 1894.", "longer"),
        ("Norhaven had a museum with old paintings and a garden of roses since 1894.", "something"),
        ("", "no sentence"),
    ],
)
def test_a_rewrite_counts_only_where_it_says_the_same(rewrite: str, fault: str) -> None:
    found = faults_of(rewrite, SAID)
    assert any(fault in one for one in found) if fault else found == []


def test_a_rewrite_keeps_every_clause() -> None:
    original = "During the winter, the crossing requires 11 minutes, because the current is considerably stronger."
    assert faults_of("In the winter, the crossing takes 11 minutes due to the strong current.", original) == []
    assert faults_of("During the winter, the crossing requires 11 minutes of time.", original) == [
        "leaves something out"
    ]


def test_the_original_words_stand_where_no_rewrite_passes(tmp_path) -> None:
    candidates = [{"text": "The ship sank in 1894."}, {"text": "I cannot do that."}]
    chosen = value(adapter("rewrites"), tmp_path, original=SAID, candidates=candidates, slot=None)
    assert (chosen["text"], chosen["rewritten"], len(chosen["why"])) == (SAID, False, 2)


@given(st.lists(st.tuples(st.floats(0.3, 9), st.floats(0.3, 9), st.floats(0, 2)), min_size=1, max_size=8))
def test_sentences_never_overlap_and_keep_to_the_tempo(sentences) -> None:
    at = end = 0.0
    for spoken, original, pause in sentences:
        slot = Slot(at, at + original, at + original + pause)
        start = max(slot.start, end + GAP_S) if end else slot.start
        tempo = choose(spoken, slot, start, 0.9, 1.25)
        assert 0.9 <= tempo <= 1.25
        if spoken / 1.25 <= slot.until - GAP_S - start:
            assert start + spoken / tempo <= slot.until
        assert start >= end
        at, end = slot.until, start + spoken / tempo


def test_a_late_sentence_pushes_the_next_one(tmp_path) -> None:
    audio.write_wav(tmp_path / "long.wav", np.sin(np.arange(48_000) * 0.1).astype(np.float32) * 0.3, 16_000)
    speech, fit = {"audio": tmp_path / "long.wav", "words": []}, adapter("atempo")
    first = value(fit, tmp_path, speech=speech, slot={"start": 0.0, "end": 1.8, "until": 2.0})
    assert (first["inside"], first["tempo"]) == (False, 1.25)
    task = Task({"speech": speech, "slot": {"start": 2.0, "end": 5.0, "until": 6.0}}, tmp_path, {}, previous=first)
    second = fit.run(task).value
    assert second["start"] == pytest.approx(first["end"] + GAP_S, abs=0.01)
    assert second["late_ms"] > 400
    assert second["inside"]


@pytest.mark.parametrize("tempo", [0.9, 1.25])
def test_a_change_of_tempo_keeps_the_pitch(tempo: float) -> None:
    tone = np.sin(2 * np.pi * 220 * np.arange(32_000) / 16_000).astype(np.float32) * 0.5
    changed = stretch(tone, 16_000, tempo)
    loudest = np.argmax(np.abs(np.fft.rfft(changed))) * 16_000 / len(changed)
    assert len(changed) == round(len(tone) / tempo)
    assert loudest == pytest.approx(220, rel=0.02)


def test_words_become_sentences_with_the_time_until_the_next() -> None:
    words = ["Dr.", "Quill", "built", "it.", "It", "was", "fast,", *(f"word{i}" for i in range(40))]
    spans = [Span(word, i * 0.4, i * 0.4 + 0.3) for i, word in enumerate(words)]
    found = list(group(spans, 30.0))
    assert found[0] == {"start": 0.0, "end": 1.5, "until": 1.6, "text": "Dr. Quill built it."}
    assert all(one["until"] == other["start"] for one, other in pairwise(found))
    assert all(one["end"] - one["start"] <= LONGEST_S for one in found)
    assert found[-1]["until"] == 30.0


def test_what_cannot_be_dubbed_says_why(tmp_path) -> None:
    demux, mute, text = adapter("demux"), tmp_path / "mute.mp4", tmp_path / "notes.mp4"
    text.write_text("no film")
    with av.open(str(FILM)) as file, av.open(str(mute), "w") as copy:
        stream = copy.add_stream_from_template(file.streams.video[0])
        for packet in file.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    with pytest.raises(InputError, match=r"mute\.mp4 has no sound"):
        value(demux, tmp_path, file=mute)
    assert value(demux, tmp_path, file=mute, silent=True)["seconds"] == pytest.approx(39.6, abs=0.1)
    with pytest.raises(InputError, match=r"notes\.mp4 cannot be read as a video"):
        value(demux, tmp_path, file=text)
    with pytest.raises(InputError, match="no speech was found"):
        value(adapter("dub"), tmp_path, video=FILM, stretches=[], texts=[])


def test_without_its_extra_there_is_no_plan(tmp_path) -> None:
    code, _, messages = run(tmp_path, "dub", "--video", str(FILM), without="faster_whisper")
    assert code == 3
    assert "murakkab[stt]" in messages
