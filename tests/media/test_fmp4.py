import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from murakkab_runtimes.base import InputError
from murakkab_runtimes.media.audio import encode, first_needed, read_wav, write_wav
from murakkab_runtimes.media.codecs import AAC, MP3, RATE, BlockCodec
from murakkab_runtimes.media.fmp4 import State
from murakkab_runtimes.media.video import encode_clip

from .conftest import HEIGHT, WIDTH, Stream, pictures, sweep

MakeStream = Callable[..., Stream]


def decoded(data: bytes) -> tuple[list[Any], np.ndarray, list[Any], list[Any]]:
    """Video frames, samples x 2, and what FFmpeg logged (warnings or worse), from a whole stream."""
    samples, frames, packets = [], [], []
    av.logging.set_level(av.logging.WARNING)
    try:
        with av.logging.Capture(False) as logs, av.open(io.BytesIO(data)) as container:
            for packet in container.demux():
                if packet.dts is not None:
                    packets.append(
                        (packet.stream.type, packet.pts * packet.time_base, packet.duration * packet.time_base)
                    )
                for frame in packet.decode():
                    (samples if packet.stream.type == "audio" else frames).append(frame)
    finally:
        av.logging.set_level(None)
    return frames, np.concatenate([frame.to_ndarray() for frame in samples], 1).T, packets, list(logs)


def contiguous(packets: list[Any], kind: str) -> Fraction:
    """Assert that the packets of a track follow one another without gap; return where they end."""
    end = Fraction(0)
    for _, start, duration in (packet for packet in packets if packet[0] == kind):
        assert start == end
        end = start + duration
    return end


def test_segments_join_to_one_gapless_stream(stream: MakeStream) -> None:
    made = stream()
    for frames in (12, 12, 24, 31, 48, 5, 48):
        made.add(frames)
    frames, _, packets, logs = decoded(made.joined())
    assert logs == []
    assert len(frames) == made.frames
    assert [frame.key_frame for frame in frames[:13]] == [True] + [False] * 11 + [True]
    end = Fraction(made.frames, 24)
    assert contiguous(packets, "video") == end
    assert end - Fraction(3 * 1024, RATE) < contiguous(packets, "audio") <= end


def test_audio_has_no_seams_and_no_offset(stream: MakeStream) -> None:
    made = stream()
    for number, frames in enumerate((12, 12, 24, 30, 48, 7, 48, 24)):
        made.add(frames, end=number == 7)
    _, samples, _, _ = decoded(made.joined())
    wanted = made.source / 32768
    assert len(wanted) <= len(samples) < len(wanted) + 1024
    error = samples[: len(wanted)] - wanted
    assert 10 * np.log10((wanted**2).mean() / (error[1024:] ** 2).mean()) > 30
    seams = [round(value["start"] * RATE) for value in made.values[1:]]
    elsewhere = np.abs(error[2048:]).max()
    for seam in seams:
        assert np.abs(error[seam - 4096 : seam + 4096]).max() <= elsewhere
    assert elsewhere < 0.1
    spectrum = np.correlate(samples[4800:9600, 1], wanted[4800 - 240 : 9600 + 240, 1], "valid")
    assert abs(int(spectrum.argmax()) - 240) < 0.005 * RATE


def test_without_warm_up_the_seams_would_be_heard(stream: MakeStream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("murakkab_runtimes.media.audio.WARM_UP", 0)
    made = stream()
    for number in range(4):
        made.add(24, end=number == 3)
    _, samples, _, _ = decoded(made.joined())
    assert np.abs(samples[1024 : len(made.source)] - made.source[1024:] / 32768).max() > 0.1


def test_the_init_segment_is_the_same_every_time(stream: MakeStream) -> None:
    one, two = stream("one"), stream("two")
    for frames in (5, 9, 20):
        one.add(frames)
        two.add(frames + 1)
    assert len({value["init"].read_bytes() for value in one.values + two.values}) == 1


def test_the_value_tells_the_streams_clock(stream: MakeStream) -> None:
    made = stream()
    made.add(24, chapter="Opening", turn="0.0", cues=[{"start": 0.0, "end": 0.5, "text": "Hi", "speaker": "Ada"}])
    value = made.add(12, cues=[{"start": 0.25, "end": 0.5, "text": "Well", "speaker": "Bo"}])
    assert made.values[0]["chapter"] == "Opening"
    assert made.values[0]["turn"] == "0.0"
    assert (value["start"], value["seconds"]) == (1.0, 0.5)
    assert value["captions"] == [{"start": 1.25, "end": 1.5, "text": "Well", "speaker": "Bo"}]


def test_mp3_packets_wait_for_a_batch_and_fit_together(stream: MakeStream) -> None:
    made = stream()
    for number in range(6):
        made.add(24, end=number == 5)
    assert [value["mp3"] is None for value in made.values] == [True, True, False, True, False, False]
    joined = b"".join(value["mp3"].read_bytes() for value in made.values if value["mp3"])
    assert joined == b"".join(encode(MP3, made.source, 0, 1, end=True))


@settings(max_examples=25)
@given(st.data(), st.sampled_from([AAC, MP3]))
def test_any_cut_yields_every_packet_once(data: st.DataObject, codec: BlockCodec) -> None:
    pieces = data.draw(st.lists(st.integers(1, 9000), min_size=1, max_size=12))
    source, position, following = sweep(sum(pieces)), 0, 1
    for number, piece in enumerate(pieces):
        position += piece
        start = first_needed(codec, following)
        packets = encode(codec, source[start:position], start, following, end=number == len(pieces) - 1)
        following += len(packets)
        lag = position - (following * codec.block - codec.delay)
        assert lag < 4 * codec.block
    assert lag <= 0
    assert following == codec.last(len(source)) + 1


@settings(max_examples=15)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.sampled_from([17, 24, 25, 30]))
def test_timelines_never_drift(tmp_path_factory: pytest.TempPathFactory, lengths: list[int], fps: int) -> None:
    made = Stream(tmp_path_factory.mktemp("stream"), fps)
    for number, frames in enumerate(lengths):
        value = made.add(frames, end=number == len(lengths) - 1)
        state = value["state"]
        published = state["aac"] * AAC.block - AAC.delay
        assert state["frames"] == made.frames
        if number < len(lengths) - 1:
            assert published <= made.frames * RATE // fps < published + 3 * AAC.block
    _, _, packets, logs = decoded(made.joined())
    assert logs == []
    end = Fraction(made.frames, fps)
    assert contiguous(packets, "video") == end
    assert 0 <= contiguous(packets, "audio") - Fraction(made.frames * RATE // fps, RATE) < Fraction(AAC.block, RATE)


def test_a_stream_continues_from_its_value_alone(stream: MakeStream) -> None:
    one, two = stream("one"), stream("two")
    for frames in (24, 30, 12):
        one.add(frames)
    for frames in (24, 30):
        two.add(frames)
    two.runtime = type(two.runtime)(two.runtime.card, 1)
    two.add(12)
    assert two.joined() == one.joined()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width": 65}, "width"),
        ({"fps": 12}, "equal"),
        ({"video": None}, "clip"),
        ({"audio": "missing"}, "no WAV"),
    ],
)
def test_clips_that_lie_are_refused(stream: MakeStream, change: dict[str, Any], message: str) -> None:
    made = stream()
    if change.get("audio"):
        change = {"audio": made.folder / "noise.wav"}
        change["audio"].write_bytes(b"noise")
    with pytest.raises(InputError, match=message):
        made.add(24, **change)


def test_a_wrong_number_of_frames_is_refused(stream: MakeStream) -> None:
    made = stream()
    encode_clip(made.folder / "short.h264", pictures(23), WIDTH, HEIGHT, 24)
    with pytest.raises(InputError, match=r"says 24 frames, but short\.h264 has 23"):
        made.add(24, video=made.folder / "short.h264")


def test_a_clip_of_another_canvas_does_not_continue_the_stream(stream: MakeStream, tmp_path: Path) -> None:
    made = stream()
    made.add(12)
    path = tmp_path / "other.h264"
    encode_clip(path, pictures(12, 96, 48), 96, 48, 24)
    with pytest.raises(InputError, match="does not continue the stream"):
        made.add(12, video=path, width=96)


def test_rounding_in_a_clips_audio_is_made_good(stream: MakeStream, tmp_path: Path) -> None:
    made = stream()
    write_wav(tmp_path / "short.wav", sweep(24 * 2000 - 700))
    value = made.add(24, audio=tmp_path / "short.wav")
    assert value["state"]["aac"] == (RATE // 1024) - 1
    assert isinstance(value["state"]["pcm"], Path)
    assert State(24, frames=24).seconds == 1.0


def test_wav_files_keep_their_samples(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", sweep(1000))
    assert np.array_equal(read_wav(tmp_path / "a.wav"), sweep(1000))
    assert (WIDTH, HEIGHT) == (64, 48)
