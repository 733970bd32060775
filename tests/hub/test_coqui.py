"""A tiny VITS voice with random weights, saved and loaded as trained ones are."""

from __future__ import annotations

import importlib.util
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import Cancelled, InputError, Runtime, Task, runtime_class
from murakkab_runtimes.speech.audio import read_wav
from tests.hub.conftest import hub_card

torch = pytest.importorskip("torch", reason="comes with the extra 'torch'")
if importlib.util.find_spec("TTS") is None or importlib.util.find_spec("torchaudio") is None:
    pytest.skip("comes with the extra 'coqui'", allow_module_level=True)

TEXT = "The tides rise. They fall again."


def save_voice(folder: Path, speakers: int = 0) -> None:
    """Two hundred kilobytes of random numbers that speak."""
    from murakkab_runtimes.speech.coqui import _library

    _, vits = _library()
    from TTS.tts.configs.vits_config import VitsConfig
    from TTS.tts.models.vits import VitsArgs, VitsCharacters

    torch.manual_seed(0)
    small = {"hidden_channels": 16, "hidden_channels_ffn_text_encoder": 16, "num_heads_text_encoder": 2}
    small |= {"num_layers_text_encoder": 1, "num_layers_flow": 1, "num_layers_posterior_encoder": 1}
    small |= {"upsample_initial_channel_decoder": 32, "resblock_type_decoder": "2", "init_discriminator": False}
    if speakers:
        small |= {"use_speaker_embedding": True, "speaker_embedding_channels": 8}
    names = [f"person {number}" for number in range(speakers)]
    config = VitsConfig(model_args=VitsArgs(**small), use_phonemes=False, text_cleaner=None, speakers=names)
    config.characters = VitsCharacters().to_config()
    config.characters.characters_class = "TTS.tts.models.vits.VitsCharacters"
    model = vits(config)
    model.config.use_phonemes = True
    model.config.phonemizer = "espeak"
    folder.mkdir(parents=True)
    model.config.save_json(str(folder / "config.json"))
    torch.save({"model": model.state_dict(), "step": 1}, folder / "model.pth")


def voice_card(models: Path, name: str, speakers: int = 0, second: str = "0") -> ModelCard:
    if not (models / "tiny" / name).exists():
        save_voice(models / "tiny" / name, speakers)
    roles = {"female-1": "0", "female-2": second, "male-1": "0", "male-2": "0"}
    options = {"voices": {role: {"name": number} for role, number in roles.items()}}
    return hub_card("coqui", "text-to-speech", f"tiny/{name}", options=options)


def load(one: ModelCard) -> Runtime:
    return runtime_class(one.adapter)(one, 1)


def say(runtime: Runtime, folder: Path, text: str = TEXT, seed: int = 0, **more: Any) -> tuple[dict[str, Any], Any]:
    folder.mkdir(exist_ok=True)
    knobs = {"speed": more.pop("speed", 1.0)}
    arguments = {"text": text, "voice": more.pop("voice", "female-1")}
    value: dict[str, Any] = runtime.run(Task(arguments, folder, knobs, seed=seed, **more)).value
    return value, read_wav(value["audio"])[0]


def said_whole(
    runtime: Runtime, folder: Path, rate: int, text: str = TEXT, seed: int = 0
) -> tuple[dict[str, Any], Any]:
    """Say a text; all its words are told, and its sounds follow each other from the beginning on."""
    value, samples = say(runtime, folder, text, seed)
    assert value["rate"] == rate
    assert value["seconds"] == pytest.approx(len(samples) / rate)
    assert [word["text"] for word in value["words"]] == text.split()
    spans = [(one["start"], one["end"]) for one in value["phonemes"]]
    assert spans[0][0] == 0
    assert all(before[1] == pytest.approx(after[0]) for before, after in pairwise(spans))
    return value, samples


def test_a_voice_speaks_and_says_when_each_sound_is_heard(models: Path, tmp_path: Path) -> None:
    model = load(voice_card(models, "vits"))
    value, _ = said_whole(model, tmp_path, 22050)
    assert value["phonemes"][-1]["end"] == pytest.approx(value["seconds"], abs=1e-3)
    assert {"t", "aɪ"} <= {one["p"] for one in value["phonemes"]}


def test_equal_seeds_speak_equally_and_others_do_not(models: Path, tmp_path: Path) -> None:
    model = load(voice_card(models, "vits"))
    one, again, other = (say(model, tmp_path / str(at), seed=seed)[1] for at, seed in enumerate((3, 3, 4)))
    np.testing.assert_array_equal(one, again)
    assert len(one) != len(other) or not np.array_equal(one, other)


def test_speed_is_a_knob(models: Path, tmp_path: Path) -> None:
    model = load(voice_card(models, "vits"))
    slow, fast = (say(model, tmp_path / str(speed), speed=speed)[0]["seconds"] for speed in (0.5, 2.0))
    assert slow > 1.3 * fast


def test_speakers_are_told_by_number(models: Path, tmp_path: Path) -> None:
    model = load(voice_card(models, "two", speakers=2, second="1"))
    one, two = (say(model, tmp_path / role, voice=role)[1] for role in ("female-1", "female-2"))
    assert len(one) != len(two) or not np.array_equal(one, two)
    with pytest.raises(InputError, match="has 2 speakers, and none is '2'"):
        load(voice_card(models, "two", second="2"))


def test_it_stops_between_sentences(models: Path, tmp_path: Path) -> None:
    def stop(_: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        say(load(voice_card(models, "vits")), tmp_path, on_progress=stop)


def test_folders_that_hold_no_voice_are_refused(models: Path) -> None:
    one = voice_card(models, "mute")
    folder = models / "tiny" / "mute"
    (folder / "model.pth").write_bytes(b"no tensors")
    with pytest.raises(InputError, match="cannot be read"):
        load(one)
    (folder / "model.pth").unlink()
    with pytest.raises(InputError, match=r"needs one \.pth file"):
        load(one)
    (folder / "config.json").unlink()
    with pytest.raises(InputError, match=r"no config\.json of a VITS"):
        load(one)
