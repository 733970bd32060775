from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from murakkab_runtimes.base import Cancelled, InputError, Task
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.media.audio import write_wav
from murakkab_runtimes.video.rig.visemes import mouth_track
from murakkab_runtimes.video.shot import clip_lengths
from tests.video.filming import HOSTS, RATE, film, make_turn, mouth_opening, syllables, write_mono

PAIRS = [("m", "ɑ"), ("b", "i"), ("f", "oʊ")]


@pytest.fixture
def speech(tmp_path):
    return syllables(tmp_path / "speech", PAIRS)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    """A sentence of the real voice."""
    from murakkab_runtimes.speech.hibari_joe import HibariJoe

    card = load_catalog()["hibari-joe"]
    task = Task(
        {"text": "Maybe five people believe in the new map.", "voice": "female-1"},
        tmp_path_factory.mktemp("spoken"),
        card.knobs,
    )
    return HibariJoe(card, 1).run(task).value


@pytest.fixture
def music(tmp_path):
    tone = 0.3 * np.sin(2 * np.pi * 330 * np.arange(3 * 48_000) / 48_000)
    pcm = (np.stack([tone, tone], axis=1) * 32767).astype(np.int16)
    for name in ("intro", "outro"):
        write_wav(tmp_path / f"{name}.wav", pcm)
    return {"intro": tmp_path / "intro.wav", "outro": tmp_path / "outro.wav"}


def times_of(speech, fps=24):
    return (np.arange(int(speech["seconds"] * fps)) + 0.5) / fps


@pytest.mark.parametrize("fps", [12, 24, 30, 60])
@pytest.mark.parametrize(
    ("symbol", "shape"), [("m", "press"), ("b", "press"), ("p", "press"), ("f", "tuck"), ("v", "tuck")]
)
def test_lips_close_for_every_closure_at_any_frame_rate(spoken, symbol, shape, fps):
    times = times_of(spoken, fps)
    track = mouth_track(spoken["phonemes"], np.ones_like(times), times, spoken["seconds"])
    for phoneme in (p for p in spoken["phonemes"] if p["p"] == symbol):
        near = np.abs(times - (phoneme["start"] + phoneme["end"]) / 2) <= 0.5 / fps + 1e-6
        assert near.any()
        assert track[shape][near].max() > 0.95
        assert track["open"][near].min() < 0.15


def test_the_mouth_is_shut_in_silence_and_open_in_vowels(spoken):
    times = times_of(spoken)
    track = mouth_track(spoken["phonemes"], np.ones_like(times), times, spoken["seconds"])
    i = next(p for p in spoken["phonemes"] if p["p"] in ("æ", "ɑ", "aɪ"))
    assert np.interp((i["start"] + i["end"]) / 2, times, track["open"]) > 0.45
    assert track["open"][0] < 0.2


def test_the_mouth_moves_smoothly(spoken):
    times = np.arange(0, spoken["seconds"], 0.005)
    track = mouth_track(spoken["phonemes"], np.ones_like(times), times, spoken["seconds"])
    assert np.abs(np.diff(track["open"])).max() < 0.15


@pytest.mark.parametrize("symbols", [["ç", "?", "", "5"], ["ˈA", "ˌO", "iː"], ["☃"]])
def test_strange_phonemes_give_finite_shapes(symbols):
    phonemes = [{"p": p, "start": i * 0.1, "end": i * 0.1 + 0.1} for i, p in enumerate(symbols)]
    times = np.arange(24) / 24
    track = mouth_track(phonemes, np.ones(24), times, 0.5)
    assert all(np.isfinite(values).all() for values in track.values())


def test_picture_and_sound_are_together(tmp_path):
    speech = syllables(tmp_path / "speech", [("m", "ɑ"), ("p", "ɑ"), ("b", "ɑ"), ("m", "æ"), ("b", "ɑ")], 0.3)
    shot = film(tmp_path, speech, hosts=1, fps=50, size=(480, 270), knobs={"crf": 18})
    mouth = mouth_opening(shot.frames)
    sound = np.abs(shot.sound.mean(axis=1)).reshape(len(mouth), -1).mean(axis=1)
    mouth, sound = mouth - mouth.mean(), sound - sound.mean()
    lags = list(range(-12, 13))
    match = [float((np.roll(mouth, -lag) * sound).sum()) for lag in lags]
    assert max(match) > 0.5 * np.linalg.norm(mouth) * np.linalg.norm(sound)
    assert abs(lags[int(np.argmax(match))]) / 50 <= 0.04


def test_clips_hold_as_much_sound_as_picture(tmp_path, spoken):
    shot = film(tmp_path, spoken)
    for clip in shot.clips:
        assert clip["frames"] <= 2 * clip["fps"]
        assert len([*film_frames(clip)]) == clip["frames"]
    total = sum(clip["frames"] for clip in shot.clips)
    assert len(shot.sound) == total * 48_000 // 24
    assert 0.2 < total / 24 - spoken["seconds"] < 0.6


def film_frames(clip):
    from murakkab_runtimes.media.video import decode_clip

    return decode_clip(clip["video"])


@given(st.integers(1, 4000), st.integers(12, 60), st.booleans())
def test_clips_share_the_frames_out(frames, fps, first):
    lengths = clip_lengths(frames, fps, first=first)
    assert sum(lengths) == frames
    assert 0 < min(lengths) <= max(lengths) <= 2 * fps


def test_an_episode_starts_with_short_clips():
    assert clip_lengths(240, 24, first=True) == [12] * 6 + [42] * 4
    assert clip_lengths(240, 24, first=False) == [48] * 5


def test_equal_seeds_give_equal_bytes(tmp_path, speech):
    first, again = (film(tmp_path / name, speech) for name in "ab")
    for one, other in zip(first.clips, again.clips, strict=True):
        assert one["video"].read_bytes() == other["video"].read_bytes()
        assert one["audio"].read_bytes() == other["audio"].read_bytes()


def test_a_task_that_goes_on_makes_the_missing_clips_as_they_would_have_been(tmp_path, spoken):
    whole, rest = film(tmp_path / "whole", spoken), film(tmp_path / "rest", spoken, first_item=1)
    assert len(rest.clips) == len(whole.clips) - 1 > 0
    for one, other in zip(whole.clips[1:], rest.clips, strict=True):
        assert one["video"].read_bytes() == other["video"].read_bytes()
        assert one["cues"] == other["cues"]


def test_seeds_change_the_acting_but_not_the_joints(tmp_path, speech):
    shots = [film(tmp_path / str(seed), speech, seed=seed).frames for seed in (1, 2)]
    middle = len(shots[0]) // 2
    away = np.abs(shots[0][middle].astype(int) - shots[1][middle].astype(int)).mean()
    for joint in (0, -1):
        assert np.abs(shots[0][joint].astype(int) - shots[1][joint].astype(int)).mean() < away / 2


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_one_to_four_hosts_are_seen(tmp_path, speech, count):
    turn = make_turn(speech, host=count - 1)
    frames = film(tmp_path, speech, hosts=count, turn=turn, size=(640, 360)).frames
    assert np.std(frames[0]) > 25
    moved = np.ptp(np.stack(frames[::6]).astype(int).sum(axis=3), axis=0) > 60
    columns = np.flatnonzero(moved[60:250].sum(axis=0) > 2)
    assert len(columns) > 20 * count
    if count > 1:
        assert columns[0] < 640 / count
        assert columns[-1] > 640 * (count - 1) / count


def test_the_opening_shows_the_title_while_the_host_speaks(tmp_path, spoken, music):
    turn = make_turn(spoken, kind="opening")
    shot = film(tmp_path, spoken, turn=turn, path=(0, 0), music=music)
    plain = film(tmp_path / "plain", spoken, turn=turn, path=(3, 0), music=music)
    assert [clip["frames"] for clip in shot.clips][:5] == [12] * 5
    title, studio = shot.frames[8].astype(int), shot.frames[-1].astype(int)
    assert np.abs(title - studio).mean() > 25
    assert np.abs(plain.frames[-1].astype(int) - studio).mean() < 6
    (seen,) = [
        sum(c["frames"] for c in shot.clips[:i]) / 24 + clip["content_from"]
        for i, clip in enumerate(shot.clips)
        if "content_from" in clip
    ]
    assert 0.8 < seen < 1.6
    assert shot.cues[0]["start"] <= 0.45
    assert np.abs(shot.sound[:9600]).max() > 1000
    assert np.abs(plain.sound[:4000]).max() < 100


def test_the_last_turn_ends_with_a_card_and_music(tmp_path, speech, music):
    last = film(tmp_path / "last", speech, turn=make_turn(speech, kind="closing"), path=(2, 1), music=music)
    plain = film(
        tmp_path / "plain", speech, turn=make_turn(speech, kind="closing", last=False), path=(2, 1), music=music
    )
    assert 2.5 <= (len(last.frames) - len(plain.frames)) / 24 <= 3.1
    assert np.abs(last.frames[-1].astype(int) - plain.frames[-1].astype(int)).mean() > 25
    assert np.abs(last.sound[-96_000:-48_000]).max() > 2000
    assert np.abs(last.sound[-480:]).max() < 500


def test_sound_runs_through_the_joints_of_clips(tmp_path):
    (tmp_path / "speech").mkdir()
    time = np.arange(4 * RATE) / RATE
    write_mono(tmp_path / "speech/hum.wav", 0.3 * np.sin(2 * np.pi * 110 * time))
    speech = {"audio": tmp_path / "speech/hum.wav", "seconds": 4.0, "phonemes": [], "words": []}
    shot = film(tmp_path, speech, turn=make_turn(speech, text="Hum."), knobs={"detail": "still"})
    steps = np.abs(np.diff(shot.sound[:, 0].astype(int)))
    inner = steps[int(0.3 * 48_000) : int(3.9 * 48_000)]
    assert len(shot.clips) == 3
    assert inner.max() < 0.3 * 32768 * 2 * np.pi * 110 / 48_000 * 1.5


def test_loudness_moves_the_mouth_without_phonemes(tmp_path, speech):
    silent = {**speech, "phonemes": [], "words": []}
    turn = make_turn(speech)
    shot = film(tmp_path, silent, turn=turn, hosts=1, size=(640, 360))
    assert mouth_opening(shot.frames).max() > 20
    assert " ".join(cue["text"] for cue in shot.cues).split() == turn["text"].split()


def test_captions_are_short_ordered_and_complete(tmp_path, spoken):
    text = " ".join(w["text"] for w in spoken["words"])
    cues = film(tmp_path, spoken, knobs={"detail": "still"}).cues
    assert " ".join(c["text"] for c in cues).split() == text.split()
    assert all(len(line) <= 42 for c in cues for line in c["text"].split("\n"))
    assert all(c["text"].count("\n") <= 1 and c["start"] < c["end"] for c in cues)
    assert all(a["end"] <= b["start"] + 1e-6 for a, b in pairwise(cues))


def test_captions_can_be_burnt_in(tmp_path, speech):
    plain, burnt = (
        film(tmp_path / str(b), speech, knobs={"burn_captions": b}, path=(1, 1)).frames[20].astype(int)
        for b in (False, True)
    )
    difference = np.abs(plain - burnt).mean(axis=(1, 2))
    assert difference[-50:].max() > 10 > difference[:90].max()


def test_cheaper_details_draw_fewer_pictures(tmp_path, speech):
    def changes(detail):
        frames = film(tmp_path / detail, speech, path=(1, 1), knobs={"detail": detail, "crf": 10}).frames[20:-8]
        return sum(np.abs(a.astype(int) - b).mean() > 0.15 for a, b in pairwise(frames)) / len(frames)

    full, simple, sparse, still = map(changes, ("full", "simple", "sparse", "still"))
    assert full > 1.4 * simple > 1.4 * sparse > 1.4 * still


def test_cards_and_plates_are_drawn_for_every_second_frame_at_least(tmp_path, speech):
    turn = make_turn(speech, kind="opening")
    shots = {
        detail: film(tmp_path / detail, speech, turn=turn, path=(0, 0), knobs={"detail": detail, "crf": 10})
        for detail in ("full", "sparse", "still")
    }
    full, *others = (np.stack(shot.frames[:40]).astype(int) for shot in shots.values())
    for frames in others:
        drawn = [np.abs(a - b).mean() > 0.15 for a, b in pairwise(frames)]
        assert 0.3 < sum(drawn[:10]) / 10 <= 0.6
        assert np.abs(full[::2] - frames[::2]).mean() < 2


def test_burnt_captions_change_on_time_in_a_still(tmp_path, speech):
    still, full, without = (
        film(tmp_path / f"{detail}-{burnt}", speech, knobs={"burn_captions": burnt, "detail": detail}, path=(1, 1))
        for detail, burnt in (("still", True), ("full", True), ("still", False))
    )
    assert full.cues[0]["start"] > 0.1, "the first picture has no caption"
    for cue in full.cues:
        index = round(24 * (cue["start"] + cue["end"]) / 2)
        shown, wanted, bare = (shot.frames[index][130:].astype(int) for shot in (still, full, without))
        assert np.abs(shown - wanted).mean() < 0.6 * np.abs(shown - bare).mean()


def test_it_draws_smaller_than_the_canvas_when_told(tmp_path, speech):
    clip = film(tmp_path, speech, size=(640, 360), knobs={"draw_height": 180}).clips[0]
    assert (clip["width"], clip["height"], clip["rung"]["height"]) == (320, 180, 180)
    assert next(film_frames(clip)).shape == (180, 320, 3)


@pytest.mark.parametrize("size", [(180, 320), (426, 240), (240, 240), (1280, 360)])
def test_canvases_of_other_shapes_are_filled(tmp_path, speech, size):
    frame = film(tmp_path, speech, size=size, knobs={"detail": "still"}).frames[0]
    assert frame.shape == (size[1], size[0], 3)
    assert min(np.std(part) for part in np.array_split(frame, 2, axis=0)) > 8


def test_a_section_begins_with_a_chapter(tmp_path, speech):
    clips = film(tmp_path / "a", speech, path=(1, 0)).clips
    assert [c["chapter"] for c in clips] == ["Small things", *[None] * (len(clips) - 1)]
    assert film(tmp_path / "b", speech, path=(1, 1)).clips[0]["chapter"] is None


def test_a_cancelled_turn_stops_at_once(tmp_path, speech):
    seen = []

    def stop(done):
        seen.append(done)
        if len(seen) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        film(tmp_path, speech, on_progress=stop)
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": (321, 180)}, "even"),
        ({"hosts": []}, "1 to 4"),
        ({"hosts": HOSTS + HOSTS}, "1 to 4"),
        ({"hosts": [{"name": "Al", "look": {"hair": "sparkling"}}]}, "hair 'sparkling' is no colour"),
        ({"hosts": [{"name": "Al", "look": {"hair_style": "mohawk"}}]}, "short, long, bun, curly, bald"),
        ({"hosts": [{"name": "Al", "look": "tall"}]}, "look must be a mapping"),
        ({"hosts": ["Al"]}, "must be a mapping"),
        ({"knobs": {"detail": "lavish"}}, "full, simple, sparse, still"),
        ({"cast": None}, "'cast'"),
        ({"scene": {"image": "nowhere.png"}}, "nowhere.png"),
    ],
)
def test_bad_input_is_named(tmp_path, speech, change, message):
    with pytest.raises(InputError, match=message):
        film(tmp_path, speech, **change)


def test_speech_that_is_no_wav_is_named(tmp_path, speech):
    (tmp_path / "x.wav").write_bytes(b"no sound")
    with pytest.raises(InputError, match=r"x\.wav"):
        film(tmp_path, {**speech, "audio": tmp_path / "x.wav"})


def test_a_turn_of_an_unknown_host_is_named(tmp_path, speech):
    with pytest.raises(InputError, match="hosts 0 to 1"):
        film(tmp_path, speech, turn=make_turn(speech, host=3), hosts=2)
