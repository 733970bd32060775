"""Adapter ``xtts``: XTTS of coqui-tts, a language model that writes codes of sound, from a local folder, in English.

It says nothing of when a phoneme is heard: phonemes share the time of their sentence evenly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import InputError
from murakkab_runtimes.hub.torchaudio import without_compiled_torchaudio
from murakkab_runtimes.hub.weights import weights_folder
from murakkab_runtimes.speech import audio
from murakkab_runtimes.speech.audio import Samples
from murakkab_runtimes.speech.coqui import cannot_be_loaded
from murakkab_runtimes.speech.sentence import Sentence
from murakkab_runtimes.speech.timing import STRESS, Take, Unit, take_of_units
from murakkab_runtimes.speech.torch_voice import TorchVoice
from murakkab_runtimes.speech.units import with_words

FILES = ("config.json", "model.pth", "vocab.json", "speakers_xtts.pth")
"""What the folder of the weights holds; but for tensors and the settings of XTTS, nothing in them is read."""


class Xtts(TorchVoice):
    """Speaks with the speakers that come with a model; no voice is cloned.

    Raises:
        Unavailable: a package or the weights are missing.
        InputError: the folder holds no XTTS model, or none of its speakers has the name that the card says.
        OutOfMemory: it does not fit into the device.
    """

    def _load(self) -> None:
        self._model = _loaded(self.card).to(self._device)
        self.rate = int(self._model.config.audio.output_sample_rate)
        self._speakers = {voice.name: self._speaker(voice.name) for voice in self.voices.values()}

    def speak(self, sentence: Sentence, voice: str, speed: float, noise: np.random.Generator) -> Take:
        """Speak with the speaker of that name."""
        import torch

        wishes = {name: self._model.config[name] for name in ("temperature", "repetition_penalty", "top_k", "top_p")}
        with self.meter.working(self.card.name), torch.inference_mode():
            torch.manual_seed(int(noise.integers(2**31)))
            made = self._model.inference(sentence.text, "en", *self._speakers[voice], speed=speed, **wishes)
        samples = np.asarray(made["wav"], np.float32)
        units = evenly(sentence, samples, self.rate)
        return take_of_units(samples, self.rate, units, [word.text for word in sentence.words])

    def _speaker(self, name: str) -> tuple[Any, Any]:
        speakers = self._model.speaker_manager.speakers
        if name not in speakers:
            known = ", ".join(list(speakers)[:5])
            raise InputError(f"{self.card.name} has no speaker called '{name}'; it has {len(speakers)}: {known}, ...")
        return speakers[name]["gpt_cond_latent"], speakers[name]["speaker_embedding"]


def evenly(sentence: Sentence, samples: Samples, rate: int) -> Iterator[Unit]:
    """The symbols of a sentence, each with an equal share of the time in which sound is heard."""
    first, last = audio.speech_bounds(samples, rate)
    marked = list(with_words(sentence))
    each = (last - first) / rate / max(sum(map(_lasts, (symbol for symbol, _ in marked))), 1)
    yield Unit(" ", first / rate)
    for symbol, word in marked:
        yield Unit(symbol, each if _lasts(symbol) else 0.0, word)
    yield Unit(" ", (len(samples) - last) / rate)


def _lasts(symbol: str) -> bool:
    return symbol != " " and symbol not in STRESS


def _loaded(card: ModelCard) -> Any:  # noqa: ANN401 - a module of torch
    """The model of a card, on the processor."""
    from pickle import UnpicklingError

    folder = weights_folder(card)
    load_config, xtts = _library()
    if lacking := [name for name in FILES if not (folder / name).is_file()]:
        raise InputError(f"{folder} holds no XTTS model: it lacks {', '.join(lacking)}")
    config = load_config(str(folder / "config.json"))
    if config.get("model") != "xtts":
        raise InputError(f"the config.json in {folder} is not that of an XTTS model")
    model = xtts(config)
    try:
        model.load_checkpoint(config, checkpoint_dir=folder, eval=True)
    except (UnpicklingError, EOFError, KeyError, RuntimeError, TypeError, ValueError) as fault:
        raise InputError(f"the weights in {folder} cannot be read: {str(fault).partition('.')[0]}") from None
    return model


def _library() -> tuple[Any, Any]:
    """How coqui-tts reads a configuration, and its class of XTTS models."""
    without_compiled_torchaudio()
    try:
        from TTS.config import load_config
        from TTS.tts.models import xtts
    except (ImportError, OSError) as fault:
        raise cannot_be_loaded(fault) from None
    return load_config, _reading(xtts.Xtts, xtts._legacy_safe_globals)


def _reading(xtts: type[Any], known: Callable[[], AbstractContextManager[None]]) -> type[Any]:
    """The class, but that it leaves the file of the weights as it is, where the library would write it anew."""

    class Reading(xtts):  # type: ignore[misc]
        def _load_checkpoint(self, path: Path) -> dict[str, Any]:
            import torch

            with known():
                return dict(torch.load(path, map_location="cpu", weights_only=True)["model"])

    return Reading
