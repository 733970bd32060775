from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from pathlib import Path

import pytest

from murakkab.engine import UserError
from murakkab.server import serve
from murakkab.server.serving import listen, page_address
from tests.server.hosting import hosted
from tests.server.rehearsal import Rehearsal


def test_offers_another_port_when_one_is_taken(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(UserError) as fault:
            asyncio.run(serve(Rehearsal(tmp_path, tmp_path), port=taken))
    assert str(taken) in fault.value.message
    offered = re.search(r"--port (\d+)", fault.value.fix)
    assert offered
    listen("127.0.0.1", int(offered[1])).close()


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 99999), ("203.0.113.1", 0), ("no.such.host.invalid", 0)])
def test_says_why_it_cannot_listen(host: str, port: int) -> None:
    with pytest.raises(UserError) as fault:
        listen(host, port)
    assert fault.value.fix


def test_names_an_address_that_a_browser_can_open() -> None:
    with listen("0.0.0.0", 0) as bound:
        assert page_address(bound) == f"http://127.0.0.1:{bound.getsockname()[1]}"


def test_stops_while_viewers_are_connected(tmp_path: Path, scratch: Path) -> None:
    with hosted(tmp_path, scratch, lead_s=30) as running:
        run = running.start()
        with running.client() as client, client.stream("GET", f"/api/runs/{run}/events") as stream:
            lines = stream.iter_lines()
            next(lines)
            waiting = threading.Thread(target=client.get, args=(f"/runs/{run}/hls/main.m3u8",))
            waiting.start()
            time.sleep(0.1)
            began = time.monotonic()
            running.stop()
            assert time.monotonic() - began < 3
            waiting.join()
