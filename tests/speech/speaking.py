"""What the tests of the voices share: texts, a spoken value, and measures of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from murakkab_runtimes.base import Runtime, Task
from murakkab_runtimes.speech import audio

SENTENCES = (
    "Welcome back to the show, where we talk about how coffee changed the world.",
    "Most people think the answer is simple, but the real story took almost 200 years.",
    "So how does a plant turn sunlight into sugar, and why should we care?",
    "That is a great question, and scientists still argue about it today.",
    "In the winter of 1912 the river froze, and the boats could not leave for three months.",
    "Thanks for listening, and please join us again next week for another episode.",
)
TEXT = "Please stop, take the paper cup back to Peter, and put the cat on top. Dr. Smith paid $5 for it 😀, Pat."
VOWELS = frozenset(["ɑ", "æ", "ʌ", "ɔ", "aʊ", "ə", "aɪ", "ɛ", "ɚ", "ɝ", "eɪ", "ɪ", "i", "oʊ", "ɔɪ", "ʊ", "u", "ᵻ"])
VOICELESS = frozenset(["p", "t", "k", "s", "f", "θ", "ʃ", "tʃ"])


@dataclass
class Spoken:
    """The value of one task with its samples."""

    value: dict
    samples: np.ndarray
    rate: int

    def levels(self, symbols: frozenset[str], shift: float = 0.0) -> np.ndarray:
        """Levels in dB of the 10 ms frames inside the phonemes of those symbols, moved by ``shift`` seconds."""
        rms = 20 * np.log10(audio.frame_rms(self.samples, self.rate) + 1e-6)
        spans = [(p["start"] + shift, p["end"] + shift) for p in self.value["phonemes"] if p["p"] in symbols]
        return np.concatenate([rms[max(0, round(a * 100)) : max(0, round(b * 100))] for a, b in spans])

    def contrast(self, shift: float = 0.0) -> float:
        """How much louder vowels are than voiceless sounds, in dB."""
        return float(self.levels(VOWELS, shift).mean() - self.levels(VOICELESS, shift).mean())

    def pitch(self) -> float:
        """Median fundamental frequency in Hz, from the autocorrelation of loud frames."""
        size, found = int(self.rate * 0.04), []
        for at in range(0, len(self.samples) - size, size):
            frame = self.samples[at : at + size]
            likeness = np.correlate(frame, frame, "full")[size - 1 :]
            low, high = self.rate // 350, self.rate // 60
            lag = low + int(np.argmax(likeness[low:high]))
            if likeness[lag] > 0.5 * likeness[0] > 0.0025 * size / 2:
                found.append(self.rate / lag)
        return float(np.median(found))


def speak(runtime: Runtime, folder: Path, text: str, voice: str = "female-1", seed: int = 0, **knobs: float) -> Spoken:
    folder.mkdir(parents=True, exist_ok=True)
    output = runtime.run(Task({"text": text, "voice": voice}, folder, knobs, seed=seed))
    samples, rate = audio.read_wav(output.value["audio"])
    return Spoken(output.value, samples, rate)
