"""Loading a diffusers pipeline, whole or a part: text encoders, denoiser or decoder.

The parts of a pipeline that a node does not run are left out, or stand there without their weights, so that the
library's own code runs up to where the next part takes over and what is made in parts equals what is made in one.
"""

from __future__ import annotations

import json
from collections.abc import Container
from pathlib import Path
from typing import Any, get_type_hints

from murakkab_optimizer.catalog import Component, ModelCard
from murakkab_runtimes.base import InputError, Unavailable
from murakkab_runtimes.hub.compiling import compile_module
from murakkab_runtimes.hub.device import pick_dtype
from murakkab_runtimes.hub.ranks import spread
from murakkab_runtimes.hub.settings import Settings, check_device
from murakkab_runtimes.hub.torchaudio import without_compiled_torchaudio
from murakkab_runtimes.hub.weights import folder_of, weights_folder

WHOLE, ENCODER, DENOISER, DECODER = "whole", "text encoders", "denoiser", "decoder"

HEAVY = ("unet", "transformer")
"""How the names of denoisers begin."""

_TEXT = ("text_encoder", "tokenizer")
_IMAGE = ("image_encoder",)
_VAE = "vae"


def load(card: ModelCard, settings: Settings, device: Any, part: str = WHOLE) -> Any:  # noqa: ANN401 - a pipeline
    """The pipeline of a card, with what ``part`` needs of it, on the device.

    Raises:
        Unavailable: diffusers or the weights are missing.
        InputError: the card names no class of diffusers, or a knob cannot be had on this device.
    """
    check_device(settings, device, card.name)
    diffusers = _library()
    folder = weights_folder(card)
    index = json.loads((folder / "model_index.json").read_text("utf-8"))
    made = _class(diffusers, str(card.options.get("pipeline", index["_class_name"])), card)
    dtypes = _dtypes(card, settings, device)
    left_out = _left_out(diffusers, folder, index, part, pick_dtype(settings.dtype, device))
    pipe = made.from_pretrained(
        folder,
        local_files_only=True,
        dtype=dtypes,
        **_from_elsewhere(made, card, settings, dtypes, left_out),
        **left_out,
        **_quantized(settings, index, dtypes),
        **card.options.get("load", {}),
    )
    pipe.set_progress_bar_config(disable=True)
    if part == DENOISER and not takes_pictures(made):
        hollow(pipe.vae)
    _place(pipe, settings, device, card)
    return pipe


def takes_pictures(pipeline: Any) -> bool:  # noqa: ANN401 - a class of diffusers
    """Whether a class begins with a picture, so that its denoiser needs the autoencoder, too."""
    import inspect

    return "image" in inspect.signature(pipeline.__call__).parameters


def hollow(module: Any, dtype: Any = None) -> Any:  # noqa: ANN401 - a module and a dtype of torch
    """Take the weights out of a module, and leave its settings, number format and constants."""
    import torch

    for each in module.modules():
        for name, weight in each._parameters.items():
            if weight is not None:
                empty = torch.empty(0, dtype=dtype or weight.dtype)
                each._parameters[name] = torch.nn.Parameter(empty, requires_grad=False)
    return module


def _library() -> Any:  # noqa: ANN401 - a module
    try:
        without_compiled_torchaudio()
        import diffusers
        import transformers.utils.logging as transformers_logging
    except ImportError as fault:
        raise Unavailable(f"diffusers cannot be loaded ({fault}); run: pip install 'murakkab[diffusers]'") from None
    diffusers.utils.logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
    return diffusers


def _class(diffusers: Any, name: str, card: ModelCard) -> Any:  # noqa: ANN401
    found = getattr(diffusers, name, None)
    if not (isinstance(found, type) and issubclass(found, diffusers.DiffusionPipeline)):
        raise InputError(f"{card.name}: diffusers {diffusers.__version__} has no pipeline called {name}")
    return found


def _dtypes(card: ModelCard, settings: Settings, device: Any) -> dict[str, Any]:  # noqa: ANN401
    """The number format of parts that always have the same, by name, and ``default``, that of all others."""
    own = {name: pick_dtype(str(kind), device) for name, kind in card.options.get("dtypes", {}).items()}
    return {**own, "default": pick_dtype(settings.dtype, device)}


def _from_elsewhere(
    pipeline: type[Any], card: ModelCard, settings: Settings, dtypes: dict[str, Any], left_out: Container[str]
) -> dict[str, Any]:
    """The components that other repositories hold, each of the class that the pipeline says."""
    places = card.weights.components if card.weights else {}
    kinds = get_type_hints(pipeline.__init__) if places else {}
    if unknown := sorted(places.keys() - kinds.keys()):
        raise InputError(f"{card.name}: {pipeline.__name__} has no component called {', '.join(unknown)}")
    wanted = [name for name in places if name not in left_out]
    return {name: _component(kinds[name], places[name], name, settings, dtypes) for name in wanted}


def _component(kind: Any, place: Component, name: str, settings: Settings, dtypes: dict[str, Any]) -> Any:  # noqa: ANN401
    import torch

    arguments: dict[str, Any] = {"local_files_only": True}
    if issubclass(kind, torch.nn.Module):
        arguments["dtype"] = dtypes.get(name, dtypes["default"])
    if name.startswith(HEAVY) and settings.quantization != "none":
        arguments["quantization_config"] = _how(settings, arguments["dtype"])
    return kind.from_pretrained(folder_of(place) / place.folder, **arguments)


def _left_out(diffusers: Any, folder: Path, index: dict[str, Any], part: str, dtype: Any) -> dict[str, Any]:  # noqa: ANN401
    """What is loaded in place of the components that ``part`` does not run."""
    present = [name for name, kind in index.items() if isinstance(kind, list) and kind[0] is not None]
    text = [name for name in present if name.startswith(_TEXT)]
    heavy = [name for name in present if name.startswith(HEAVY)]
    image = [name for name in present if name.startswith(_IMAGE)]
    if part == ENCODER:
        return dict.fromkeys(image) | {name: _ghost(diffusers, folder, index, name, dtype) for name in [*heavy, _VAE]}
    if part == DENOISER:
        return dict.fromkeys(text)
    if part == DECODER:
        return dict.fromkeys([*text, *image]) | {name: _ghost(diffusers, folder, index, name, dtype) for name in heavy}
    return {}


def _ghost(diffusers: Any, folder: Path, index: dict[str, Any], name: str, dtype: Any) -> Any:  # noqa: ANN401
    """A component with its settings and without its weights, which are never read."""
    from accelerate import init_empty_weights

    made = getattr(diffusers, index[name][1])
    with init_empty_weights(include_buffers=False):
        ghost = made.from_config(made.load_config(folder / name))
    return hollow(ghost, dtype)


def _quantized(settings: Settings, index: dict[str, Any], dtypes: dict[str, Any]) -> dict[str, Any]:
    """The denoiser is quantized: it is the largest part, and the one that loses least."""
    if settings.quantization == "none":
        return {}
    from diffusers import PipelineQuantizationConfig

    heavy = {n: _how(settings, dtypes.get(n, dtypes["default"])) for n in index if n.startswith(HEAVY)}
    return {"quantization_config": PipelineQuantizationConfig(quant_mapping=heavy)}


def _how(settings: Settings, dtype: Any) -> Any:  # noqa: ANN401
    return _int8() if settings.quantization == "int8" else _nf4(dtype)


def _int8() -> Any:  # noqa: ANN401
    from diffusers import TorchAoConfig
    from torchao.quantization import Int8WeightOnlyConfig

    return TorchAoConfig(Int8WeightOnlyConfig())


def _nf4(dtype: Any) -> Any:  # noqa: ANN401
    from diffusers import BitsAndBytesConfig

    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype)


def _place(pipe: Any, settings: Settings, device: Any, card: ModelCard) -> None:  # noqa: ANN401
    """Put a pipeline on its device as the settings say."""
    heavy = [part for name, part in pipe.components.items() if name.startswith(HEAVY) and part is not None]
    if card.knobs.get("tiling") and pipe.vae is not None:
        pipe.vae.enable_tiling()
    if settings.attention != "auto":
        backend = {"sdpa": "native", "eager": "_native_math", "flash": "flash"}[settings.attention]
        for part in heavy:
            part.set_attention_backend(backend)
    if settings.context_parallel > 1:
        for part in heavy:
            spread(part, settings.attention, card.name)
    _offload(pipe, settings.offload, device)
    if settings.compile:
        for part in heavy:
            compile_module(part, card.name)


def _offload(pipe: Any, how: str, device: Any) -> None:  # noqa: ANN401
    if how == "model":
        pipe.enable_model_cpu_offload(device=device)
    elif how == "sequential":
        pipe.enable_sequential_cpu_offload(device=device)
    elif how == "group":
        pipe.enable_group_offload(onload_device=device, offload_type="leaf_level")
    else:
        pipe.to(device)
