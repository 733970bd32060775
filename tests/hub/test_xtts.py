"""A tiny XTTS with random weights, saved and loaded as the published one is."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import Cancelled, InputError
from tests.hub.conftest import hub_card
from tests.hub.test_coqui import load, said_whole, say

torch = pytest.importorskip("torch", reason="comes with the extra 'torch'")
if importlib.util.find_spec("TTS") is None or importlib.util.find_spec("torchaudio") is None:
    pytest.skip("comes with the extra 'coqui'", allow_module_level=True)

TEXT = "The tides rise."
SIZE = 64


def save_words(path: Path) -> None:
    """Letters and the marks of XTTS, as the file that its tokenizer reads."""
    from tokenizers import AddedToken, Tokenizer, models

    letters = "abcdefghijklmnopqrstuvwxyz.,!?'"
    made = Tokenizer(models.BPE({c: at for at, c in enumerate(["[UNK]", *letters])}, [], unk_token="[UNK]"))
    made.add_special_tokens([AddedToken(mark) for mark in ("[START]", "[STOP]", "[SPACE]", "[en]")])
    made.save(str(path))


def save_voice(folder: Path) -> None:
    from murakkab_runtimes.speech.xtts import _library

    _, xtts = _library()
    from TTS.tts.configs.xtts_config import XttsArgs, XttsConfig
    from TTS.tts.models.xtts import _legacy_safe_globals

    torch.manual_seed(0)
    folder.mkdir(parents=True)
    save_words(folder / "vocab.json")
    small = {"gpt_layers": 1, "gpt_n_model_channels": SIZE, "gpt_n_heads": 4, "gpt_max_audio_tokens": 10}
    small |= {"gpt_max_text_tokens": 64, "gpt_max_prompt_tokens": 8, "gpt_use_perceiver_resampler": True}
    small |= {"gpt_num_audio_tokens": 34, "gpt_start_audio_token": 32, "gpt_stop_audio_token": 33}
    small |= {"decoder_input_dim": SIZE, "d_vector_dim": 16, "cond_d_vector_in_each_upsampling_layer": False}
    config = XttsConfig(model_args=XttsArgs(**small), temperature=0.9)
    model = xtts(config)
    model.tokenizer = type(model.tokenizer)(vocab_file=folder / "vocab.json")
    model.init_models()
    config.save_json(str(folder / "config.json"))
    with _legacy_safe_globals():  # the published file holds its settings, too, under an older name
        torch.save({"model": model.state_dict(), "config": config}, folder / "model.pth")
    speakers = {
        name: {"gpt_cond_latent": torch.randn(1, 8, SIZE), "speaker_embedding": torch.randn(1, 16, 1)}
        for name in ("Ana", "Ben")
    }
    torch.save(speakers, folder / "speakers_xtts.pth")


def voice_card(models: Path, second: str = "Ben") -> ModelCard:
    if not (models / "tiny/xtts").exists():
        save_voice(models / "tiny/xtts")
    roles = {"female-1": "Ana", "female-2": second, "male-1": "Ana", "male-2": "Ana"}
    options = {"voices": {role: {"name": name} for role, name in roles.items()}}
    return hub_card("xtts", "text-to-speech", "tiny/xtts", options=options)


def test_it_speaks_and_every_word_has_its_share_of_the_time(models: Path, tmp_path: Path) -> None:
    card = voice_card(models)
    before = (models / "tiny/xtts/model.pth").read_bytes()
    model = load(card)
    assert (models / "tiny/xtts/model.pth").read_bytes() == before
    _, samples = said_whole(model, tmp_path / "one", 24000, TEXT, seed=3)
    again = say(model, tmp_path / "two", TEXT, seed=3)[1]
    np.testing.assert_array_equal(samples, again)
    for at, other in enumerate(({"seed": 4}, {"seed": 3, "voice": "female-2"})):
        sound = say(model, tmp_path / f"other {at}", TEXT, **other)[1]
        assert len(sound) != len(samples) or not np.array_equal(sound, samples)

    def stop(_: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        say(model, tmp_path / "three", f"{TEXT} They fall.", on_progress=stop)


def test_a_speaker_that_the_model_does_not_have_is_refused(models: Path) -> None:
    with pytest.raises(InputError, match="has no speaker called 'Carl'; it has 2: Ana, Ben"):
        load(voice_card(models, second="Carl"))


def test_a_folder_that_is_no_xtts_is_refused(models: Path) -> None:
    voice_card(models)
    whole, folder = models / "tiny/xtts", models / "tiny/mute-xtts"
    folder.mkdir()
    card = hub_card("xtts", "text-to-speech", "tiny/mute-xtts", options=voice_card(models).options)
    with pytest.raises(InputError, match=r"it lacks config\.json, model\.pth, vocab\.json, speakers_xtts\.pth"):
        load(card)
    for name in ("config.json", "vocab.json", "speakers_xtts.pth"):
        (folder / name).write_bytes((whole / name).read_bytes())
    (folder / "model.pth").write_bytes(b"no tensors")
    with pytest.raises(InputError, match="cannot be read"):
        load(card)
    (folder / "config.json").write_text('{"model": "vits"}')
    with pytest.raises(InputError, match=r"is not that of an XTTS"):
        load(card)
