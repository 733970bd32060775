"""Weights of hub models are found where a person put them, and never downloaded."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path

import msgspec
import pytest

from murakkab_optimizer.catalog import Component, ModelCard, Weights
from murakkab_runtimes.base import Unavailable, missing_parts, obstacle
from murakkab_runtimes.hub.weights import weights_folder

CARD = ModelCard(
    name="large",
    capability="text-generation",
    adapter="calculator",
    description="A model of a hub.",
    licence="Apache-2.0",
    source="a hub",
    weights=Weights("somebody/large"),
)


@pytest.fixture(autouse=True)
def empty_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MURAKKAB_MODELS", raising=False)
    if importlib.util.find_spec("huggingface_hub") is not None:
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))


def filled(folder: Path, *files: str) -> Path:
    """A folder with files of nothing."""
    for file in files or ("model.safetensors",):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    return folder


def test_a_folder_of_models_is_searched_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "first" / "somebody" / "large").mkdir(parents=True)
    folder = filled(tmp_path / "second" / "somebody" / "large")
    monkeypatch.setenv("MURAKKAB_MODELS", os.pathsep.join([str(tmp_path / "first"), str(tmp_path / "second")]))
    assert weights_folder(CARD) == folder
    assert missing_parts(CARD) == []
    assert obstacle(CARD) == ""


def test_weights_that_are_not_there_are_told_with_the_command_that_gets_them() -> None:
    assert missing_parts(CARD) == ["the weights somebody/large"]
    assert obstacle(CARD) == "run: hf download somebody/large"
    with pytest.raises(Unavailable, match="run: hf download somebody/large"):
        weights_folder(CARD)


def test_a_revision_and_a_licence_belong_to_the_command() -> None:
    card = msgspec.structs.replace(CARD, weights=Weights("somebody/large", revision="v2", gated=True))
    assert obstacle(card) == (
        "run: hf download somebody/large --revision v2 "
        "(first accept its licence at https://huggingface.co/somebody/large and run: hf auth login)"
    )


def test_components_of_other_repositories_belong_to_the_weights(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    eyes = {"eye": Component("other/eyes", gated=True, folder="left"), "brow": Component("other/eyes", gated=True)}
    card = msgspec.structs.replace(CARD, weights=Weights("somebody/large", components=eyes))
    assert missing_parts(card) == ["the weights somebody/large", "the weights other/eyes"]
    assert obstacle(card) == (
        "run: hf download somebody/large --exclude 'eye/*' --exclude 'brow/*' && hf download other/eyes "
        "(first accept its licence at https://huggingface.co/other/eyes and run: hf auth login)"
    )
    monkeypatch.setenv("MURAKKAB_MODELS", str(tmp_path))
    filled(tmp_path / "somebody/large")
    assert missing_parts(card) == ["the weights other/eyes"]
    with pytest.raises(Unavailable, match="run: hf download other/eyes"):
        weights_folder(card)
    filled(tmp_path / "other/eyes")
    assert missing_parts(card) == ["the weights other/eyes"]
    filled(tmp_path / "other/eyes", "left/model.safetensors")
    assert weights_folder(card) == tmp_path / "somebody/large"
    assert missing_parts(card) == []


def test_packages_come_before_weights() -> None:
    card = msgspec.structs.replace(CARD, packages=("no_such_package",), extra="torch")
    assert missing_parts(card) == ["no_such_package"]
    assert "pip install 'murakkab[torch]'" in obstacle(card)


def test_a_card_without_weights_has_no_folder() -> None:
    with pytest.raises(ValueError, match="names no weights"):
        weights_folder(msgspec.structs.replace(CARD, weights=None))


def test_the_cache_of_hugging_face_is_read_at_the_revision_of_the_card(tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub", reason="comes with the extra 'torch'")
    commit = "0" * 40
    repo = tmp_path / "cache" / "models--somebody--large"
    filled(repo / "snapshots" / commit)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text(commit)
    assert weights_folder(CARD) == repo / "snapshots" / commit


@pytest.mark.parametrize(
    ("begun", "rest"),
    [
        (("config.json", "tokenizer.json"), "model.safetensors"),
        (
            ("config.json", "model.safetensors.index.json", "model-00001-of-00002.safetensors"),
            "model-00002-of-00002.safetensors",
        ),
        (("model_index.json", "unet/config.json", "unet/a.safetensors", "vae/config.json"), "vae/a.safetensors"),
        (("model_index.json", "unet/config.json", "unet/a.safetensors"), "vae/a.safetensors"),
    ],
)
def test_weights_that_were_got_in_part_are_not_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, begun: tuple[str, ...], rest: str
) -> None:
    monkeypatch.setenv("MURAKKAB_MODELS", str(tmp_path))
    folder = filled(tmp_path / "somebody" / "large", *begun)
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    parts = {"_class_name": "P", "unet": ["diffusers", "U"], "vae": ["diffusers", "V"], "eye": [None, None]}
    for name, content in (("model.safetensors.index.json", {"weight_map": shards}), ("model_index.json", parts)):
        if name in begun:
            (folder / name).write_text(json.dumps(content))
    assert obstacle(CARD) == "run: hf download somebody/large"
    assert weights_folder(CARD) == folder
    filled(folder, rest)
    assert obstacle(CARD) == ""


def test_a_part_of_a_pipeline_needs_its_own_weights_and_the_settings_of_the_denoiser(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MURAKKAB_MODELS", str(tmp_path))
    weights = Weights("somebody/large", without=("text_encoder", "transformer"))
    decoder = msgspec.structs.replace(CARD, weights=weights)
    unused = "--exclude 'text_encoder/*.safetensors' --exclude 'transformer/*.safetensors'"
    folder = filled(tmp_path / "somebody" / "large", "model_index.json", "vae/config.json")
    libraries = {"text_encoder": "transformers", "transformer": "diffusers", "vae": "diffusers"}
    index = {name: [library, "A"] for name, library in libraries.items()}
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "P", **index}))
    for file in ("vae/a.safetensors", "transformer/config.json"):
        assert obstacle(decoder) == f"run: hf download somebody/large {unused}"
        filled(folder, file)
    assert obstacle(decoder) == ""
    assert obstacle(CARD) == "run: hf download somebody/large"


def test_a_file_that_is_not_at_hugging_face_is_told_by_its_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    weights = Weights("somebody/large", url="https://example.org/v1/large.pth")
    card = msgspec.structs.replace(CARD, weights=weights)
    order = "run: curl --location --create-dirs --output {}/somebody/large/large.pth https://example.org/v1/large.pth"
    assert obstacle(card) == order.format("$MURAKKAB_MODELS")
    monkeypatch.setenv("MURAKKAB_MODELS", str(tmp_path))
    folder = tmp_path / "somebody" / "large"
    folder.mkdir(parents=True)
    assert obstacle(card) == order.format(tmp_path)
    (folder / "large.pth").touch()
    assert weights_folder(card) == folder
    assert obstacle(card) == ""
