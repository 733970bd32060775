from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from murakkab_runtimes.speech import audio
from murakkab_runtimes.speech.alignment import align_words
from murakkab_runtimes.speech.timing import Span, Unit, cut, join, pitched, take_of_units

RATE = 16000


def tone(seconds: float, level: float = 0.3) -> np.ndarray:
    at = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * 200 * at)).astype(np.float32)


def take(middle: float = 0.0):
    """0.2 s silence, a 0.3 s tone, 0.2 s of ``middle``, a 0.3 s tone, 0.2 s silence; words "ai" and "k"."""
    quiet = np.zeros(round(0.2 * RATE), np.float32)
    samples = np.concatenate([quiet, tone(0.3), tone(0.2, middle), tone(0.3), quiet])
    units = [Unit(" ", 0.2), Unit("ˈ", 0.1, 0), Unit("I", 0.2, 0), Unit(" ", 0.2), Unit("k", 0.3, 1), Unit(".", 0.2)]
    return take_of_units(samples, RATE, units, ["ai", "k"])


def rounded(spans):
    return [(s.text, round(s.start, 3), round(s.end, 3)) for s in spans]


def test_a_silent_pause_stays_and_stress_belongs_to_its_vowel():
    assert rounded(take().phonemes) == [
        ("", 0, 0.2), ("aɪ", 0.2, 0.5), ("", 0.5, 0.7), ("k", 0.7, 1.0), ("", 1.0, 1.2),
    ]  # fmt: skip
    assert rounded(take().words) == [("ai", 0.2, 0.5), ("k", 0.7, 1.0)]


def test_a_sounding_pause_is_shared_by_its_neighbours():
    assert rounded(take(0.3).phonemes) == [("", 0, 0.2), ("aɪ", 0.2, 0.6), ("k", 0.6, 1.0), ("", 1.0, 1.2)]
    assert rounded(take(0.3).words) == [("ai", 0.2, 0.6), ("k", 0.6, 1.0)]


def test_cutting_keeps_the_margin_and_moves_the_spans():
    short = cut(take(), 0.05)
    assert short.seconds == pytest.approx(0.9)
    assert rounded(short.words) == [("ai", 0.05, 0.35), ("k", 0.55, 0.85)]
    assert cut(short, 0.1).seconds == pytest.approx(1.0), "a margin that is not there is added"


def test_joined_takes_follow_one_another():
    both = join([cut(take(), 0.05)] * 2, [0.25, 9.9])
    assert both.seconds == pytest.approx(0.9 + 0.25 + 0.9)
    assert rounded(both.words)[2] == ("ai", 1.2, 1.5)
    assert all(a.end == b.start for a, b in pairwise(both.phonemes))


def test_a_raised_pitch_moves_the_spectrum_and_shortens_the_spans():
    high = pitched(take(0.3), 1.25)
    peak = np.argmax(abs(np.fft.rfft(high.samples))) * RATE / len(high.samples)
    assert peak == pytest.approx(250, abs=2)
    assert high.seconds == pytest.approx(1.2 / 1.25, abs=1e-3)
    assert rounded(high.words)[1] == ("k", 0.48, 0.8)


def test_levelling_sets_the_loudness_of_speech_and_not_of_pauses():
    loud = audio.level(take().samples, RATE)
    assert np.sqrt(np.mean(loud[4000:7000] ** 2)) == pytest.approx(audio.TARGET_RMS, rel=0.03)
    assert abs(audio.limit(np.array([3.0, -3.0, 0.5], np.float32))).max() < audio.CEILING + 1e-6


def spans(*words: str) -> list[Span]:
    return [Span(word, float(i), i + 0.9) for i, word in enumerate(words)]


def test_a_number_takes_the_time_of_the_words_it_is_read_as():
    words = align_words(["It", "cost", "$5", "today."], spans("It", "cost", "five", "dollars", "today."))
    assert rounded(words) == [("It", 0, 0.9), ("cost", 1, 1.9), ("$5", 2, 3.9), ("today.", 4, 4.9)]


def test_unspoken_words_stay_with_a_neighbour():
    assert [w.text for w in align_words(["😀", "hi", "🎉", "you"], spans("hi", "you"))] == ["😀 hi 🎉", "you"]


SPOKEN = ("a", "b", "c")


@given(st.lists(st.sampled_from((*SPOKEN, "1", "😀")), min_size=1), st.lists(st.sampled_from(SPOKEN), min_size=1))
def test_every_written_word_is_timed_in_order(written, spoken):
    words = align_words(written, spans(*spoken))
    assert " ".join(w.text for w in words).split() == written
    assert all(w.start < w.end for w in words)
    assert all(a.end <= b.start + 1e-9 for a, b in pairwise(words))
