from __future__ import annotations

import numpy as np
import pytest

from murakkab_runtimes.base import InputError, Task
from murakkab_runtimes.speech import audio
from murakkab_runtimes.speech.voices import ROLES
from murakkab_runtimes.speech.word_errors import plain_words, word_error_rate
from tests.speech.speaking import SENTENCES, speak


def heard(runtimes, path, folder):
    return runtimes("whisper").run(Task({"audio": path}, folder)).value


@pytest.mark.parametrize("role", ROLES)
def test_a_listener_understands_the_fast_voices(runtimes, tmp_path, role):
    text = " ".join(SENTENCES[:4])
    value = speak(runtimes("hibari-joe"), tmp_path, text, role).value
    assert word_error_rate([(text, heard(runtimes, value["audio"], tmp_path)["text"])]) <= 0.08


@pytest.mark.parametrize(("adapter", "role", "most"), [("kokoro", "male-1", 0.08), ("flite", "male-1", 0.2)])
def test_a_listener_understands_the_other_voices(runtimes, tmp_path, adapter, role, most):
    text = " ".join(SENTENCES[:1])
    value = speak(runtimes(adapter), tmp_path, text, role).value
    assert word_error_rate([(text, heard(runtimes, value["audio"], tmp_path)["text"])]) <= most


def test_segments_lie_inside_the_sound(runtimes, tmp_path):
    value = speak(runtimes("hibari-joe"), tmp_path, " ".join(SENTENCES[:2])).value
    found = heard(runtimes, value["audio"], tmp_path)
    edges = [edge for s in found["segments"] for edge in (s["start"], s["end"])]
    assert edges == sorted(edges)
    assert 0 <= edges[0] < edges[-1] <= value["seconds"] + 0.1
    assert found["text"] == " ".join(s["text"] for s in found["segments"])


def test_silence_and_broken_files(runtimes, tmp_path):
    silence, broken = tmp_path / "silence.wav", tmp_path / "broken.wav"
    audio.write_wav(silence, np.zeros(16000, np.float32), 16000)
    broken.write_text("this is no sound")
    assert heard(runtimes, silence, tmp_path)["segments"] == []
    with pytest.raises(InputError, match=r"broken\.wav cannot be read as sound"):
        heard(runtimes, broken, tmp_path)
    with pytest.raises(InputError, match="no audio file at"):
        heard(runtimes, tmp_path / "none.wav", tmp_path)


def test_word_errors_count_words_and_not_spelling():
    assert plain_words("It's 1,200 well-known GPUs!") == [
        *("it's", "one", "thousand", "two", "hundred", "well", "known", "gpus")
    ]
    assert word_error_rate([("a b c d", "a x c"), ("e f", "e f")]) == pytest.approx(2 / 6)
    assert word_error_rate([("a b", "")]) == 1
