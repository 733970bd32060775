"""Adapter ``hibari-joe``: a fast female and a fast male voice."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import Output, Task
from murakkab_runtimes.speech.heart import Heart
from murakkab_runtimes.speech.joe import Joe
from murakkab_runtimes.speech.pronounce import Pronouncer
from murakkab_runtimes.speech.runtime import SpeechRuntime
from murakkab_runtimes.speech.sentence import Sentence
from murakkab_runtimes.speech.timing import Take


class HibariJoe(SpeechRuntime):
    """The female voice loads beside the dictionaries, the male one in the background once the other has spoken."""

    def __init__(self, card: ModelCard, threads: int) -> None:
        super().__init__(card, threads)
        self._loader = ThreadPoolExecutor(1, "voices")
        heart = self._loader.submit(Heart, threads)
        self._pronounce = Pronouncer()
        self._heart = heart.result()
        self._joe: Future[Joe] | None = None

    def _joe_soon(self) -> Future[Joe]:
        if self._joe is None:
            self._joe = self._loader.submit(self._load_joe)
        return self._joe

    def _load_joe(self) -> Joe:
        joe = Joe(self.threads)
        joe.speak(self._pronounce("Hello there.")[0], 1.0, np.random.default_rng(0))
        return joe

    def sentences(self, text: str) -> list[Sentence]:
        """Sentences with the phonemes of American English."""
        return self._pronounce(text)

    def speak(self, sentence: Sentence, voice: str, speed: float, noise: np.random.Generator) -> Take:
        """Speak with ``heart`` or ``joe``; waits for the latter to be loaded."""
        if voice == "joe":
            return self._joe_soon().result().speak(sentence, speed, noise)
        return self._heart.speak(sentence, speed, noise)

    def run(self, task: Task) -> Output:
        """Speak the text of the task, then see to it that the male voice is being loaded."""
        output = super().run(task)
        self._joe_soon()
        return output

    def warm(self) -> None:
        """Speak with the female voice, and start to load and warm the male one."""
        super().warm()
        self._joe_soon()

    def close(self) -> None:
        """Let go of the loading thread."""
        self._loader.shutdown(cancel_futures=True)
