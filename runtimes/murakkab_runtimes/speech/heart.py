"""The female voice af_heart of ``hibari-tts``: a network that predicts spectra, and a vocoder in numpy."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from hibari import dsp  # type: ignore[import-untyped]
from hibari.tts import ASSETS  # type: ignore[import-untyped]

from murakkab_runtimes.speech import onnx_graph
from murakkab_runtimes.speech.sentence import Sentence
from murakkab_runtimes.speech.sessions import session
from murakkab_runtimes.speech.timing import Take, Unit, take_of_units
from murakkab_runtimes.speech.units import with_words

DURATIONS = "/Round_output_0"
"""Tensor of the graph: half-frames spent on each phoneme."""

STEP_S = 2 * dsp.HOP / dsp.SR
LEAD_S = 0.06
"""The voice is heard this much before its durations say so (contrast of vowels and voiceless sounds is greatest)."""


class Heart:
    """Loads in about 0.3 s; 24 kHz."""

    rate: int = dsp.SR

    def __init__(self, threads: int) -> None:
        model = Path(ASSETS) / "hibari.onnx"
        self._session = session(onnx_graph.with_outputs(model.read_bytes(), [DURATIONS]), threads)
        self._vocabulary = msgspec.json.decode((Path(ASSETS) / "vocab.json").read_bytes(), type=dict[str, int])

    def speak(self, sentence: Sentence, speed: float, noise: np.random.Generator) -> Take:
        """Speak; ``speed`` 1 is the voice's own rate."""
        symbols = [(s, w) for s, w in with_words(sentence) if s in self._vocabulary]
        ids = [0, *(self._vocabulary[s] for s, _ in symbols), 0]
        feeds = {"ids": np.array([ids], np.int64), "speed": np.array([speed], np.float32)}
        *spectra, durations = self._session.run(None, feeds)
        samples = dsp.synth(*(part[0] for part in spectra), noise)
        marked = [(" ", None), *symbols, (" ", None)]
        units = [Unit(s, float(d) * STEP_S, w) for (s, w), d in zip(marked, durations, strict=True)]
        return take_of_units(samples, self.rate, units, [word.text for word in sentence.words], LEAD_S)
