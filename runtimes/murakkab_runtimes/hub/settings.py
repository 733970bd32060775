"""Knobs that all hub models share: how a model is made to fit its device."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from murakkab_optimizer.profiles.conditions import SPREAD
from murakkab_runtimes.base import InputError, Unavailable
from murakkab_runtimes.hub.device import DTYPES

if TYPE_CHECKING:
    import torch

CHOICES: dict[str, tuple[str, ...]] = {
    "dtype": DTYPES,
    "quantization": ("none", "int8", "nf4"),
    "offload": ("none", "model", "sequential", "group"),
    "attention": ("auto", "sdpa", "eager", "flash"),
}
LOADED_WITH = (*CHOICES, "compile", "tiling")
"""Knobs that hold from the loading of a model on: these settings, and ``tiling`` of a pipeline of diffusers."""

SPREAD_WITH = (*LOADED_WITH, SPREAD)
"""Those of adapters that run the denoiser of a pipeline, whose tasks may be spread over several accelerators."""

_PACKAGES = {"int8": "torchao", "nf4": "bitsandbytes", "flash": "flash_attn"}
"""What a choice needs beyond torch."""


@dataclass(frozen=True)
class Settings:
    """How a model is loaded.

    Attributes:
        dtype: number format; ``auto`` is what the device computes natively.
        quantization: of the weights.
        offload: parts that wait in the machine's memory until they are needed: whole sub-models, groups of layers, or
            every layer (slowest, needs least).
        attention: the backend of the attention layers.
        compile: let torch compile the heaviest part: slow first task, faster ones after it.
        context_parallel: accelerators over which the sequence of each task is spread (Ulysses, arXiv 2309.14509).
    """

    dtype: str = "auto"
    quantization: str = "none"
    offload: str = "none"
    attention: str = "auto"
    compile: bool = False
    context_parallel: int = 1


def read_settings(knobs: Mapping[str, Any]) -> Settings:
    """The settings among a configuration's knobs.

    Raises:
        InputError: a value is not one that the setting may have.
        Unavailable: a value needs a package that is missing.
    """
    given = {field.name: knobs[field.name] for field in fields(Settings) if field.name in knobs}
    for name, choices in CHOICES.items():
        _check(name, given.get(name, choices[0]), choices)
    if not isinstance(given.get("compile", False), bool):
        raise InputError(f"compile is {given['compile']!r}; give true or false")
    spread = given.get(SPREAD, 1)
    if not isinstance(spread, int) or isinstance(spread, bool) or spread < 1:
        raise InputError(f"{SPREAD} is {spread!r}; give a number of accelerators, 1 or more")
    return Settings(**given)


def check_device(settings: Settings, device: torch.device, name: str) -> None:
    """Refuse what a device cannot do.

    Args:
        settings: that are asked for.
        device: where the model is to be.
        name: of the model.

    Raises:
        InputError: a setting needs another device.
    """
    if device.type == "cpu" and settings.offload != "none":
        raise InputError(f"{name}: 'offload' needs an accelerator; on a processor leave it 'none'")
    if settings.offload != "none" and settings.context_parallel > 1:
        raise InputError(f"{name}: 'offload' and {SPREAD} do not go together; leave one of them out")
    if device.type != "cuda":
        for knob, value, instead in (("attention", "flash", "auto"), ("quantization", "nf4", "int8")):
            if getattr(settings, knob) == value:
                raise InputError(f"{name}: {knob} '{value}' needs an accelerator of CUDA; take '{instead}' here")


def _check(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InputError(f"{name} is {value!r}; give one of {', '.join(choices)}")
    package = _PACKAGES.get(str(value))
    if package and importlib.util.find_spec(package) is None:
        raise Unavailable(f"{name} '{value}' needs a package: pip install {package.replace('_', '-')}")
