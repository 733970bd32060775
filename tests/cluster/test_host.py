"""The process of a slot, here in the process of the tests, with a real Redis."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from murakkab_runtimes.artifacts import ArtifactStore
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.mirror import Mirror, StoreFault
from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.cluster.host import Host
from murakkab_runtimes.workers.messages import Load, Run
from tests.cluster.conftest import Server, wait_for
from tests.engine.test_files import room_for

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


def test_a_machine_that_cannot_even_make_the_folder_for_copies_gives_the_attempt_back(
    server: Server, host: Host, order: wire.Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = tmp_path / "full" / "copies"
    copies.parent.mkdir()
    monkeypatch.setenv("MURAKKAB_STORE_FOLDER", str(copies))
    mkdir = Path.mkdir

    def full(folder: Path, *how: Any, **more: Any) -> None:
        if folder == copies:
            raise OSError(errno.ENOSPC, "no space left on device", str(folder))
        mkdir(folder, *how, **more)

    monkeypatch.setattr(Path, "mkdir", full)
    run = Run("r/full/0#1", str(tmp_path), order.request.card, {}, 1, {"number": 3}, 0, remote=f"file://{tmp_path}/s")
    host.serve(wire.Order("e", run), 60.0)
    ((_, fields),) = server.client.xrange(wire.replies("e"))
    reply = msgspec.json.decode(fields[b"said"], type=wire.Said).reply
    assert reply == wire.Returned(run.lease, f"there is no room left in {copies.parent} on h")
    server.client.delete(wire.replies("e"))


def test_an_attempt_without_room_is_given_back_also_where_there_is_room_again_as_it_ends(
    server: Server, host: Host, order: wire.Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its scratch space is removed at its end, and that may be all that was missing."""
    (tmp_path / wire.MARK).write_text("e")

    def no_room(*_: object) -> str:
        raise OSError(errno.EFBIG, "file too large")

    remove = shutil.rmtree

    def slowly(*what: Any, **more: Any) -> None:
        remove(*what, **more)
        wait_for(lambda: host._crowded is None)

    monkeypatch.setattr(ArtifactStore, "put", no_room)
    monkeypatch.setattr(shutil, "rmtree", slowly)
    run = Run("r/large/0#1", str(tmp_path), order.request.card, {}, 1, {"number": 3}, 0, path=(0,))
    host.serve(wire.Order("e", run), 60.0)
    *_, (_, last) = server.client.xrange(wire.replies("e"))
    reply = msgspec.json.decode(last[b"said"], type=wire.Said).reply
    assert reply == wire.Returned(run.lease, f"there is no room left in {tmp_path} on h")
    server.client.delete(wire.replies("e"))


def test_a_store_that_is_full_is_not_taken_for_a_machine_that_is(tmp_path: Path) -> None:
    here = Mirror(f"file://{tmp_path}/shared", tmp_path / "here")
    name = ArtifactStore(tmp_path / "here").put("long " * 20)
    with room_for(10), pytest.raises(StoreFault, match=r"the store file://.* is full: .*File too large"):
        here.stored(name)
    here.stored(name)
