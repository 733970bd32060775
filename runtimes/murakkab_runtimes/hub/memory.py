"""Memory that a model needs, as measured, and what happens where there is not enough."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from murakkab_runtimes.base import OutOfMemory

if TYPE_CHECKING:
    import torch

MIB = 2**20

_NO_ROOM = ("can't allocate memory", "not enough memory")
"""What torch says of a processor's memory in errors that have no class of their own."""


def peak_mb(device: torch.device) -> int:
    """MiB of the device at most since ``watched`` began; of an accelerator, what torch took of it."""
    import torch

    if device.type == "cuda":
        reserved: int = torch.cuda.max_memory_reserved(device)
        return round(reserved / MIB)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


@contextmanager
def watched(device: torch.device, what: str) -> Iterator[None]:
    """Count the peak anew; an accelerator or a machine that runs out of memory is told as ``OutOfMemory``.

    Args:
        device: where the work is done.
        what: for the message, for example ``flux at 1024x1024``.
    """
    import torch

    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as fault:
        if type(fault) is RuntimeError and not any(words in str(fault) for words in _NO_ROOM):
            raise
        if device.type == "cuda":
            torch.cuda.empty_cache()
        raise OutOfMemory(f"{what} does not fit into the memory of {device}: {fault}") from None
