"""torch as the extra ``coqui`` leaves it: with a torchaudio that cannot be loaded on a torch without CUDA."""

from __future__ import annotations


def make_loadable() -> None:
    """Let transformers and diffusers, which import torchaudio where it is installed, be imported."""
    import importlib.util

    import torch

    if torch.version.cuda is None and importlib.util.find_spec("torchaudio"):
        from murakkab_runtimes.speech.coqui import _without_compiled_part

        _without_compiled_part()
