"""The nouns of hardware: types of accelerators, what they cost and draw, and how many may be had."""

from __future__ import annotations

import msgspec


class DeviceType(msgspec.Struct, frozen=True):
    """A type of accelerator as a cluster offers it.

    Attributes:
        name: for example ``A100``.
        reserved: US dollars per hour of one device that stays.
        spot: US dollars per hour of one device that may be taken away; None where there is no such offer.
        evictions_per_hour: how often a spot device is taken away on average; None where nobody knows.
        idle_w: watts of one device that does nothing.
        peak_w: watts of one device at full work.
        server_size: devices that can only be rented together.

    """

    name: str
    reserved: float
    spot: float | None = None
    evictions_per_hour: float | None = None
    idle_w: float = 0.0
    peak_w: float = 0.0
    server_size: int = 8


class Offer(msgspec.Struct, frozen=True):
    """Devices of one type that may be used.

    Attributes:
        device: the type.
        count: devices at most.
        spot: whether they are rented as spot devices.

    """

    device: DeviceType
    count: int
    spot: bool = True

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
