"""The NVIDIA accelerators of this machine, as NVML tells of them (package ``nvidia-ml-py``, extra ``gpu``)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from typing import Any

from murakkab_optimizer.hardware import DeviceType, Offer
from murakkab_runtimes.workers.binding import VISIBLE, Accelerator, device_name, known_type


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


def accelerator_offers(*, spot: bool, region: str, those: Iterable[Accelerator] | None = None) -> list[Offer]:
    """What a plan may use of accelerators: one device an instance, for a worker process has one.

    They cost nothing of their own: a price of the machine is that of its cores.

    Args:
        spot: whether they may be taken away.
        region: where they are.
        those: which; by default all of this machine.

    """
    types = [_type(one) for one in (accelerators() if those is None else those)]
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
    known = known_type(one)
    return DeviceType(
        name=device_name(one),
        reserved=0.0,
        spot=0.0,
        idle_w=known.idle_w if known else 0.0,
        peak_w=one.peak_w or (known.peak_w if known else 0.0),
        server_size=1,
        memory_mb=one.memory_mb,
        source=f"{one.name}, {one.memory_mb} MiB, as NVML tells",
    )
