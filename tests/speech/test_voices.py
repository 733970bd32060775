from __future__ import annotations

import wave
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from murakkab_runtimes.base import Cancelled, InputError, Task, Unavailable
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.speech import audio
from murakkab_runtimes.speech.voices import ROLES
from tests.speech.conftest import ADAPTERS
from tests.speech.speaking import SENTENCES, TEXT, VOWELS, speak

FAST = [("hibari-joe", role) for role in ROLES]
SLOW = pytest.param("kokoro", "female-1", marks=pytest.mark.soak)
ALL = [*FAST, SLOW, ("kokoro", "male-1"), *(("flite", role) for role in ROLES)]


@pytest.mark.parametrize(("adapter", "role"), ALL)
def test_the_value_keeps_the_contract(spoken, adapter, role):
    value = spoken(adapter, role).value
    phonemes = value["phonemes"]
    with wave.open(str(value["audio"])) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, value["rate"])
        assert file.getnframes() / file.getframerate() == pytest.approx(value["seconds"])
    assert 4 < value["seconds"] < 12
    assert phonemes[0]["start"] == 0
    assert phonemes[-1]["end"] == pytest.approx(value["seconds"], abs=1e-3)
    assert all(p["end"] > p["start"] for p in phonemes + value["words"])
    assert all(a["end"] == b["start"] for a, b in pairwise(phonemes))
    assert " ".join(w["text"] for w in value["words"]) == TEXT


@pytest.mark.parametrize(("adapter", "role"), ALL)
def test_phonemes_are_where_their_sound_is(spoken, adapter, role):
    voice = spoken(adapter, role)
    here, early, late = (voice.contrast(shift) for shift in (0, -0.06, 0.06))
    assert here > 10, "vowels are louder than voiceless sounds"
    assert here > max(early, late) + 2, "timing moved by 60 ms fits worse"
    assert voice.levels(VOWELS).mean() > voice.levels(frozenset([""])).mean() + 20, "silences are silent"


@pytest.mark.parametrize(("adapter", "role"), ALL)
def test_hosts_are_equally_loud_and_start_at_once(spoken, adapter, role):
    voice = spoken(adapter, role)
    rms = audio.frame_rms(voice.samples, voice.rate)
    loud = 20 * np.log10(np.sqrt(np.mean(rms[rms > audio.silence_level(rms)] ** 2)))
    first, last = audio.speech_bounds(voice.samples, voice.rate)
    assert loud == pytest.approx(-20, abs=1)
    assert abs(voice.samples).max() < 0.99
    assert first / voice.rate < 0.08
    assert voice.value["seconds"] - last / voice.rate < 0.08


@pytest.mark.parametrize("adapter", ["hibari-joe", "flite"])
def test_roles_are_different_people(spoken, adapter):
    hosts = {role: spoken(adapter, role) for role in ROLES}
    pitch = {role: host.pitch() for role, host in hosts.items()}
    assert len({host.value["voice"] for host in hosts.values()}) == len(ROLES)
    assert min(pitch["female-1"], pitch["female-2"]) > max(pitch["male-1"], pitch["male-2"])
    assert abs(np.log(pitch["female-1"] / pitch["female-2"])) > 0.05
    assert abs(np.log(pitch["male-1"] / pitch["male-2"])) > 0.05
    seconds = [host.value["seconds"] for host in hosts.values()]
    assert max(seconds) / min(seconds) < 1.35


@pytest.mark.parametrize("role", ["female-1", "male-1"])
def test_equal_seeds_give_equal_sound_and_others_do_not(fast, tmp_path, role):
    once, again, other = (speak(fast, tmp_path / f"{i}", SENTENCES[3], role, seed) for i, seed in enumerate((1, 1, 2)))
    assert np.array_equal(once.samples, again.samples)
    assert once.value["phonemes"] == again.value["phonemes"]
    assert not np.array_equal(once.samples[:8000], other.samples[:8000])


@pytest.mark.parametrize(
    ("adapter", "role"), [("hibari-joe", "female-2"), ("hibari-joe", "male-1"), ("flite", "male-2")]
)
def test_speed_shortens_speech(runtimes, tmp_path, adapter, role):
    slow, quick = (speak(runtimes(adapter), tmp_path / f"{s}", SENTENCES[3], role, speed=s) for s in (0.8, 1.6))
    assert slow.value["seconds"] / quick.value["seconds"] > 1.5


@pytest.mark.parametrize(
    ("text", "said"),
    [("北京大学", "beɪ"), ("مرحبا", "ðɪstɑpɪk"), ("😀", "ðɪstɑpɪk"), ("?!", "ðɪstɑpɪk"), ("[x](/bˈæd/)", "ɛks")],
)
def test_what_cannot_be_read_is_said_somehow(fast, tmp_path, text, said):
    value = speak(fast, tmp_path, text).value
    assert said in "".join(p["p"] for p in value["phonemes"])
    assert [w["text"] for w in value["words"]] == [text]


@settings(max_examples=25)
@given(text=st.text(min_size=1, max_size=25).filter(str.strip))
def test_no_text_breaks_the_voice(fast, tmp_path, text):
    spoken = speak(fast, tmp_path, text)
    assert abs(spoken.samples).max() > 0.05
    assert " ".join(w["text"] for w in spoken.value["words"]).split() == text.split()


def test_a_very_long_sentence_is_split_and_reports_progress(fast, tmp_path):
    done: list[float] = []
    text = "we walked and talked, and then we " * 20
    output = fast.run(Task({"text": text, "voice": "female-1"}, tmp_path, on_progress=done.append))
    assert len(done) >= 3
    assert done == sorted(done)
    assert done[-1] == 1.0
    assert len(output.value["words"]) == len(text.split())


def test_a_task_stops_when_it_is_told_to(fast, tmp_path):
    def stop(_: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        fast.run(Task({"text": "One. Two.", "voice": "male-1"}, tmp_path, on_progress=stop))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "knobs", "message"),
    [
        ({"text": "Hi", "voice": "robot"}, {}, r"unknown voice 'robot'.*female-1, female-2, male-1, male-2"),
        ({"text": "Hi", "voice": ["male-1"]}, {}, r"unknown voice"),
        ({"text": " \n", "voice": "male-1"}, {}, r"no text to speak"),
        ({"voice": "male-1"}, {}, r"no text to speak"),
        ({"text": "a" * 50_000}, {}, r"50000 characters.*at most 40000"),
        ({"text": "Hi"}, {"speed": 9}, r"'speed' is 9; it must be a number from 0.5 to 2.0"),
        ({"text": "Hi"}, {"speed": "fast"}, r"'speed'"),
    ],
)
def test_bad_input_says_what_to_do(fast, tmp_path, arguments, knobs, message):
    with pytest.raises(InputError, match=message):
        fast.run(Task(arguments, tmp_path, knobs))


@pytest.mark.parametrize(
    ("name", "changes", "command"),
    [
        ("kokoro", {"packages": ("no_such_package",)}, r"no_such_package.*pip install 'murakkab\[kokoro\]'"),
        ("whisper", {"packages": ("no_such_package",)}, r"murakkab\[stt\].*murakkab doctor --install"),
        ("flite", {"programs": ("no-such-flite",)}, r"apt install no-such-flite"),
    ],
)
def test_what_is_missing_is_named_with_the_command_that_installs_it(name, changes, command):
    card = msgspec.structs.replace(load_catalog()[name], **changes)
    with pytest.raises(Unavailable, match=command):
        ADAPTERS[name](card, threads=1)
