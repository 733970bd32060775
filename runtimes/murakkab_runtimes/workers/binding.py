"""Which accelerators a worker process is bound to: each belongs to one process, which sees no others."""

from __future__ import annotations

import re

import msgspec

from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.hardware import CPU, DeviceType
from murakkab_runtimes.workers.held import ROOM

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""Environment variable: accelerators that a process may use, by UUID or by number in the order of the bus."""


class Accelerator(msgspec.Struct, frozen=True):
    """One of a machine, or several of a kind that one process has.

    Attributes:
        uuid: names the first of them in ``CUDA_VISIBLE_DEVICES``.
        name: of each, as its driver tells it.
        memory_mb: MiB of each.
        peak_w: watts that each may draw; 0 where the driver does not tell.
        beside: UUIDs of the others.

    """

    uuid: str
    name: str
    memory_mb: int
    peak_w: float = 0.0
    beside: tuple[str, ...] = ()

    @property
    def uuids(self) -> tuple[str, ...]:
        """Those of all."""
        return (self.uuid, *self.beside)


def known_type(accelerator: Accelerator) -> DeviceType | None:
    """The type of the catalogue whose name is a word of the accelerator's own name; None for one that it lacks."""
    from murakkab_runtimes.catalog import load_devices

    words = re.split(r"[^A-Za-z0-9]+", accelerator.name)
    return next((device for name, device in load_devices().items() if name in words), None)


def device_name(accelerator: Accelerator | None) -> str:
    """Name of the type of device that a process works on; None stands for the processor."""
    if accelerator is None:
        return CPU
    known = known_type(accelerator)
    return known.name if known else accelerator.name


def environment(accelerator: Accelerator | None) -> dict[str, str]:
    """The variables that show a process its accelerators and hide the others; None hides all."""
    if accelerator is None:
        return {VISIBLE: ""}
    return {VISIBLE: ",".join(accelerator.uuids), ROOM: str(accelerator.memory_mb)}


def takes(accelerator: Accelerator | None, card: ModelCard) -> bool:
    """Whether a process does the tasks of a model: those that need an accelerator where it has one, else the rest."""
    return (accelerator is not None) == (card.needs.accelerator_mb > 0)
