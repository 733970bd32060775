"""Adapter ``coqui``: VITS voices trained with coqui-tts, from a local folder, speaking American English.

espeak (GPL) is never asked, as coqui-tts would: phonemes come from our own dictionaries, spelt as espeak spells them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import InputError, Unavailable
from murakkab_runtimes.hub.torchaudio import without_compiled_torchaudio
from murakkab_runtimes.hub.weights import weights_folder
from murakkab_runtimes.speech.joe import units_of
from murakkab_runtimes.speech.sentence import Sentence
from murakkab_runtimes.speech.timing import Take, Unit, take_of_units
from murakkab_runtimes.speech.torch_voice import TorchVoice


class Coqui(TorchVoice):
    """Speaks with a VITS model.

    The folder of the weights holds ``config.json`` and one ``.pth`` file (option ``file`` where there are several), in
    which nothing but tensors is read. The option ``voices`` names speakers by number; 0 is the one of a model with one.

    Raises:
        Unavailable: a package or the weights are missing.
        InputError: the folder holds no VITS model that reads phonemes.
        OutOfMemory: it does not fit into the device.
    """

    def _load(self) -> None:
        self._model = _loaded(self.card).to(self._device)
        self._tokenizer = self._model.tokenizer
        self.rate = int(self._model.config.audio.sample_rate)
        self._speakers = {voice.name: self._speaker(voice.name) for voice in self.voices.values()}

    def speak(self, sentence: Sentence, voice: str, speed: float, noise: np.random.Generator) -> Take:
        """Speak with the speaker of that number."""
        import torch

        units = list(self._units(sentence))
        ids = [one for *_, spelt in units for one in spelt]
        self._model.length_scale = 1 / speed
        with self.meter.working(self.card.name), torch.inference_mode():
            torch.manual_seed(int(noise.integers(2**31)))
            given = torch.tensor([self._with_blanks(ids)], device=self._device)
            made = self._model.inference(given, {"speaker_ids": self._speakers[voice]})
        samples = made["model_outputs"].float().cpu().numpy().ravel()
        seconds = self._seconds(made["durations"].float().cpu().numpy().ravel(), len(samples))
        timed = [Unit(symbol, sum(next(seconds) for _ in spelt), word) for symbol, word, spelt in units]
        return take_of_units(samples, self.rate, timed, [word.text for word in sentence.words])

    def _units(self, sentence: Sentence) -> Iterator[tuple[str, int | None, list[int]]]:
        """Symbol, index of its word, and the model's ids of it."""
        for index, word in enumerate(sentence.words):
            symbols = [*([(" ", " ", None)] if index else []), *((*pair, index) for pair in units_of(word.phonemes))]
            for symbol, spelling, at in symbols:
                if spelt := [one for c in spelling if (one := self._id(c)) is not None]:
                    yield symbol, at, spelt

    def _id(self, character: str) -> int | None:
        try:
            return int(self._tokenizer.characters.char_to_id(character))
        except KeyError:
            return None

    def _with_blanks(self, ids: list[int]) -> list[int]:
        return list(self._tokenizer.intersperse_blank_char(ids)) if self._tokenizer.add_blank else ids

    def _seconds(self, frames: Any, samples: int) -> Iterator[float]:  # noqa: ANN401 - an array
        """Of each symbol; a blank between two is shared by both, one at an edge belongs to the symbol beside it."""
        if self._tokenizer.add_blank:
            blanks = frames[::2].copy()
            blanks[1:-1] /= 2
            frames = frames[1::2] + blanks[:-1] + blanks[1:]
        return iter((frames * (samples / self.rate / max(frames.sum(), 1))).tolist())

    def _speaker(self, name: str) -> Any:  # noqa: ANN401 - a tensor, or None for a model with one speaker
        import torch

        speakers = int(self._model.emb_g.num_embeddings) if hasattr(self._model, "emb_g") else 1
        if not name.isdecimal() or int(name) >= speakers:
            raise InputError(f"{self.card.name} has {speakers} speakers, and none is '{name}'; give a number from 0 on")
        return torch.tensor([int(name)], device=self._device) if speakers > 1 else None


def _loaded(card: ModelCard) -> Any:  # noqa: ANN401 - a module of torch
    """The model of a card, on the processor, without what it needs for training."""
    folder = weights_folder(card)
    load_config, vits = _library()
    config = load_config(str(folder / "config.json")) if (folder / "config.json").is_file() else None
    if (
        config is None
        or config.get("model") != "vits"
        or not config.use_phonemes
        or config.model_args.use_d_vector_file
    ):
        raise InputError(f"{folder} holds no config.json of a VITS model that reads phonemes and numbers its speakers")
    config.use_phonemes, config.text_cleaner = False, None
    config.model_args.init_discriminator = False
    config.model_args.use_speaker_encoder_as_loss = False
    config.model_args.speaker_encoder_model_path = None
    tensors = _tensors(_file(card, folder))
    config.speakers = [str(number) for number in range(len(tensors.get("emb_g.weight", ())))]
    model = vits(config)
    try:
        model.load_state_dict({name: tensor for name, tensor in tensors.items() if name in model.state_dict()})
    except RuntimeError as fault:
        raise InputError(f"the weights of {card.name} do not fit its config.json: {fault}") from None
    model.eval()
    return model


def _file(card: ModelCard, folder: Path) -> Path:
    found = [folder / str(card.options["file"])] if "file" in card.options else sorted(folder.glob("*.pth"))
    if len(found) != 1 or not found[0].is_file():
        raise InputError(f"{folder} needs one .pth file with the model; name it with the card's option 'file'")
    return found[0]


def _tensors(path: Path) -> dict[str, Any]:
    from pickle import UnpicklingError

    import torch

    try:
        return dict(torch.load(path, map_location="cpu", weights_only=True)["model"])
    except (UnpicklingError, EOFError, KeyError, RuntimeError, TypeError, ValueError) as fault:
        raise InputError(f"the weights {path} cannot be read: {str(fault).partition('.')[0]}") from None


def _library() -> tuple[Any, Any]:
    """How coqui-tts reads a configuration, and its class of VITS models."""
    without_compiled_torchaudio()
    try:
        from TTS.config import load_config
        from TTS.tts.models.vits import Vits
    except (ImportError, OSError) as fault:
        raise cannot_be_loaded(fault) from None
    return load_config, Vits


def cannot_be_loaded(fault: Exception) -> Unavailable:
    """What to say where coqui-tts is missing."""
    said = str(fault).strip().partition("\n")[0]
    return Unavailable(
        f"coqui-tts cannot be loaded ({said}); run: pip install 'murakkab[coqui]' "
        "&& pip install --no-deps torchaudio==2.11.0 torchcodec==0.17.0"
    )
