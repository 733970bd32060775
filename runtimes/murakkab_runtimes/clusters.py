"""Reads cluster files (``kind: Cluster``): the machines that a plan is made for.

A file names types of devices of the catalogue, how many of each may be had and where; prices and watts that it does not
say are those of the catalogue. See ``docs/catalogue.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, cast

import msgspec
import yaml

from murakkab_optimizer.hardware import CPU, Cluster, DeviceType, Link, Offer
from murakkab_runtimes.catalog import load_devices
from murakkab_runtimes.placed import Placed, PlacedError, Wrong, amount, count, flag, mebibytes, read_text, words

_PACKAGED = Path(__file__).parent / "shipped" / "clusters"
_CHECKOUT = Path(__file__).parents[2] / "clusters"

_TOP = ("apiVersion", "kind", "metadata", "billing", "memory", "cpu", "devices", "links", "source")
_METADATA = ("name", "description")
_CPU = ("cores", "price", "idle_w", "peak_w", "region", "source")
_LINK = ("source", "target", "gbit_s", "latency_s")
_OVERRIDES: dict[str, tuple[str, Callable[[str], Any]]] = {
    "price": ("reserved", amount),
    "spot_price": ("spot", amount),
    "evictions_per_hour": ("evictions_per_hour", amount),
    "idle_w": ("idle_w", amount),
    "peak_w": ("peak_w", amount),
    "memory": ("memory_mb", mebibytes),
    "server": ("server_size", count),
}
_DEVICE = ("type", "count", "spot", "region", *_OVERRIDES)


class ClusterError(ValueError):
    """A cluster file cannot be used; the message gives file, line and column, and what to do."""


def cluster_folder() -> Path:
    """The folder of the shipped clusters: inside the installed package, else in the checkout."""
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT


def find_cluster(name_or_path: str) -> Path:
    """The file of a cluster: a ``.yaml`` path, or the name of a shipped one.

    Raises:
        ClusterError: there is none; the message names all, the nearest ones first.
    """
    shipped = {file.stem: file for file in sorted(cluster_folder().glob("*.yaml"))}
    if name_or_path in shipped:
        return shipped[name_or_path]
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml") or path.name != name_or_path:
        return path
    near = get_close_matches(name_or_path, shipped, 3, 0.5)
    names = ", ".join([*near, *(name for name in shipped if name not in near)])
    raise ClusterError(f"there is no shipped cluster '{name_or_path}'; there are: {names}; or name a .yaml file")


def read_cluster(path: Path) -> Cluster:
    """Read a cluster file.

    Raises:
        ClusterError: it cannot be read, or something in it is wrong; all that is wrong is told at once.
    """
    try:
        return _Reader(str(path), load_devices()).read(read_text(path))
    except PlacedError as fault:
        raise ClusterError(str(fault)) from None


class _Reader(Placed):
    """Reads one cluster file."""

    def __init__(self, file: str, devices: Mapping[str, DeviceType]) -> None:
        super().__init__(file)
        self.devices = devices

    def read(self, text: str) -> Cluster:
        top = self.compose(text)
        keys = self.mapping(top, "a cluster", _TOP)
        self.expect(keys, top, "apiVersion", "murakkab/v1")
        self.expect(keys, top, "kind", "Cluster")
        metadata = self.mapping(keys.get("metadata"), "metadata", _METADATA)
        offers = [*self.offers(keys.get("devices")), *self.cores(keys.get("cpu"))]
        if not offers and not self.problems:
            self.note(top, "it has neither 'devices' nor 'cpu', so nothing can run on it")
        regions = {offer.region for offer in offers if offer.region}
        cluster = Cluster(
            name=self.value(metadata, "name", words, Path(self.file).stem),
            offers=tuple(offers),
            memory_mb=self.value(keys, "memory", mebibytes, 0),
            billing=self.value(keys, "billing", _billing, "held"),
            links=tuple(self.links(keys.get("links"), regions)),
            source=self.value(keys, "source", words, ""),
        )
        self.end()
        return cluster

    def offers(self, node: yaml.Node | None) -> Iterator[Offer]:
        for item in self.items(node, "devices"):
            keys = self.mapping(item, "a device", _DEVICE)
            device = self.device(keys, item)
            number = self.needed(keys, item, "count", count, 0)
            spot = self.value(keys, "spot", flag, False)
            region = self.value(keys, "region", words, "")
            if device is None:
                continue
            if spot and device.spot is None:
                self.note(keys["spot"], f"no spot price of '{device.name}' is known; add 'spot_price: US$ per hour'")
            yield Offer(device, number, spot, region)

    def device(self, keys: Mapping[str, yaml.Node], item: yaml.Node) -> DeviceType | None:
        """The type of the catalogue, with what the file says otherwise; of a new type the file says all."""
        name = self.needed(keys, item, "type", words, "")
        own = {field: self.value(keys, key, read, None) for key, (field, read) in _OVERRIDES.items() if key in keys}
        own = {field: value for field, value in own.items() if value is not None}
        if known := self.devices.get(name):
            source = f"{known.source}; {', '.join(sorted(own))} as {self.file} says" if own else known.source
            return msgspec.structs.replace(known, source=source, **own)
        if name and "price" in keys and name != CPU:
            return DeviceType(**{"name": name, "reserved": 0.0, "source": self.file, **own})
        if name:
            near = ", ".join(get_close_matches(name, self.devices, 3, 0.4) or sorted(self.devices))
            self.note(
                keys["type"], f"there is no device type '{name}'; nearest: {near}; or give the 'price' of a new one"
            )
        return None

    def cores(self, node: yaml.Node | None) -> Iterator[Offer]:
        if node is None:
            return
        keys = self.mapping(node, "cpu", _CPU)
        device = DeviceType(
            name=CPU,
            reserved=self.value(keys, "price", amount, 0.0),
            idle_w=self.value(keys, "idle_w", amount, 0.0),
            peak_w=self.value(keys, "peak_w", amount, 0.0),
            server_size=1,
            kind="cpu",
            source=self.value(keys, "source", words, self.file),
        )
        yield Offer(device, self.needed(keys, node, "cores", count, 1), False, self.value(keys, "region", words, ""))

    def links(self, node: yaml.Node | None, regions: set[str]) -> Iterator[Link]:
        for item in self.items(node, "links"):
            keys = self.mapping(item, "a link", _LINK)
            ends = {key: self.needed(keys, item, key, words, "") for key in ("source", "target")}
            for key, region in ends.items():
                if region and region not in regions:
                    there = ", ".join(sorted(regions)) or "none"
                    self.note(keys[key], f"nothing is in the region '{region}'; regions: {there}")
            rate = self.needed(keys, item, "gbit_s", _rate, 1.0)
            yield Link(ends["source"], ends["target"], rate, self.value(keys, "latency_s", amount, 0.0))


def _rate(written: str) -> float:
    if not (value := amount(written)):
        raise Wrong("a number above 0")
    return value


def _billing(written: str) -> Literal["held", "used"]:
    if written not in ("held", "used"):
        raise Wrong("'held' (rented from beginning to end) or 'used' (paid for while working)")
    return cast(Literal["held", "used"], written)
