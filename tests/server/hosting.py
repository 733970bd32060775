"""A rehearsal behind a real server on a free port."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from murakkab.server import serve
from murakkab.server.intake import Limits
from tests.server.rehearsal import Rehearsal, make_packages

UPLOAD_LIMIT = 2_000_000


@dataclass
class Hosted:
    """A running server.

    Attributes:
        address: of the page, for example ``http://127.0.0.1:40123``.
        engine: behind it.
        loop: in which both live.
        quit_on: stops the server when set (in its loop).
    """

    address: str
    engine: Rehearsal
    loop: asyncio.AbstractEventLoop
    quit_on: asyncio.Event
    thread: threading.Thread

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.address, timeout=30)

    def start(self, topic: str = "Cats") -> str:
        """Begin a run through the API."""
        answer = httpx.post(f"{self.address}/api/runs", json={"workflow": "podcast", "inputs": {"topic": topic}})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["run"])

    def stop(self) -> None:
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.quit_on.set)
        self.thread.join(20)
        assert not self.thread.is_alive(), "the server does not stop"


@contextmanager
def hosted(
    root: Path,
    scratch: Path,
    *,
    lead_s: float = 0.1,
    pace: float = 0.02,
    workflows: Path | None = None,
    token: str = "",
    limits: Limits = Limits(UPLOAD_LIMIT),  # noqa: B008 - frozen
) -> Iterator[Hosted]:
    """Serve a rehearsal, small uploads only; see ``Rehearsal`` for the arguments."""
    make_packages(scratch)
    found: list[Hosted] = []
    listening = threading.Event()

    async def main() -> None:
        engine, quit_on = Rehearsal(root, scratch, lead_s=lead_s, pace=pace), asyncio.Event()

        def ready(address: str) -> None:
            found.append(Hosted(address, engine, asyncio.get_running_loop(), quit_on, thread))
            listening.set()

        try:
            offer = {"workflows": workflows, "limits": limits, "token": token}
            await serve(engine, port=0, ready=ready, quit_on=quit_on, **offer)
        finally:
            await engine.close()

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert listening.wait(20), "the server does not start"
    try:
        yield found[0]
    finally:
        found[0].stop()


@contextmanager
def half_sent(address: str) -> Iterator[None]:
    """While entered, the server at an address waits for the rest of an upload."""
    url = httpx.URL(address)
    head = f"POST /api/runs HTTP/1.1\r\nHost: {url.host}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    with socket.create_connection((url.host, url.port)) as connection:
        connection.sendall(f"{head}Content-Length: 1000\r\n\r\n--b\r\n".encode())
        yield
