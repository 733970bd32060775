"""The NVIDIA accelerators of this machine, as NVML tells of them (package ``nvidia-ml-py``, extra ``gpu``)."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from functools import lru_cache
from typing import Any

import msgspec

from murakkab_optimizer.hardware import DeviceType, Offer

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""Environment variable: accelerators that a process may use, by UUID or by number in the order of the bus."""


class Accelerator(msgspec.Struct, frozen=True):
    """One of them.

    Attributes:
        uuid: names it in ``CUDA_VISIBLE_DEVICES``.
        name: as its driver tells it.
        memory_mb: MiB.
        peak_w: watts that it may draw; 0 where the driver does not tell.

    """

    uuid: str
    name: str
    memory_mb: int
    peak_w: float = 0.0


def accelerators() -> tuple[Accelerator, ...]:
    """Those that this process may use; looked up once."""
    return _accelerators(os.environ.get(VISIBLE))


def handles() -> list[Any]:
    """NVML's handles of them; none where the package, the driver or an accelerator is missing."""
    try:
        import pynvml
    except ImportError:
        return []
    found = []
    with suppress(pynvml.NVMLError):
        pynvml.nvmlInit()
        visible = os.environ.get(VISIBLE)
        names = map(str, range(pynvml.nvmlDeviceGetCount())) if visible is None else visible.split(",")
        for name in filter(None, map(str.strip, names)):
            by_number = name.isdecimal()
            found.append(
                pynvml.nvmlDeviceGetHandleByIndex(int(name)) if by_number else pynvml.nvmlDeviceGetHandleByUUID(name)
            )
    return found


def accelerator_offers(*, spot: bool, region: str) -> list[Offer]:
    """What a plan may use of them: one device an instance, for a worker process has one.

    They cost nothing of their own: a price of the machine is that of its cores.
    """
    types = [_type(one) for one in accelerators()]
    return [Offer(each, types.count(each), spot, region, most=1) for each in dict.fromkeys(types)]


@lru_cache(maxsize=4)
def _accelerators(_visible: str | None) -> tuple[Accelerator, ...]:
    return tuple(_read(handle) for handle in handles())


def _read(handle: Any) -> Accelerator:  # noqa: ANN401 - NVML has no types
    import pynvml

    watts = 0.0
    with suppress(pynvml.NVMLError):
        watts = pynvml.nvmlDeviceGetEnforcedPowerLimit(handle) / 1e3
    return Accelerator(
        str(pynvml.nvmlDeviceGetUUID(handle)),
        str(pynvml.nvmlDeviceGetName(handle)),
        int(pynvml.nvmlDeviceGetMemoryInfo(handle).total) // 2**20,
        watts,
    )


def _type(one: Accelerator) -> DeviceType:
    """Its type: one of the catalogue whose name is a word of its own name, else by that name."""
    from murakkab_runtimes.catalog import load_devices

    words = re.split(r"[^A-Za-z0-9]+", one.name)
    known = next((device for name, device in load_devices().items() if name in words), None)
    return DeviceType(
        name=known.name if known else one.name,
        reserved=0.0,
        spot=0.0,
        idle_w=known.idle_w if known else 0.0,
        peak_w=one.peak_w or (known.peak_w if known else 0.0),
        server_size=1,
        memory_mb=one.memory_mb,
        source=f"{one.name}, {one.memory_mb} MiB, as NVML tells",
    )
