"""The device and the number format that a model runs with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from murakkab_runtimes.base import InputError, Unavailable

if TYPE_CHECKING:
    import torch

DTYPES = ("auto", "float32", "float16", "bfloat16")


def pick_device() -> torch.device:
    """The accelerator of this process, else the processor.

    A worker sees its own ones only: ``CUDA_VISIBLE_DEVICES`` hides the others. It takes the first of them; the
    processes of a group (``hub.ranks``) choose one each.
    """
    import torch

    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("mps") if torch.backends.mps.is_available() else torch.device("cpu")


def pick_dtype(name: str, device: torch.device) -> torch.dtype:
    """The number format of that name; ``auto`` is bfloat16 where the device computes it natively, else float32.

    Raises:
        InputError: there is no such format.
    """
    import torch

    if name not in DTYPES:
        raise InputError(f"dtype is {name!r}; give one of {', '.join(DTYPES)}")
    if name != "auto":
        return getattr(torch, name)
    native = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if native else torch.float32


def limit_threads(threads: int) -> None:
    """Let torch use that many processor threads in this process."""
    require_torch()
    import torch

    torch.set_num_threads(max(1, threads))


def require_torch() -> None:
    """Raise Unavailable with the command that installs torch, if it is missing."""
    try:
        import torch  # noqa: F401
    except ImportError as fault:
        raise Unavailable(f"torch cannot be loaded ({fault}); run: pip install 'murakkab[torch]'") from None
