"""Random weights drawn on the device, in the place of files: how long a model takes does not depend on their values.

While ``drawn_on`` lasts, ``from_pretrained`` of a model reads the settings in its folder, and its weights are drawn in
their number format on the device. All else of the libraries and of Murakkab's adapters is what runs with real weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from murakkab_runtimes.hub.torchaudio import without_compiled_torchaudio

SPREAD = 0.02
"""Standard deviation of drawn weights; small enough for every number format to hold what is computed."""


@contextmanager
def drawn_on(device: Any) -> Iterator[None]:  # noqa: ANN401 - a torch device
    """Draw the weights of diffusers' and transformers' models on the device instead of reading them."""
    import diffusers
    import transformers

    without_compiled_torchaudio()

    def picture_part(made: Any, folder: Any, **wishes: Any) -> Any:  # noqa: ANN401
        return drawn(lambda: made.from_config(made.load_config(folder)), _dtype(wishes), device)

    def text_part(made: Any, folder: Any, **wishes: Any) -> Any:  # noqa: ANN401
        config = wishes.get("config") or made.config_class.from_pretrained(folder)
        return drawn(lambda: made(config), _dtype(wishes), device)

    with ExitStack() as stack:
        for base, function in ((diffusers.ModelMixin, picture_part), (transformers.PreTrainedModel, text_part)):
            stack.enter_context(mock.patch.object(base, "from_pretrained", classmethod(function)))
        yield


def drawn(make: Any, dtype: Any, device: Any) -> Any:  # noqa: ANN401 - a model of torch
    """The model that ``make`` gives, made without weights, with random ones on the device."""
    import torch
    from accelerate import init_empty_weights

    with init_empty_weights(include_buffers=False):
        model = make()
    exact = set(getattr(model, "_keep_in_fp32_modules_strict", None) or [])
    if not hasattr(model, "_keep_in_fp32_modules_strict"):  # diffusers: whatever the format
        exact |= set(getattr(model, "_keep_in_fp32_modules", None) or [])
    torch.manual_seed(0)
    known: dict[int, Any] = {}
    for path, module in model.named_modules():
        for name, weight in module._parameters.items():
            if weight is not None:
                kind = torch.float32 if exact & set(f"{path}.{name}".split(".")) else dtype
                module._parameters[name] = known.setdefault(id(weight), _weight(weight, name, module, kind, device))
    if hasattr(model, "tie_weights"):
        model.tie_weights()
    return model.to(device).eval()


def weight_mb(model: Any) -> float:  # noqa: ANN401 - a module of torch
    """MiB of the weights."""
    return float(sum(weight.nbytes for weight in model.parameters()) / 2**20)


def exists(folder: Path) -> bool:
    """Whether the settings of a checkpoint were written."""
    return (folder / "model_index.json").exists() or (folder / "config.json").exists()


def _weight(weight: Any, name: str, module: Any, dtype: Any, device: Any) -> Any:  # noqa: ANN401
    """As at the beginning of a training: norms do nothing, biases are 0, all else is small noise."""
    import torch

    values = torch.empty(weight.shape, dtype=dtype, device=device)
    if name == "bias":
        values.zero_()
    elif "Norm" in type(module).__name__:
        values.fill_(1.0)
    else:
        values.normal_(0.0, SPREAD)
    return torch.nn.Parameter(values, requires_grad=False)


def _dtype(wishes: dict[str, Any]) -> Any:  # noqa: ANN401 - a torch dtype
    import torch

    return wishes.get("dtype") or wishes.get("torch_dtype") or torch.float32
