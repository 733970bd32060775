"""The NVIDIA accelerators of this machine, as NVML tells of them (package ``nvidia-ml-py``, extra ``gpu``)."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

import msgspec

from murakkab_optimizer.hardware import DeviceType, Offer
from murakkab_runtimes.workers.binding import VISIBLE, Accelerator, device_name, known_type

TOGETHER = "MURAKKAB_ACCELERATORS_TOGETHER"
"""Environment variable: how many accelerators each worker with some has; one by default."""


def accelerators() -> tuple[Accelerator, ...]:
    """Those that this process may use, as they are bound together; looked up once.

    Raises:
        UserError: they cannot be bound together as ``TOGETHER`` says.

    """
    return _accelerators(os.environ.get(VISIBLE), os.environ.get(TOGETHER, "").strip() or "1")


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
    """What a plan may use of accelerators: an instance has those that its worker process has.

    They cost nothing of their own: a price of the machine is that of its cores.

    Args:
        spot: whether they may be taken away.
        region: where they are.
        those: which; by default all of this machine.

    """
    kinds = [(_type(one), len(one.uuids)) for one in (accelerators() if those is None else those)]
    return [
        Offer(device, kinds.count((device, together)) * together, spot, region, together)
        for device, together in dict.fromkeys(kinds)
    ]


@lru_cache(maxsize=4)
def _accelerators(_visible: str | None, together: str) -> tuple[Accelerator, ...]:
    return tuple(_bound([_read(handle) for handle in handles()], together))


def _bound(found: Sequence[Accelerator], together: str) -> Iterator[Accelerator]:
    """They, so many of a kind bound together."""
    from murakkab.engine.errors import UserError

    each = int(together) if together.isascii() and together.isdecimal() else 0
    if not each:
        raise UserError(f"{TOGETHER} is '{together}'", "Write how many accelerators a worker is to have, such as 2.")
    kinds: dict[tuple[str, int], list[Accelerator]] = defaultdict(list)
    for one in found:
        kinds[one.name, one.memory_mb].append(one)
    for (name, _), same in kinds.items():
        if len(same) % each:
            raise UserError(
                f"{TOGETHER} is {each}, and there are {len(same)} of '{name}'",
                f"Name a multiple of {each} of each kind in {VISIBLE}, or change {TOGETHER}.",
            )
        for first in range(0, len(same), each):
            beside = tuple(one.uuid for one in same[first + 1 : first + each])
            yield msgspec.structs.replace(same[first], beside=beside)


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
