import wave
from pathlib import Path

import numpy as np
import pytest

from murakkab_runtimes.base import Output, Task
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.media.audio import read_wav
from murakkab_runtimes.media.codecs import RATE
from murakkab_runtimes.media.jingle import INTRO_S, OUTRO_S, Jingle


def make(folder: Path, seed: int = 0, topic: str = "bees") -> Output:
    folder.mkdir()
    return Jingle(load_catalog()["jingle"], 1).run(Task(arguments={"topic": topic}, scratch=folder, seed=seed))


@pytest.mark.parametrize("seed", range(6))
def test_both_pieces_have_the_promised_form(tmp_path: Path, seed: int) -> None:
    value = make(tmp_path / "a", seed).value
    assert value["drawn"] is True
    for name, seconds in (("intro", INTRO_S), ("outro", OUTRO_S)):
        with wave.open(str(value[name])) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (48000, 2, 2)
        pcm = read_wav(value[name]) / 32768
        assert len(pcm) == seconds * RATE
        assert 10 ** (-12 / 20) < np.abs(pcm).max() < 10 ** (-6 / 20)
        assert np.abs(pcm[:8]).max() < 0.01
        assert np.abs(pcm[-480:]).max() < 0.01
        assert np.abs(pcm.mean(0)).max() < 0.01


def test_the_music_is_stereo_and_never_falls_silent_before_its_end(tmp_path: Path) -> None:
    pcm = read_wav(make(tmp_path / "a").value["intro"]) / 32768
    assert np.abs(pcm[:, 0] - pcm[:, 1]).max() > 0.01
    loudness = [np.sqrt((pcm[at : at + RATE // 4] ** 2).mean()) for at in range(0, 2 * RATE, RATE // 4)]
    assert min(loudness) > 0.02


def test_it_is_tonal(tmp_path: Path) -> None:
    """Most of the energy lies within a tenth of a semitone tolerance of the notes of one major key."""
    pcm = read_wav(make(tmp_path / "a", 3).value["outro"]).mean(1)
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm)))) ** 2
    frequency = np.fft.rfftfreq(len(pcm), 1 / RATE)
    band = (frequency > 130) & (frequency < 1500)
    pitch = 69 + 12 * np.log2(frequency[band] / 440)
    best = 0.0
    for key in range(12):
        degree = (pitch - key) % 12
        near = np.min([np.minimum(abs(degree - step), 12 - abs(degree - step)) for step in (0, 2, 4, 5, 7, 9, 11)], 0)
        best = max(best, float(spectrum[band][near < 0.2].sum() / spectrum[band].sum()))
    assert best > 0.85


def test_equal_seeds_give_equal_music_and_others_do_not(tmp_path: Path) -> None:
    one, two, three, four = (
        make(tmp_path / name, seed, topic).value["intro"].read_bytes()
        for name, seed, topic in (("a", 1, "bees"), ("b", 1, "bees"), ("c", 2, "bees"), ("d", 1, "ants"))
    )
    assert one == two
    assert len({one, three, four}) == 3
