"""Slots that take no tasks are shown with the reason: no room on the disk, another version."""

from __future__ import annotations

import json
import os
import time

import msgspec
import pytest

from benchmarks.redis_server import Server
from murakkab.cli.workers import app
from murakkab_runtimes.workers.cluster import wire


def announce(server: Server, name: str, *, full: bool, engine: str = "") -> None:
    """Say of a slot what its worker says."""
    facts = {"width": 2, "memory_mb": 100, "queue": "q", "hostname": f"m@{name}"}
    same = {"version": wire.this_version(), "digest": wire.catalogue_digest()}
    slot = wire.Slot(name=name, machine="m1", device="cpu", cores=1, **facts, **same)
    state = wire.State(child=f"{name}-child", pid=os.getpid(), engine=engine, full=full)
    server.client.set(wire.announcement(name), msgspec.json.encode(slot))
    server.client.set(wire.state(name), msgspec.json.encode(state))
    server.client.zadd(wire.SLOTS, {name: time.time()})


def test_a_slot_without_room_is_shown_as_full(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    announce(server, "m1-1", full=True)
    announce(server, "m1-2", full=False)
    announce(server, "m1-3", full=True, engine="e")
    app(["--broker", server.url, "--json"], standalone_mode=False)
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert {row["slot"]: row["status"] for row in rows} == {"m1-1": "full", "m1-2": "idle", "m1-3": "busy"}
    app(["--broker", server.url], standalone_mode=False)
    assert capfd.readouterr().err == "full: m1 takes no tasks until there is room on its disk again\n"


def test_a_slot_of_a_version_that_announces_other_things_is_shown_as_unfit(
    server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    server.client.set(wire.announcement("m2-1"), b'{"name": "m2-1"}')
    server.client.set(wire.state("m2-1"), b"[]")
    server.client.zadd(wire.SLOTS, {"m2-1": time.time()})
    app(["--broker", server.url, "--json"], standalone_mode=False)
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    (row,) = [row for row in rows if row["slot"] == "m2-1"]
    assert row["machine"] == "m2"
    assert "it has murakkab (unknown), the engine" in row["misfit"]
