"""What the voices by torch share: a model from a local folder, on the best device, that reads American English."""

from __future__ import annotations

from abc import abstractmethod

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.hub.device import limit_threads, pick_device
from murakkab_runtimes.hub.memory import Meter
from murakkab_runtimes.speech.pronounce import Pronouncer
from murakkab_runtimes.speech.runtime import SpeechRuntime
from murakkab_runtimes.speech.sentence import Sentence


class TorchVoice(SpeechRuntime):
    """Loads a model within what its memory is counted by, and reads text by our own dictionaries.

    Raises:
        Unavailable: a package or the weights are missing.
        InputError: the folder does not hold what the adapter loads.
        OutOfMemory: it does not fit into the device.
    """

    def __init__(self, card: ModelCard, threads: int) -> None:
        super().__init__(card, threads)
        limit_threads(threads)
        self._device = pick_device()
        self.meter: Meter = Meter(self._device)
        with self.meter.loading(card.name):
            self._load()
        self._pronounce = Pronouncer()

    @abstractmethod
    def _load(self) -> None:
        """Bring the model and its voices to the device."""

    def sentences(self, text: str) -> list[Sentence]:
        """Sentences with the phonemes of American English."""
        return self._pronounce(text)
