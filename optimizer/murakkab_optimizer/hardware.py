"""The nouns of hardware: types of devices, what they cost and draw, how many may be had, and how they are connected."""

from __future__ import annotations

from typing import Literal

import msgspec

CPU = "cpu"
"""Name of the device type that stands for one processor core where nothing more is known of it."""


class DeviceType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A type of device as a cluster offers it. Of a processor, one device is one core.

    Attributes:
        name: for example ``A100``.
        reserved: US dollars per hour of one device that stays.
        spot: US dollars per hour of one device that may be taken away; None where there is no such offer.
        evictions_per_hour: how often a spot device is taken away on average; None where nobody knows.
        idle_w: watts of one device that does nothing.
        peak_w: watts of one device at full work.
        server_size: devices that can only be rented together.
        kind: ``gpu`` devices belong to one instance while it is held; ``cpu`` cores are shared by all tasks.
        memory_mb: of one device; 0 where nobody said.
        source: where these figures come from.

    """

    name: str
    reserved: float
    spot: float | None = None
    evictions_per_hour: float | None = None
    idle_w: float = 0.0
    peak_w: float = 0.0
    server_size: int = 8
    kind: Literal["gpu", "cpu"] = "gpu"
    memory_mb: int = 0
    source: str = ""


class Offer(msgspec.Struct, frozen=True):
    """Devices of one type that may be used.

    Attributes:
        device: the type.
        count: devices at most.
        spot: whether they are rented as spot devices.
        region: where they are; empty where nobody said.
        together: devices that one worker has, and so each of its instances; 0 where an instance may have any number.

    """

    device: DeviceType
    count: int
    spot: bool = True
    region: str = ""
    together: int = 0

    @property
    def price(self) -> float:
        """US dollars per hour of one device.

        Raises:
            ValueError: spot devices are asked for and there are none of this type.

        """
        if not self.spot:
            return self.device.reserved
        if self.device.spot is None:
            raise ValueError(f"there are no spot devices of type '{self.device.name}'; use reserved ones")
        return self.device.spot

    @property
    def servers(self) -> int:
        """Servers that hold ``count`` devices."""
        return -(-self.count // self.device.server_size)

    def rented(self, used: int) -> int:
        """Devices that are paid for when ``used`` are used: whole servers."""
        size = self.device.server_size
        return -(-used // size) * size


class Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A connection between two regions, or inside one (``source`` and ``target`` the same).

    Attributes:
        gbit_s: what goes through, in 10^9 bits a second.
        latency_s: seconds until the first byte is there.

    """

    source: str
    target: str
    gbit_s: float
    latency_s: float = 0.0


class Cluster(msgspec.Struct, frozen=True):
    """The machines that a plan is made for (``kind: Cluster``).

    Attributes:
        name: for people.
        offers: devices that may be used; a type may stand in several (spot and reserved, regions). The cores of
            processors are offers too.
        memory_mb: memory of all machines together; 0 where nobody said.
        billing: ``held``: whole servers are paid for from the beginning of a run to its end; ``used``: devices are
            paid for while they work.
        links: between regions; regions without one are not connected.
        source: where the figures come from.

    """

    name: str
    offers: tuple[Offer, ...]
    memory_mb: int = 0
    billing: Literal["held", "used"] = "held"
    links: tuple[Link, ...] = ()
    source: str = ""

    @property
    def cores(self) -> int:
        """Cores of processors, all together."""
        return sum(offer.count for offer in self.offers if offer.device.kind == "cpu")
