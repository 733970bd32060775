"""Shipped cards of diffusers, each with a tiny pipeline of its class in place of the published one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from murakkab_optimizer.catalog import Component, ModelCard, Weights
from murakkab_runtimes.base import InputError, missing_parts
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.media.video import decode_clip
from tests.hub.tiny import SECTION, STEPS, WORDS, card, do, load, png

pytest.importorskip("torch", reason="comes with the extra 'torch'")
pytest.importorskip("diffusers", reason="comes with the extra 'diffusers'")

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # schedulers of diffusers


def shipped(name: str, repo: str, **options: Any) -> ModelCard:
    """A shipped card with a tiny model in place of its own; all else is as it is shipped."""
    one = load_catalog()[name]
    replaced = {"weights": Weights(repo), "knobs": {**one.knobs, "steps": 2}, "options": {**one.options, **options}}
    return msgspec.structs.replace(one, **replaced)


@pytest.mark.parametrize(
    ("name", "repo", "constants"),
    [
        ("wan-2-2-ti2v-5b", "tiny/wan22small", {}),
        ("wan-2-2-i2v-a14b", "tiny/wan22", {}),
        ("hunyuan-video-i2v", "tiny/hunyuan", {"prompt_template": "HUNYUAN_CHAT"}),
    ],
)
def test_a_shipped_card_films_with_a_tiny_model_of_its_class(
    pipelines: Path, tmp_path: Path, name: str, repo: str, constants: dict[str, str]
) -> None:
    begin = do(load(card("sdxl", "text-to-image", STEPS)), tmp_path, section=SECTION, width=32, height=32)["image"]
    from tests.hub import pipelines as tiny

    known = {key: getattr(tiny, name) for key, name in constants.items()} | {"max_sequence_length": 16}
    model = load(shipped(name, repo, constants=known, fps=8))
    value = do(model, tmp_path, image=begin, prompt=WORDS, seconds=0.6, width=32, height=32)
    film = np.stack(list(decode_clip(value["video"])))
    assert film.shape == (5, 32, 32, 3)
    assert film.std() > 0


def test_a_shipped_card_paints_with_a_tiny_model_of_its_class(pipelines: Path, tmp_path: Path) -> None:
    faint, strong = (
        load(msgspec.structs.replace(one, knobs={**one.knobs, "guidance": guidance}))
        for one in (shipped("qwen-image", "tiny/qwen"),)
        for guidance in (1.0, 8.0)
    )
    seen = [png(do(one, tmp_path, section=SECTION, width=32, height=32)["image"]) for one in (faint, strong)]
    assert seen[0].shape == (32, 32, 3)
    assert not np.array_equal(*seen)


@pytest.mark.parametrize(
    ("model", "repo", "size"),
    [("flux-1-schnell", "tiny/flux", {}), ("wan-2-1-1b", "tiny/wan", {"seconds": 0.3})],
)
def test_a_part_runs_on_a_machine_that_has_the_weights_of_no_other_one(
    pipelines: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, repo: str, size: dict[str, float]
) -> None:
    made: dict[str, Any] = {"prompt": WORDS, "width": 32, "height": 32, **size}
    for part in ("encoder", "denoiser", "decoder"):
        weights = load_catalog()[f"{model}-{part}"].weights
        assert weights is not None
        machine = tmp_path / part
        shutil.copytree(pipelines / repo, machine / repo)
        absent = [file for name in weights.without for file in (machine / repo / name).glob("*.safetensors")]
        assert len(absent) == len(weights.without)
        for file in absent:
            file.unlink()
        monkeypatch.setenv("MURAKKAB_MODELS", str(machine))
        one = shipped(f"{model}-{part}", repo, constants={"max_sequence_length": 16})
        one = msgspec.structs.replace(one, weights=Weights(repo, without=weights.without))
        assert missing_parts(one) == []
        made |= do(load(one), tmp_path, **made)
    assert {"video", "image"} & made.keys()


def test_a_published_card_is_loaded_as_its_knobs_say(pipelines: Path, tmp_path: Path) -> None:
    pytest.importorskip("torchao", reason="comes with the extra 'gpu'")
    places = {
        "transformer": Component("scattered/pack"),
        "image_encoder": Component("scattered/seen", folder="eye"),
        "feature_extractor": Component("scattered/seen", folder="look"),
    }
    weights = Weights("scattered/rest", components=places)
    asked = {"dtype": "bfloat16", "quantization": "int8", "attention": "eager", "tiling": True}
    seen = []
    for knobs in ({}, asked):
        one = msgspec.structs.replace(shipped("framepack", "scattered/rest"), weights=weights)
        pipe = load(msgspec.structs.replace(one, knobs={**one.knobs, **knobs}))._model.pipe  # type: ignore[attr-defined]
        block = pipe.transformer.transformer_blocks[0]
        backend = block.attn.processor._attention_backend
        kinds = type(block.attn.to_q.weight).__name__, pipe.transformer.dtype
        seen.append((*kinds, backend and backend.value, pipe.vae.use_tiling))
    assert [str(fact) for fact in seen[0]] == ["Parameter", "torch.float32", "None", "False"]
    assert [str(fact) for fact in seen[1]] == ["Int8Tensor", "torch.bfloat16", "_native_math", "True"]


def test_a_pipeline_is_put_together_of_several_repositories(pipelines: Path, tmp_path: Path) -> None:
    begin = do(load(card("sdxl", "text-to-image", STEPS)), tmp_path, section=SECTION, width=32, height=32)["image"]
    template = {"prompt_template": {"template": "{}", "crop_start": 0}, "max_sequence_length": 16}
    options = {"constants": {**template, "latent_window_size": 2, "guidance_scale": 4.0}, "fps": 8}
    places = {
        "transformer": Component("scattered/pack"),
        "image_encoder": Component("scattered/seen", folder="eye"),
        "feature_extractor": Component("scattered/seen", folder="look"),
    }
    one = shipped("framepack", "scattered/rest", **options)
    scattered = msgspec.structs.replace(one, weights=Weights("scattered/rest", components=places))
    together = shipped("framepack", "tiny/framepack", **options)
    films = [
        do(load(each), tmp_path, image=begin, prompt=WORDS, seconds=0.5)["video"] for each in (scattered, together)
    ]
    assert films[0].read_bytes() == films[1].read_bytes()
    wrong = msgspec.structs.replace(one, weights=Weights("scattered/rest", components={"ears": Component("tiny/flux")}))
    with pytest.raises(InputError, match="has no component called ears"):
        load(wrong)
