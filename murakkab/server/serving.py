"""Listening on a port."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.routing import BaseRoute

from murakkab.engine import UserError
from murakkab.server.app import create_app
from murakkab.server.door import EngineDoor
from murakkab.server.intake import Limits

ENVIRONMENT = "MURAKKAB_TOKEN"
"""Environment variable with the token of a server."""

LINGER_S = 1
"""How long open connections may go on once the server stops."""


class _Server(uvicorn.Server):
    """A server that leaves signals to its caller."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to ``host`` and ``port`` (0 picks a free one).

    Raises:
        UserError: the port is taken or not allowed, or the host is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off (40 ms an answer) only where the protocol is named.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except (OSError, OverflowError) as fault:
        bound.close()
        raise _explained(host, port, fault) from None
    return bound


def page_address(bound: socket.socket) -> str:
    """The URL under which a browser on this machine reaches the socket."""
    host, port = bound.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


def is_loopback(bound: socket.socket) -> bool:
    """Whether only this machine reaches the socket."""
    return ipaddress.ip_address(bound.getsockname()[0]).is_loopback


async def serve(
    engine: EngineDoor,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    ready: Callable[[str], None] | None = None,
    quit_on: asyncio.Event | None = None,
    allowed_hosts: Collection[str] = (),
    workflows: Path | None = None,
    limits: Limits | None = None,
    token: str = "",
    more: Sequence[BaseRoute] = (),
) -> None:
    """Serve the page and the API until ``quit_on`` is set or the task is cancelled.

    Args:
        engine: does the runs; it must be started.
        host: address to listen on; anything but loopback lets other machines in.
        port: TCP port; 0 picks a free one.
        ready: called with the page's URL once it can be opened.
        quit_on: stops the server when set.
        allowed_hosts: names, beside ``localhost``, ``host`` and addresses, under which it may be reached.
        workflows: folder of workflows that are offered beside the shipped ones.
        limits: how much is taken at once.
        token: that every request must bring; it may be empty only where no other machine can come in.
        more: routes beside those of the page and the API.

    Raises:
        UserError: the address cannot be listened on, or not without a token.
    """
    stop = quit_on or asyncio.Event()
    bound = listen(host, port)
    if not token and not is_loopback(bound):
        bound.close()
        raise UserError(f"{host} lets other machines in, so the server needs a token", f"set {ENVIRONMENT}")
    app = create_app(
        engine,
        quit_on=stop,
        allowed_hosts=[host, *allowed_hosts],
        workflows=workflows,
        limits=limits,
        token=token,
        more=more,
    )
    server = _Server(
        uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=LINGER_S)
    )
    serving = asyncio.ensure_future(server.serve(sockets=[bound]))
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(0.005)
        if ready is not None and server.started:
            ready(page_address(bound))
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
    finally:
        stop.set()
        server.should_exit = True
        await serving
        bound.close()


def _explained(host: str, port: int, fault: Exception) -> UserError:
    number = fault.errno if isinstance(fault, OSError) else None
    if number == errno.EADDRINUSE:
        return UserError(
            f"port {port} on {host} is taken", f"use --port {_free_port(host)}, or --port 0 for any free one"
        )
    if number == errno.EACCES:
        return UserError(f"port {port} needs the rights of an administrator", "use a port above 1023, or --port 0")
    if isinstance(fault, OverflowError):
        return UserError(f"{port} is not a port", "use a port from 1 to 65535, or 0 for any free one")
    return UserError(f"cannot listen on {host}: {fault}", "use --host 127.0.0.1, or an address of this machine")


def _free_port(host: str) -> int:
    bound = listen(host, 0)
    port: int = bound.getsockname()[1]
    bound.close()
    return port
