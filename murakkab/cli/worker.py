"""``murakkab worker``: does tasks of engines on other machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from murakkab.cli.common import BROKER, command_app

if TYPE_CHECKING:
    from murakkab_runtimes.workers.cluster.machine import Machine

app = command_app()
main = app


@app.command()
def worker(
    broker: Annotated[str, BROKER],
    cores: Annotated[
        int | None,
        typer.Option("--cores", min=1, help="Threads that tasks may use here together; by default all.", metavar="N"),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of this machine in the cluster; unique.", metavar="NAME")
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            "--metrics", help="Tell figures for Prometheus there; without a host only here.", metavar="[HOST:]PORT"
        ),
    ] = None,
) -> None:
    """Do tasks of engines on other machines until SIGTERM or Ctrl-C, which let the tasks in hand end.

    Each accelerator that CUDA_VISIBLE_DEVICES names (by default all) has a process of its own, or so many together as
    MURAKKAB_ACCELERATORS_TOGETHER says.
    """
    import asyncio
    import os
    import re

    from murakkab.engine.errors import UserError

    machine = name or _default_name()
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,62}", machine):
        raise UserError(f"'{machine}' is no name of a machine", "Use up to 63 letters, digits, dots and dashes.")
    from murakkab.profiling import calibrate

    calibrate.begin()
    others = _check(broker, machine)
    asyncio.run(calibrate.ready())
    from murakkab.profiling.accelerators import accelerators
    from murakkab_runtimes.workers.cluster.machine import Machine

    many = cores or len(os.sched_getaffinity(0))
    bound = [one for one in accelerators() if others.isdisjoint(one.uuids)]
    apart = [one for one in accelerators() if not others.isdisjoint(one.uuids)]
    if idle := [uuid for one in apart for uuid in one.uuids if uuid not in others]:
        typer.echo(f"{machine}: {', '.join(idle)} bound together with what another worker has: left out", err=True)
    more = "".join(f", {f'{len(one.beside) + 1} ' if one.beside else ''}{one.name}" for one in bound)
    typer.echo(f"{machine}: {many} cores{more} for {_shown(broker)} (Ctrl-C drains)", err=True)
    pace = calibrate.pace()
    made = Machine(broker, machine, many, lambda text: typer.echo(f"{machine}: {text}", err=True), bound, pace)
    if metrics is not None:
        typer.echo(f"{machine}: figures at {_expose(made, broker, metrics)}", err=True)
    made.run()
    typer.echo(f"{machine}: stopped", err=True)


def _expose(machine: Machine, broker: str, address: str) -> str:
    """Tell figures at an address; returns its URL."""
    from murakkab.engine.errors import FAILED, UserError

    host, _, port = address.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise UserError(f"cannot read --metrics {address}", "Write a port, or HOST:PORT.")
    try:
        from murakkab.telemetry.worker_metrics import expose

        found = expose(machine, broker, host.strip("[]") or "127.0.0.1", int(port))
    except ImportError:
        raise UserError("--metrics needs prometheus-client", "pip install 'murakkab[metrics]'", FAILED) from None
    except OSError as fault:
        raise UserError(f"cannot tell figures at {address}: {fault.strerror}", "Name a free port.", FAILED) from None
    return f"http://{host or '127.0.0.1'}:{found}/metrics"


def _default_name() -> str:
    """The host's name, and a number by which several workers on a host differ."""
    import platform
    import re
    import secrets

    host = re.sub(r"[^A-Za-z0-9.-]", "-", platform.node()).strip("-.")[:50] or "machine"
    return f"{host}-{secrets.token_hex(2)}"


def _check(broker: str, machine: str) -> set[str]:
    """Refuse a broker that does not answer, and a name that is taken; returns the accelerators that workers have."""
    import asyncio

    from murakkab.engine.broker import Broker
    from murakkab.engine.errors import FAILED, UserError
    from murakkab.engine.slots import FRESH_S

    async def look() -> set[str]:
        link = Broker(broker, "")
        try:
            await link.reach()
            there = [slot for slot, _, age in (await link.read()).slots if age < FRESH_S]
        finally:
            await link.close()
        if any(slot.machine == machine for slot in there):
            raise UserError(f"a worker called '{machine}' is there already", "Choose another --name.", FAILED)
        return {uuid for slot in there if slot.accelerator for uuid in slot.accelerator.uuids}

    return asyncio.run(look())


def _shown(broker: str) -> str:
    from murakkab.engine.broker import without_password

    return without_password(broker)
