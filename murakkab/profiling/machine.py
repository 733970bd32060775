"""The machine at hand: what it is, what identifies it, and what it offers to a plan."""

from __future__ import annotations

import hashlib
import math
import os
import platform
from functools import cache
from pathlib import Path

import msgspec

from murakkab.profiling.accelerators import accelerator_offers
from murakkab_optimizer.hardware import CPU, Cluster, DeviceType, Offer

WATTS_PER_CORE = 3.75
"""Estimate of what a busy core draws: 360 W for 96 cores, the TDP of an AMD EPYC 9654 (AMD's product page)."""

PRICE, REGION, SPOT = "MURAKKAB_PRICE_PER_HOUR", "MURAKKAB_REGION", "MURAKKAB_SPOT"
"""Environment variables: US dollars an hour of the whole machine; its region; whether it may be taken away."""


class Machine(msgspec.Struct, frozen=True):
    """What speeds depend on.

    Attributes:
        processor: its name as the system tells it.
        cores: that this process may use.
        memory_gib: rounded, so that another kernel does not make another machine.

    """

    processor: str
    cores: int
    memory_gib: int

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits, the same for equal machines."""
        return hashlib.sha256(f"{self.processor}|{self.cores}|{self.memory_gib}".encode()).hexdigest()[:12]

    def __str__(self) -> str:
        """For people."""
        return f"{self.processor}, {self.cores} cores, {self.memory_gib} GiB"


@cache
def this_machine() -> Machine:
    """The machine that this process runs on."""
    return Machine(_processor(), len(os.sched_getaffinity(0)), round(_memory_bytes() / 2**30))


def is_the_one(cluster: Cluster, device: str) -> bool:
    """Whether a task that was planned on an accelerator was done on one of its type: any that there is may do it."""
    types = {offer.device.name for offer in cluster.offers if offer.device.kind == "gpu"}
    return device == CPU or not types or types == {device}


def this_cluster() -> Cluster:
    """The cores and the accelerators of this machine as what a plan may use.

    Power is an estimate (see ``WATTS_PER_CORE``). It costs nothing unless ``MURAKKAB_PRICE_PER_HOUR`` names a price.

    Raises:
        UserError: that variable is no price.
    """
    machine, price = this_machine(), _price()
    memory_mb = _memory_bytes() // 2**20
    per_core = price / machine.cores
    spot = os.environ.get(SPOT, "").lower() in ("1", "true", "yes")
    core = DeviceType(
        name=CPU,
        reserved=per_core,
        spot=per_core if spot else None,
        peak_w=WATTS_PER_CORE,
        server_size=machine.cores,
        kind="cpu",
        memory_mb=memory_mb // machine.cores,
        source=f"{machine}; {WATTS_PER_CORE} W a busy core is estimated",
    )
    region = os.environ.get(REGION, "")
    offers = (Offer(core, machine.cores, spot, region), *accelerator_offers(spot=spot, region=region))
    return Cluster("this machine", offers, memory_mb=memory_mb, billing="used", source=core.source)


def _price() -> float:
    written = os.environ.get(PRICE, "").strip() or "0"
    try:
        price = float(written)
    except ValueError:
        price = -1.0
    if not (math.isfinite(price) and price >= 0):
        from murakkab.engine.errors import UserError

        raise UserError(f"{PRICE} is '{written}', which is no price", "Write US dollars an hour, for example 0.10.")
    return price


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
