"""A Kokoro with random weights, as small as its network goes, saved and loaded as the published one is."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import Cancelled, InputError
from tests.hub.conftest import hub_card
from tests.hub.test_coqui import load, said_whole, say

torch = pytest.importorskip("torch", reason="comes with the extra 'torch'")
if importlib.util.find_spec("kokoro") is None:
    pytest.skip("needs the package 'kokoro'", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("ignore:.*weight_norm. is deprecated:FutureWarning")  # of the package

TEXT = "The tides rise."
SYMBOLS = " ;:,.!?—ðəɪæɛʌɑɔʊuiɹdtszfvklmnpbgwjhŋʃʒθAIOWYTˈˌᵊ"
SETTINGS = {
    "vocab": {symbol: at for at, symbol in enumerate(SYMBOLS, 1)},
    "n_token": len(SYMBOLS) + 1,
    "hidden_dim": 512,
    "style_dim": 128,
    "n_layer": 1,
    "n_mels": 80,
    "max_dur": 4,
    "dropout": 0.0,
    "text_encoder_kernel_size": 5,
    "plbert": {
        "hidden_size": 32,
        "num_attention_heads": 4,
        "intermediate_size": 32,
        "max_position_embeddings": 512,
        "num_hidden_layers": 1,
    },
    "istftnet": {
        "upsample_kernel_sizes": [20, 12],
        "upsample_rates": [10, 6],
        "gen_istft_hop_size": 5,
        "gen_istft_n_fft": 20,
        "resblock_dilation_sizes": [[1, 3, 5]],
        "resblock_kernel_sizes": [3],
        "upsample_initial_channel": 512,
    },
}


def save_voice(folder: Path) -> None:
    from murakkab_runtimes.speech.kokoro_torch import _network

    torch.manual_seed(0)
    (folder / "voices").mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(SETTINGS))
    file = folder / "kokoro-v1_0.pth"
    torch.save({}, file)
    made = _network()(repo_id="tiny/kokoro", config=SETTINGS, model=str(file))
    torch.save({name: part.state_dict() for name, part in made.named_children()}, file)
    for name in ("anna", "ben"):
        torch.save(torch.randn(510, 1, 256), folder / "voices" / f"{name}.pt")


def voice_card(models: Path, second: str = "ben") -> ModelCard:
    if not (models / "tiny/kokoro").exists():
        save_voice(models / "tiny/kokoro")
    roles = {"female-1": "anna", "female-2": second, "male-1": "anna", "male-2": "anna"}
    options = {"voices": {role: {"name": name} for role, name in roles.items()}}
    return hub_card("kokoro-torch", "text-to-speech", "tiny/kokoro", options=options)


def test_it_speaks_and_says_when_each_sound_is_heard(models: Path, tmp_path: Path) -> None:
    model = load(voice_card(models))
    value, samples = said_whole(model, tmp_path / "one", 24000, TEXT, seed=3)
    again = say(model, tmp_path / "two", TEXT, seed=3)[1]
    np.testing.assert_array_equal(samples, again)
    other = say(model, tmp_path / "three", TEXT, seed=3, voice="female-2")[1]
    assert len(other) != len(samples) or not np.array_equal(other, samples)
    slow = say(model, tmp_path / "four", TEXT, seed=3, speed=0.5)[0]
    assert slow["seconds"] > 1.3 * value["seconds"]


def test_it_stops_between_sentences(models: Path, tmp_path: Path) -> None:
    shares: list[float] = []

    def stop(share: float) -> None:
        shares.append(share)
        raise Cancelled

    model = load(voice_card(models))
    with pytest.raises(Cancelled):
        say(model, tmp_path, "The tides rise. They fall again.", on_progress=stop)
    assert shares == [0.5]
    said_whole(model, tmp_path, 24000, TEXT)


def test_what_the_folder_does_not_hold_is_told(models: Path) -> None:
    with pytest.raises(InputError, match="holds no voice 'carl'"):
        load(voice_card(models, second="carl"))
    folder = models / "tiny/mute-kokoro"
    folder.mkdir()
    card = hub_card("kokoro-torch", "text-to-speech", "tiny/mute-kokoro", options=voice_card(models).options)
    with pytest.raises(InputError, match=r"it lacks config\.json and kokoro-v1_0\.pth"):
        load(card)
    (folder / "config.json").write_text(json.dumps(SETTINGS))
    (folder / "kokoro-v1_0.pth").write_bytes(b"no tensors")
    with pytest.raises(InputError, match="cannot be read"):
        load(card)
