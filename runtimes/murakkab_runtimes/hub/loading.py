"""Loading models of Hugging Face transformers as the settings of a card say."""

from __future__ import annotations

from typing import Any

from murakkab_runtimes.base import InputError, Unavailable
from murakkab_runtimes.hub.compiling import compile_module
from murakkab_runtimes.hub.device import pick_dtype
from murakkab_runtimes.hub.settings import Settings
from murakkab_runtimes.hub.torchaudio import without_compiled_torchaudio


def library() -> Any:  # noqa: ANN401 - a module
    """The package transformers, without progress bars.

    Raises:
        Unavailable: it is missing.
    """
    try:
        without_compiled_torchaudio()
        import transformers
        from transformers.utils import logging
    except ImportError as fault:
        raise Unavailable(f"transformers cannot be loaded ({fault}); run: pip install 'murakkab[torch]'") from None
    logging.disable_progress_bar()
    return transformers


def arguments(settings: Settings, device: Any) -> dict[str, Any]:  # noqa: ANN401 - a torch device
    """Settings as ``from_pretrained`` of a model takes them.

    Raises:
        InputError: the parts of such a model cannot be off-loaded in this way.
    """
    if settings.offload not in ("none", "model"):
        raise InputError(
            f"offload '{settings.offload}' is for pictures and films; take 'model': what has no room on the "
            "accelerator stays in the machine's memory"
        )
    found: dict[str, Any] = {"dtype": pick_dtype(settings.dtype, device), "local_files_only": True}
    if settings.attention != "auto":
        found["attn_implementation"] = {"flash": "flash_attention_2"}.get(settings.attention, settings.attention)
    if settings.quantization == "int8":
        found["quantization_config"] = _eight_bits()
    elif settings.quantization == "nf4":
        found["quantization_config"] = _four_bits(found["dtype"])
    if settings.offload != "none":
        found["device_map"] = "auto"
    return found


def placed(model: Any, settings: Settings, device: Any) -> Any:  # noqa: ANN401 - a module of torch
    """The model on its device, ready to be asked."""
    if settings.offload == "none":
        model.to(device)
    model.eval()
    if settings.compile:
        compile_module(model, type(model).__name__)
    return model


def _eight_bits() -> Any:  # noqa: ANN401 - a class without types
    from torchao.quantization import Int8WeightOnlyConfig
    from transformers import TorchAoConfig

    return TorchAoConfig(Int8WeightOnlyConfig())


def _four_bits(dtype: Any) -> Any:  # noqa: ANN401 - classes without types
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype)
