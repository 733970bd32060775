"""torchaudio beside a torch without CUDA."""

from __future__ import annotations

import importlib.util
import sys
import types


def without_compiled_torchaudio() -> None:
    """On a torch without CUDA, let torchaudio be imported without its compiled part, which needs CUDA.

    transformers and diffusers import it where it is installed. No model here uses that part.
    """
    import torch

    known = "torchaudio" in sys.modules or importlib.util.find_spec("torchaudio") is None
    if torch.version.cuda is None and not known:
        part = types.ModuleType("torchaudio._extension")
        part.__dict__.update(_IS_TORCHAUDIO_EXT_AVAILABLE=False, fail_if_no_align=lambda function: function)
        sys.modules[part.__name__] = part
