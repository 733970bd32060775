"""The process of a slot, here in the process of the tests, with a real Redis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.mirror import Mirror
from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.cluster.host import Host
from murakkab_runtimes.workers.messages import Load, Run
from tests.cluster.conftest import Server, wait_for

SLOT = wire.Slot("h-1", "h", "cpu", 1, 1, 100, "1", "d", "q.h-1", "h-1@h")


@pytest.fixture
def host(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    monkeypatch.setattr(wire, "BEAT_S", 0.02)
    made = Host(SLOT, server.url)
    yield made
    made.close()


@pytest.fixture
def order(server: Server) -> wire.Order:
    server.client.set(wire.owner("h-1"), "e")
    return wire.Order("e", Load(load_catalog()["toy-double"]))


def test_what_follows_is_carried_out_until_nothing_comes(server: Server, host: Host, order: wire.Order) -> None:
    server.client.rpush(wire.following(host._child), msgspec.json.encode(order))
    host.serve(order, 60.0)
    assert server.client.xlen(wire.replies("e")) == 2
    assert not server.client.exists(wire.session(host._child), wire.following(host._child))
    server.client.delete(wire.replies("e"))


def test_a_session_that_a_fault_ended_is_closed(
    server: Server, host: Host, order: wire.Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody would carry out what an engine goes on to send there."""

    def gone(orders: str, seconds: float) -> None:
        server.client.rpush(orders, msgspec.json.encode(order))
        raise ConnectionError("the broker is gone")

    with monkeypatch.context() as broken:
        broken.setattr(host._voice, "flush_and_wait", gone)
        with pytest.raises(ConnectionError):
            host.serve(order, 60.0)
    wait_for(lambda: not server.client.exists(wire.session(host._child), wire.following(host._child)))
    host.serve(order, 60.0)
    assert server.client.xlen(wire.replies("e")) == 2, "the two that it served, and not what came in between"
    server.client.delete(wire.replies("e"))


def test_an_attempt_that_is_made_again_puts_all_into_the_store_again(
    server: Server, host: Host, order: wire.Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was put there before may be gone."""
    monkeypatch.setenv("MURAKKAB_STORE_FOLDER", str(tmp_path / "copies"))
    url = f"file://{tmp_path}/shared"
    Mirror(url, tmp_path / "engine").write(wire.MARK, b"e")

    def made(attempt: int) -> set[str]:
        lease, arguments = f"r/double/0#{attempt}", {"number": 3}
        run = Run(lease, str(tmp_path), order.request.card, {}, 1, arguments, 0, path=(0,), remote=url)
        host.serve(wire.Order("e", run), 60.0)
        return {file.name for file in (tmp_path / "shared").rglob("*.*") if file.suffix in (".json", ".txt")}

    first = made(1)
    assert len(first) == 2
    for file in [file for name in first for file in (tmp_path / "shared").rglob(name)]:
        file.unlink()
    assert made(2) == first
    server.client.delete(wire.replies("e"))
