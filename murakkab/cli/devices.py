"""``murakkab devices``: types of devices with price and power, or the machines of a cluster."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from murakkab.cli.common import command_app

if TYPE_CHECKING:
    from murakkab_optimizer.hardware import Cluster, DeviceType

app = command_app()
main = app


@app.command()
def devices(
    cluster: Annotated[
        str | None, typer.Option("--cluster", help="The machines of this one.", metavar="FILE|NAME")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the types of accelerators that plans can use and this machine, or what a cluster has."""
    from murakkab_runtimes.clusters import find_cluster, read_cluster

    if cluster is not None:
        found = read_cluster(find_cluster(cluster))
        _print_json(found) if as_json else _print_cluster(found)
        return
    from murakkab.profiling import this_cluster
    from murakkab_runtimes.catalog import load_devices

    known = [*load_devices().values(), *(offer.device for offer in this_cluster().offers)]
    if as_json:
        _print_json(known)
    else:
        _print_types(known)


def _print_json(what: object) -> None:
    import msgspec

    typer.echo(msgspec.json.encode(what).decode())


def _print_types(known: Iterable[DeviceType]) -> None:
    from rich.console import Console

    known = list(known)
    titles = ("Device", "US$/h reserved", "US$/h spot", "Idle", "Peak", "Memory", "A server")
    rows = [(_name(device), *_figures(device), f"{device.server_size}") for device in known]
    console = Console(highlight=False)
    console.print(_table(titles, rows))
    _print_sources((_name(device), device.source) for device in known)
    from murakkab_runtimes.clusters import cluster_folder

    names = ", ".join(file.stem for file in sorted(cluster_folder().glob("*.yaml")))
    typer.echo(f"\nShipped clusters: {names}\n`murakkab devices --cluster NAME` shows one.")


def _print_cluster(cluster: Cluster) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    memory = f", {cluster.memory_mb / 1024:,.0f} GiB of memory" if cluster.memory_mb else ""
    billed = {"held": "whole servers are paid for while they are held", "used": "devices are paid for while they work"}
    console.print(Text.assemble((cluster.name, "bold"), f": {cluster.cores} cores{memory}; {billed[cluster.billing]}"))
    titles = ("Device", "Count", "Kind", "Region", "US$/h", "Lost/h", "Idle", "Peak", "A server")
    rows = []
    for offer in cluster.offers:
        device = offer.device
        evictions = "" if device.evictions_per_hour is None or not offer.spot else f"{device.evictions_per_hour:g}"
        _, _, idle, peak, _ = _figures(device)
        kind = "spot" if offer.spot else "reserved"
        servers = f"{device.server_size}" if device.kind == "gpu" else ""
        rows.append(
            (_name(device), f"{offer.count}", kind, offer.region, _price(offer.price), evictions, idle, peak, servers)
        )
    console.print(_table(titles, rows))
    if any(offer.spot for offer in cluster.offers):
        console.print("Prices are those of one device. Lost/h: how often a spot device is taken away.", style="dim")
    for link in cluster.links:
        place = f"within {link.source}" if link.source == link.target else f"{link.source} to {link.target}"
        console.print(f"  {place}: {link.gbit_s:g} Gbit/s, {1000 * link.latency_s:g} ms")
    _print_sources(
        [
            *((_name(o.device), o.device.source) for o in cluster.offers),
            *([("all", cluster.source)] * bool(cluster.source)),
        ]
    )


def _name(device: DeviceType) -> str:
    return f"{device.name} core" if device.kind == "cpu" else device.name


def _figures(device: DeviceType) -> tuple[str, str, str, str, str]:
    spot = "" if device.spot is None else _price(device.spot)
    watts = [f"{value:g} W" if value else "" for value in (device.idle_w, device.peak_w)]
    memory = f"{device.memory_mb / 1024:.3g} GiB" if device.memory_mb else ""
    return _price(device.reserved), spot, watts[0], watts[1], memory


def _price(value: float) -> str:
    """US dollars: with cents, and three digits where it is less than ten of them."""
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3g}"


def _table(titles: Iterable[str], rows: Iterable[tuple[str, ...]]) -> object:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in titles:
        table.add_column(title, justify="left" if title in ("Device", "Kind", "Region") else "right")
    for cells in rows:
        table.add_row(*map(Text, cells))
    return table


def _print_sources(sources: Iterable[tuple[str, str]]) -> None:
    """Where figures come from, once each."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    console.print()
    for name, source in dict(sources).items():
        if source:
            console.print(Text(f"{name}: {source}", style="dim"))
