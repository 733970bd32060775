"""Memory that a model needs, as measured, and what happens where there is not enough."""

from __future__ import annotations

import ctypes
import gc
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from murakkab_runtimes.base import Meta, OutOfMemory

if TYPE_CHECKING:
    import torch

MIB = 2**20

_NO_ROOM = ("can't allocate memory", "not enough memory", "out of memory", "ALLOC_FAILED")
"""What torch says of memory in errors that have no class of their own."""


def peak_mb(device: torch.device) -> int:
    """MiB of the device at most since ``watched`` began, of all that this process holds there."""
    import torch

    if device.type == "cuda":
        return round(float(torch.cuda.max_memory_allocated(device)) / MIB)
    return _resident("VmHWM") or round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def used_mb(device: torch.device) -> int:
    """MiB of the device that this process takes now."""
    import torch

    return round(float(torch.cuda.memory_allocated(device)) / MIB) if device.type == "cuda" else _resident("VmRSS")


class Meter:
    """The memory that one model takes, whatever else its process holds.

    Args:
        device: where it is.

    Attributes:
        held_mb: MiB that loading it took, 1 at least.
        peak_mb: MiB that it took at most since the last task began, 1 at least.

    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.held_mb = self.peak_mb = 0

    @contextmanager
    def loading(self, what: str) -> Iterator[None]:
        """The model is loaded; ``what`` is as for ``watched``."""
        gc.collect()
        _give_back(self._device)
        before = used_mb(self._device)
        with watched(self._device, what):
            yield
        self.held_mb = max(used_mb(self._device) - before, 1)
        self.begin()

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """The model does a task, or a part of one."""
        before = used_mb(self._device)
        with watched(self._device, what):
            try:
                yield
            finally:
                self.peak_mb = max(self.peak_mb, self.held_mb + peak_mb(self._device) - before, 1)

    def begin(self) -> None:
        """A task begins."""
        _give_back(self._device)
        self.peak_mb = self.held_mb

    def told(self) -> Meta:
        """The peak, as meta of a task; nothing where none was seen."""
        return {"peak_mb": self.peak_mb} if self.peak_mb else {}


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
    else:
        _forget_peak()
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as fault:
        if not _found_no_room(fault):
            raise
        if device.type == "cuda":
            torch.cuda.empty_cache()
        raise OutOfMemory(f"{what} does not fit into the memory of {device}: {fault}") from None


def is_broken(fault: BaseException) -> bool:
    """Whether a fault leaves this process without its accelerator: nothing that it does there can succeed any more."""
    torch = sys.modules.get("torch")
    return isinstance(fault, getattr(torch, "AcceleratorError", ())) and not _found_no_room(fault)


def _found_no_room(fault: BaseException) -> bool:
    """Whether it is one of memory; other errors of a device have the same classes."""
    torch = sys.modules["torch"]
    known = isinstance(fault, torch.OutOfMemoryError | MemoryError)
    return known or any(words in str(fault) for words in _NO_ROOM)


def _forget_peak() -> None:
    """Let the peak of the resident memory begin anew, where the system allows it."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _give_back(device: torch.device) -> None:
    """Give the system the memory that nothing uses: on a processor, what is taken of it again would not be seen."""
    if device.type == "cuda":
        return
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _resident(name: str) -> int:
    """MiB of resident memory as the system tells it; 0 where it does not."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return round(int(line.split()[1]) / 1024)
    return 0
