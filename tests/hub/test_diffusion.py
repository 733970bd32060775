"""Pictures and films by diffusers, and pipelines run in three parts: tiny ones, loaded as large ones are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import Cancelled, InputError, OutOfMemory, Output, Runtime, Task
from murakkab_runtimes.hub.diffusion import read_picture
from murakkab_runtimes.media.video import decode_clip
from tests.hub.tiny import SECTION, STEPS, WORDS, card, do, load, png

torch = pytest.importorskip("torch", reason="comes with the extra 'torch'")
pytest.importorskip("diffusers", reason="comes with the extra 'diffusers'")

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # schedulers of diffusers

QWEN = {
    "arguments": {"guidance": "true_cfg_scale"},
    "constants": {"negative_prompt": " ", "max_sequence_length": 16},
    "multiple": 16,
}
FILM = {"multiple": 32, "frames": {"every": 8, "most": 9}, "fps": 8, "constants": {"max_sequence_length": 16}}


def test_a_section_becomes_a_picture_of_the_asked_size(pipelines: Path, tmp_path: Path) -> None:
    model = load(card("sdxl", "text-to-image", STEPS))
    value = do(model, tmp_path, section=SECTION, width=36, height=30)
    assert png(value["image"]).shape == (30, 36, 3)
    assert value["drawn"] is False
    assert set(value["palette"]) == {"background", "surface", "accent", "accent2", "ink", "muted"}
    again = do(load(card("sdxl", "text-to-image", STEPS)), tmp_path, section=SECTION, width=36, height=30)
    assert Path(again["image"]).read_bytes() == Path(value["image"]).read_bytes()
    other = do(model, tmp_path, seed=1, section=SECTION, width=36, height=30)
    assert Path(other["image"]).read_bytes() != Path(value["image"]).read_bytes()


def test_a_picture_becomes_another_one_by_the_class_that_the_card_names(pipelines: Path, tmp_path: Path) -> None:
    begin = do(load(card("flux", "text-to-image", STEPS)), tmp_path, section=SECTION, width=32, height=32)["image"]
    pipeline = {"pipeline": "FluxImg2ImgPipeline"}
    faint = load(card("flux", "image-to-image", {**STEPS, "steps": 4, "strength": 0.25}, **pipeline))
    value = do(faint, tmp_path, image=begin, prompt=WORDS)
    assert png(value["image"]).shape == (32, 32, 3)
    assert not np.array_equal(png(value["image"]), png(begin))
    with pytest.raises(InputError, match="prompt is empty"):
        do(faint, tmp_path, image=begin, prompt=" ")
    with pytest.raises(InputError, match="cannot be read"):
        do(faint, tmp_path, image=__file__, prompt=WORDS)


def times_rested(runtime: Runtime) -> list[str]:
    """Grows each time that what is off-loaded leaves the device."""
    seen: list[str] = []
    runtime._model.pipe.maybe_free_model_hooks = lambda: seen.append("rested")  # type: ignore[attr-defined]
    return seen


def test_what_is_off_loaded_leaves_the_device_however_a_task_ends(pipelines: Path, tmp_path: Path) -> None:
    def stop(_done: float) -> None:
        raise Cancelled

    model = load(card("sdxl", "text-to-image", STEPS))
    rested = times_rested(model)
    with pytest.raises(Cancelled):
        model.run(Task({"section": SECTION, "width": 32, "height": 32}, tmp_path, on_progress=stop))
    assert rested
    made: dict[str, Any] = {"prompt": WORDS, "width": 32, "height": 32}
    for capability in ("text-encoding", "latent-denoising", "latent-decoding"):
        part = load(card("sdxl", capability, STEPS))
        rested = times_rested(part)
        made |= do(part, tmp_path, **made)
        assert rested


def test_a_film_longer_than_the_model_can_make_goes_on_from_its_last_frame(pipelines: Path, tmp_path: Path) -> None:
    begin = do(load(card("sdxl", "text-to-image", STEPS)), tmp_path, section=SECTION, width=32, height=32)["image"]
    model = load(card("ltx", "image-text-to-video", STEPS, pipeline="LTXImageToVideoPipeline", **FILM))
    seen: list[float] = []
    scratch = tmp_path / "film"
    scratch.mkdir()
    asked = {"image": begin, "prompt": WORDS, "seconds": 1.5, "fps": 8, "width": 64, "height": 32}
    value = model.run(Task(asked, scratch, on_progress=seen.append))
    assert isinstance(value, Output)
    assert value.meta["seconds"] == 1.5
    frames = list(decode_clip(value.value["video"]))
    assert len(frames) == value.value["frames"] == 12
    assert frames[0].shape == (32, 64, 3)
    assert seen == sorted(seen)
    assert len({*seen} - {0.0}) == 4
    assert seen[-1] == pytest.approx(1.0)


def test_a_card_that_does_not_say_how_many_frames_can_be_made_is_told(pipelines: Path, tmp_path: Path) -> None:
    begin = do(load(card("sdxl", "text-to-image", STEPS)), tmp_path, section=SECTION, width=32, height=32)["image"]
    options = {name: value for name, value in FILM.items() if name != "frames"}
    model = load(card("ltx", "image-text-to-video", STEPS, pipeline="LTXImageToVideoPipeline", **options))
    asked = {"image": begin, "prompt": WORDS, "seconds": 1.25, "fps": 8, "width": 32, "height": 32}
    with pytest.raises(InputError, match="no further frame behind 9 of 10; its card needs the option 'frames'"):
        do(model, tmp_path, **asked)


def test_no_steps_give_the_still_picture(pipelines: Path, tmp_path: Path) -> None:
    begin = do(load(card("sdxl", "text-to-image", STEPS)), tmp_path, section=SECTION, width=32, height=32)["image"]
    options = {"pipeline": "LTXImageToVideoPipeline", **FILM}
    model = load(card("ltx", "image-text-to-video", {"steps": 0}, **options))
    value = do(model, tmp_path, image=begin, prompt=WORDS, seconds=0.5)
    frames = list(decode_clip(value["video"]))
    assert len(frames) == 4
    assert np.abs(frames[0].astype(int) - frames[-1]).max() <= 8


@pytest.mark.parametrize(
    ("name", "guidance", "options"),
    [
        ("sdxl", 4.0, {}),
        ("flux", 3.5, {}),
        ("qwen", 4.0, QWEN),
        ("ltx", 3.0, FILM),
        ("wan", 3.0, FILM | {"frames": {"every": 4}}),
    ],
)
def test_a_pipeline_in_three_parts_gives_what_it_gives_whole(
    pipelines: Path, tmp_path: Path, name: str, guidance: float, options: dict[str, Any]
) -> None:
    knobs = {"steps": 2, "guidance": guidance}
    films = "frames" in options
    size = {"width": 32, "height": 32} | ({"seconds": 1, "fps": 8} if films else {})
    encoder = load(card(name, "text-encoding", {"guidance": guidance}, **options))
    code = do(encoder, tmp_path, prompt=WORDS)
    denoiser = load(card(name, "latent-denoising", {"steps": 2}, **options))
    latents = do(denoiser, tmp_path, seed=5, embeddings=code["embeddings"], **size)
    decoder = load(card(name, "latent-decoding", {}, **options))
    parts = do(decoder, tmp_path, latents=latents["latents"])
    whole = made_whole(card(name, "text-to-image", knobs, **options), size, tmp_path)
    if films:
        assert parts["frames"] == 8
        film = np.stack(list(decode_clip(parts["video"])))
        assert film.shape == (8, 32, 32, 3)
    key = "video" if films else "image"
    assert Path(parts[key]).read_bytes() == Path(whole).read_bytes()
    assert weight_mb(denoiser) < weight_mb(load(card(name, "text-to-image", knobs, **options)))


def test_a_film_that_begins_with_a_picture_is_made_in_parts_with_the_encoders_of_a_class_that_does_not(
    pipelines: Path, tmp_path: Path
) -> None:
    options = {"frames": {"every": 4}, "fps": 8, "constants": {"max_sequence_length": 16}}
    size = {"width": 32, "height": 32, "seconds": 1, "fps": 8}
    begin = do(load(card("sdxl", "text-to-image", STEPS)), tmp_path, section=SECTION, width=32, height=32)["image"]
    with pytest.raises(InputError, match="WanImageToVideoPipeline begins with a picture, so its text cannot"):
        load(card("wan22", "text-encoding", {}, **options))
    encoder = load(card("wan22", "text-encoding", {"guidance": 3.0}, pipeline="WanPipeline", **options))
    code = do(encoder, tmp_path, prompt=WORDS)["embeddings"]
    denoiser = load(card("wan22", "latent-denoising", {"steps": 2}, **options))
    with pytest.raises(InputError, match="WanImageToVideoPipeline begins with a picture; give the node 'image'"):
        do(denoiser, tmp_path, embeddings=code, **size)
    latents = do(denoiser, tmp_path, seed=5, embeddings=code, image=begin, **size)["latents"]
    parts = do(load(card("wan22", "latent-decoding", {}, **options)), tmp_path, latents=latents)["video"]
    whole = card("wan22", "image-text-to-video", {"steps": 2, "guidance": 3.0}, **options)
    assert parts.read_bytes() == made_whole(whole, size, tmp_path, image=read_picture(begin, (32, 32))).read_bytes()


def made_whole(one: ModelCard, size: dict[str, Any], folder: Path, **more: Any) -> Path:
    """The picture or film of one call of the library."""
    from murakkab_runtimes.hub.diffusion import Diffusion, pictures
    from murakkab_runtimes.image.diffusion import save_picture
    from murakkab_runtimes.video.diffusion import save_film

    asked = {"prompt": WORDS, "width": 32, "height": 32, **more}
    asked |= {"frames": 9, "fps": 8} if "seconds" in size else {}
    seen = pictures(Diffusion(one, 1).call(Task({}, folder, seed=5), asked))
    where = folder / "whole"
    where.mkdir()
    return save_film(seen[:8], 8, where, 1) if "seconds" in size else save_picture(seen[0], where)


def weight_mb(runtime: Runtime) -> float:
    parts = runtime._model.pipe.components.values()
    return sum(w.nbytes for part in parts if isinstance(part, torch.nn.Module) for w in part.parameters())


def test_what_the_pipeline_does_not_take_is_refused_as_it_is_loaded(pipelines: Path) -> None:
    with pytest.raises(InputError, match="takes no strength"):
        load(card("sdxl", "text-to-image", {"strength": 0.5}))
    with pytest.raises(InputError, match="no pipeline called Nope"):
        load(card("sdxl", "text-to-image", {}, pipeline="Nope"))
    with pytest.raises(InputError, match="'offload' needs an accelerator"):
        load(card("sdxl", "text-to-image", {"offload": "model"}))


def test_number_format_attention_and_tiling_are_knobs(pipelines: Path, tmp_path: Path) -> None:
    asked = {"dtype": "bfloat16", "attention": "eager", "tiling": True}
    usual, other = (load(card("flux", "text-to-image", {**STEPS, **knobs})) for knobs in ({}, asked))
    assert loaded_as(usual) == (torch.float32, {None}, False)
    assert loaded_as(other) == (torch.bfloat16, {"_native_math"}, True)
    assert png(do(other, tmp_path, section=SECTION, width=32, height=32)["image"]).shape == (32, 32, 3)


def loaded_as(runtime: Runtime) -> tuple[Any, set[str | None], bool]:
    """Number format of a denoiser, its backends of attention, and whether its autoencoder works tile by tile."""
    pipe = runtime._model.pipe  # type: ignore[attr-defined]
    backends = {processor._attention_backend for processor in pipe.transformer.attn_processors.values()}
    return next(pipe.transformer.parameters()).dtype, backends, pipe.vae.use_tiling


def test_a_pipeline_that_works_piece_by_piece_is_run_whole_and_not_in_parts(pipelines: Path, tmp_path: Path) -> None:
    begin = do(load(card("sdxl", "text-to-image", STEPS)), tmp_path, section=SECTION, width=32, height=32)["image"]
    template = {"prompt_template": {"template": "{}", "crop_start": 0}, "max_sequence_length": 16}
    options = {"multiple": 16, "frames": {"every": 4}, "fps": 8, "constants": {**template, "latent_window_size": 2}}
    whole = load(card("framepack", "image-text-to-video", STEPS, **options))
    value = do(whole, tmp_path, image=begin, prompt=WORDS, seconds=1.5)
    assert (value["frames"], value["fps"]) == (12, 8)
    with pytest.raises(InputError, match="begins with a picture"):
        load(card("framepack", "text-encoding", {}, **options))


def test_latents_of_a_piece_of_a_film_are_refused(pipelines: Path, tmp_path: Path) -> None:
    from murakkab_runtimes.hub import tensors

    code = do(load(card("sdxl", "text-encoding", {})), tmp_path, prompt=WORDS)["embeddings"]
    made = do(load(card("sdxl", "latent-denoising", STEPS)), tmp_path, embeddings=code, width=32, height=32)
    latents, facts = tensors.load(made["latents"], "cpu")
    tensors.save(latents, {**facts, "made": 9}, tmp_path / "piece")
    with pytest.raises(InputError, match="cannot be run in parts"):
        do(load(card("sdxl", "latent-decoding", {})), tmp_path, latents=tmp_path / "piece")


def test_a_picture_that_does_not_fit_is_told_and_a_smaller_one_is_made(pipelines: Path, tmp_path: Path) -> None:
    model = load(card("sdxl", "text-to-image", STEPS))

    def limit(_module: object, given: tuple[Any, ...]) -> None:
        if given[0].numel() > 4 * 2 * 16 * 16:
            raise torch.OutOfMemoryError("tried to allocate 40 GiB")

    model._model.pipe.unet.register_forward_pre_hook(limit)  # type: ignore[attr-defined]
    with pytest.raises(OutOfMemory, match="sdxl at 64x64 does not fit into the memory of cpu: tried to allocate"):
        do(model, tmp_path, section=SECTION, width=64, height=64)
    assert png(do(model, tmp_path, section=SECTION, width=32, height=32)["image"]).shape == (32, 32, 3)


def test_a_quantized_denoiser_takes_less_and_paints_much_the_same(pipelines: Path, tmp_path: Path) -> None:
    pytest.importorskip("torchao", reason="int8 needs the package torchao")
    whole, small = (load(card("flux", "text-to-image", {**STEPS, "quantization": kind})) for kind in ("none", "int8"))
    seen = [png(do(one, tmp_path, section=SECTION, width=32, height=32)["image"]) for one in (whole, small)]
    assert np.abs(seen[0].astype(int) - seen[1]).mean() < 8
    weight = small._model.pipe.transformer.single_transformer_blocks[0].proj_mlp.weight  # type: ignore[attr-defined]
    assert type(weight).__name__ == "Int8Tensor"


def test_parts_of_different_models_do_not_fit_together(pipelines: Path, tmp_path: Path) -> None:
    code = do(load(card("flux", "text-encoding", {})), tmp_path, prompt=WORDS)
    with pytest.raises(InputError, match="part of tiny/sdxl and cannot go on with what one of tiny/flux made"):
        do(load(card("sdxl", "latent-denoising", {})), tmp_path, embeddings=code["embeddings"], width=32, height=32)
    with pytest.raises(InputError, match="prompt is empty"):
        do(load(card("flux", "text-encoding", {})), tmp_path, prompt="")


def test_latents_that_are_none_are_refused(pipelines: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        do(load(card("sdxl", "latent-decoding", {})), tmp_path, latents=__file__)


def test_a_knob_of_a_task_comes_before_that_of_the_card(pipelines: Path, tmp_path: Path) -> None:
    seen: list[float] = []
    model = load(msgspec.structs.replace(card("sdxl", "text-to-image", {"steps": 4})))
    arguments = {"section": SECTION, "width": 32, "height": 32}
    model.run(Task(arguments, tmp_path, knobs={"steps": 3}, on_progress=seen.append))
    assert len({*seen} - {0.0}) == 3
