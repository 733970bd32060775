"""The life of one text-to-speech task, the same for every adapter."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import Output, Runtime, RuntimeFault, Task
from murakkab_runtimes.speech import audio, timing
from murakkab_runtimes.speech.alignment import align_words
from murakkab_runtimes.speech.sentence import Sentence
from murakkab_runtimes.speech.spoken_text import TOPIC, spoken_text
from murakkab_runtimes.speech.timing import Span, Take
from murakkab_runtimes.speech.voices import Voice, speed_asked, text_asked, voice_asked, voices_of

MARGIN_S = 0.05
"""Silence kept before and after speech."""


class SpeechRuntime(Runtime):
    """Text-to-speech: arguments ``text`` and ``voice`` (a role), knob ``speed``.

    The value is ``{"audio": wav, "rate", "seconds", "phonemes", "words", "voice"}``, times in seconds. The phonemes
    follow one another from 0 to the end, a silence has the empty symbol; all words of the text stand in ``words``.
    """

    def __init__(self, card: ModelCard, threads: int) -> None:
        super().__init__(card, threads)
        self.voices = voices_of(card)

    @abstractmethod
    def sentences(self, text: str) -> list[Sentence]:
        """Split text into what is spoken at once, leaving out what has no sound."""

    @abstractmethod
    def speak(self, sentence: Sentence, voice: str, speed: float, noise: np.random.Generator) -> Take:
        """Speak one sentence with the model's voice of that name."""

    def run(self, task: Task) -> Output:
        """Speak the text of the task."""
        text, voice, speed = text_asked(task), voice_asked(task, self.voices), speed_asked(task)
        take = self._speak_all(task, voice, speed * voice.pace)
        path = task.scratch / "speech.wav"
        audio.write_wav(path, take.samples, take.rate)
        value = {
            "audio": path,
            "rate": take.rate,
            "seconds": take.seconds,
            "phonemes": [{"p": s.text, "start": round(s.start, 4), "end": round(s.end, 4)} for s in take.phonemes],
            "words": [_word(span) for span in align_words(text.split(), take.words)],
            "voice": voice.id,
        }
        return Output(value, {"seconds": take.seconds})

    def _speak_all(self, task: Task, voice: Voice, speed: float) -> Take:
        sentences = self.sentences(spoken_text(task.arguments["text"])) or self.sentences(TOPIC)
        takes: list[Take] = []
        for index, sentence in enumerate(sentences):
            noise = np.random.default_rng([task.seed, index])
            takes.append(timing.cut(self.speak(sentence, voice.name, speed / voice.pitch, noise), MARGIN_S))
            task.progress((index + 1) / len(sentences))
        return self._finished(takes, [s.pause * voice.pitch / speed for s in sentences], voice)

    def _finished(self, takes: Sequence[Take], pauses: Sequence[float], voice: Voice) -> Take:
        if not any(take.samples.any() for take in takes):
            raise RuntimeFault(f"{self.card.name} made no sound")
        take = timing.pitched(timing.join(takes, pauses), voice.pitch)
        return replace(take, samples=audio.level(take.samples, take.rate))

    def warm(self) -> None:
        """Speak a few words with the first voice."""
        self.speak(self.sentences("Hello there.")[0], self.voices["female-1"].name, 1.0, np.random.default_rng(0))


def _word(span: Span) -> dict[str, Any]:
    return {"text": span.text, "start": round(span.start, 4), "end": round(span.end, 4)}
