"""Adapter ``kokoro-torch``: Kokoro-82M in full precision by torch, from a local folder, in American English.

The network is that of the package ``kokoro``; its own pronunciation is never imported, since it asks espeak (GPL).
Phonemes come from our own dictionaries, which are spelt as Kokoro's are.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import InputError, Unavailable
from murakkab_runtimes.hub.weights import weights_folder
from murakkab_runtimes.speech.kokoro import LEAD_S, MOST_TOKENS, RATE, STEP_S
from murakkab_runtimes.speech.sentence import Sentence
from murakkab_runtimes.speech.timing import Take, Unit, take_of_units
from murakkab_runtimes.speech.torch_voice import TorchVoice
from murakkab_runtimes.speech.units import with_words

MODEL = "kokoro-v1_0.pth"
"""The file of the model where the card's option ``file`` names no other."""


class KokoroTorch(TorchVoice):
    """Speaks with the voices in the folder ``voices`` beside the model.

    Raises:
        Unavailable: a package or the weights are missing.
        InputError: the folder holds no Kokoro model, or not the voices that the card names.
        OutOfMemory: it does not fit into the device.
    """

    def _load(self) -> None:
        folder = weights_folder(self.card)
        self._model = _loaded(self.card, folder, _network()).to(self._device).eval()
        self._styles = {voice.name: _style(folder, voice.name) for voice in self.voices.values()}

    def speak(self, sentence: Sentence, voice: str, speed: float, noise: np.random.Generator) -> Take:
        """Speak with the voice of that name."""
        import torch

        known, styles = self._model.vocab, self._styles[voice]
        symbols = [(s, w) for s, w in with_words(sentence) if s in known][: min(MOST_TOKENS, len(styles))]
        ids = torch.tensor([[0, *(known[s] for s, _ in symbols), 0]], device=self._device)
        style = styles[max(len(symbols), 1) - 1].to(self._device)
        with self.meter.working(self.card.name), torch.inference_mode():
            torch.manual_seed(int(noise.integers(2**31)))
            sound, durations = self._model.forward_with_tokens(ids, style, speed)
        samples = sound.float().cpu().numpy().ravel()
        marked = zip([(" ", None), *symbols, (" ", None)], durations.tolist(), strict=True)
        units = [Unit(s, steps * STEP_S, w) for (s, w), steps in marked]
        return take_of_units(samples, RATE, units, [word.text for word in sentence.words], LEAD_S)


def _loaded(card: ModelCard, folder: Path, network: Any) -> Any:  # noqa: ANN401 - modules of torch
    """The model, on the processor."""
    from pickle import UnpicklingError

    settings, file = folder / "config.json", folder / str(card.options.get("file", MODEL))
    if lacking := [path.name for path in (settings, file) if not path.is_file()]:
        raise InputError(f"{folder} holds no Kokoro model: it lacks {' and '.join(lacking)}")
    try:
        return network(repo_id=card.name, config=json.loads(settings.read_text("utf-8")), model=str(file))
    except (UnpicklingError, EOFError, AssertionError, KeyError, RuntimeError, TypeError, ValueError) as fault:
        raise InputError(f"the weights of {card.name} cannot be read: {str(fault).partition('.')[0]}") from None


def _style(folder: Path, name: str) -> Any:  # noqa: ANN401 - a tensor: one style (1 x 256) for each number of symbols
    import torch

    path = folder / "voices" / f"{name}.pt"
    if not path.is_file():
        raise InputError(f"{folder} holds no voice '{name}' (voices/{name}.pt)")
    return torch.load(path, map_location="cpu", weights_only=True)


def _network() -> Any:  # noqa: ANN401 - a class of torch modules
    """The package's network, without the rest of the package."""
    try:
        if "kokoro" not in sys.modules:
            found = importlib.util.find_spec("kokoro")
            if found is None or not found.submodule_search_locations:
                raise ImportError("it is not installed")
            package = types.ModuleType("kokoro")
            package.__path__ = list(found.submodule_search_locations)
            sys.modules["kokoro"] = package
        from kokoro.model import KModel
    except ImportError as fault:
        raise Unavailable(
            f"kokoro cannot be loaded ({fault}); run: pip install 'murakkab[kokoro-torch]' && murakkab doctor --install"
        ) from None
    return KModel
