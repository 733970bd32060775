"""Several viewers of one run: none holds up the run or the others, and the engine hears of them as of one."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from murakkab.engine.players import GONE_S
from murakkab.server.shapes import Playback
from murakkab.server.viewers import MOST, Viewers
from tests.server.hosting import Hosted
from tests.server.rehearsal import TURNS

MANY, WIDE = 20_000, "x" * 1000
WAIT_S = 30.0


class Source:
    """Stands in for the events of a run: many wide ones, counted as they are taken, then a wait without end."""

    def __init__(self) -> None:
        self.taken = 0
        self.open = 0

    async def events(self, _run: str, after: int = 0) -> AsyncIterator[dict[str, Any]]:
        self.open += 1
        try:
            for seq in range(after + 1, MANY + 1):
                self.taken += 1
                yield {"event": "task.finished", "seq": seq, "meta": WIDE}
            await asyncio.Event().wait()
        finally:
            self.open -= 1


@pytest.fixture
def source(server: Hosted, monkeypatch: pytest.MonkeyPatch) -> Source:
    made = Source()
    monkeypatch.setattr(server.engine, "events", made.events)
    return made


def follow_without_reading(server: Hosted, run: str) -> socket.socket:
    host, port = server.address.removeprefix("http://").split(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((host, int(port)))
    connection.sendall(f"GET /api/runs/{run}/events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    return connection


def wait_for(true: Callable[[], object]) -> None:
    until = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.02)


def steady(number: Callable[[], int]) -> int:
    """The number once it has not changed for half a second."""
    last = -1
    while last != (last := number()) or last == 0:
        time.sleep(0.5)
    return last


def test_a_slow_reader_is_given_no_more_than_it_reads(server: Hosted, source: Source) -> None:
    run = server.start()
    connection = follow_without_reading(server, run)
    try:
        taken = steady(lambda: source.taken)
        assert taken < MANY / 2  # what is not in the buffers of the system was not taken
        with server.client() as other:
            assert other.get(f"/api/runs/{run}").json()["run"] == run
    finally:
        connection.close()
    wait_for(lambda: source.open == 0)
    assert source.taken < MANY


def test_a_reader_that_leaves_lets_go_of_the_run(server: Hosted, source: Source) -> None:
    run = server.start()
    with server.client() as client:
        for _ in range(3):
            with client.stream("GET", f"/api/runs/{run}/events?after={MANY - 1}") as stream:
                lines = stream.iter_lines()
                assert next(line for line in lines if line.startswith("data:"))
                assert source.open == 1
            wait_for(lambda: source.open == 0)


def test_asking_for_the_headers_of_the_events_reads_none(server: Hosted, source: Source) -> None:
    answer = httpx.head(f"{server.address}/api/runs/{server.start()}/events", timeout=10)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert source.taken == 0


def test_a_run_beside_stuck_readers_reaches_all_others_whole(server: Hosted) -> None:
    run = server.start()
    stuck = [follow_without_reading(server, run) for _ in range(5)]

    def watch(_: int) -> tuple[list[int], int]:
        with server.client() as client:
            lines = client.get(f"/api/runs/{run}/events").text.splitlines()
            playlist = client.get(f"/runs/{run}/hls/video.m3u8").text
        events = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
        assert events[-1]["event"] == "run.finished"
        return [event["seq"] for event in events], playlist.count("#EXTINF")

    try:
        with ThreadPoolExecutor(4) as pool:
            seen = list(pool.map(watch, range(4)))
    finally:
        for connection in stuck:
            connection.close()
    assert seen == [(list(range(1, len(seen[0][0]) + 1)), sum(len(lengths) for _, _, lengths, _ in TURNS))] * 4


def report(viewer: str, position_s: float, **facts: Any) -> Playback:
    return Playback(position_s=position_s, viewer=viewer, **facts)


def test_the_run_is_made_for_the_viewer_furthest_ahead_and_measured_by_the_first() -> None:
    viewers = Viewers()
    assert viewers.told("run", report("a", 5.0, ttff_s=0.4, playing=True), 0.0)["position_s"] == 5.0
    late = viewers.told("run", report("b", 2.0, ttff_s=9.0, stall_s=3.0), 1.0)
    assert (late["position_s"], late["ttff_s"], late["stall_s"], late["playing"]) == (5.0, 0.4, 0.0, True)
    ahead = viewers.told("run", report("b", 20.0, ttff_s=9.0), 2.0)
    assert (ahead["position_s"], ahead["ttff_s"]) == (20.0, 0.4)
    assert viewers.told("run", report("a", 8.0, ttff_s=0.4, stall_s=1.0), 3.0)["stall_s"] == 1.0


def test_a_viewer_that_is_gone_counts_no_more_but_for_the_figures() -> None:
    viewers = Viewers()
    viewers.told("run", report("a", 50.0, ttff_s=0.4), 0.0)
    alone = viewers.told("run", report("b", 3.0, ttff_s=9.0), GONE_S + 1)
    assert (alone["position_s"], alone["ttff_s"]) == (3.0, 0.4)


def test_the_run_is_made_at_the_rate_of_the_viewer_who_plays_fastest() -> None:
    viewers = Viewers()
    assert viewers.told("run", report("a", 5.0, playing=True), 0.0)["rate"] == 1.0
    assert viewers.told("run", report("b", 2.0, playing=True, rate=1.5), 1.0)["rate"] == 1.5
    assert viewers.told("run", report("c", 2.0, rate=2.0), 1.0)["rate"] == 1.5
    assert viewers.told("run", report("c", 2.0, rate=2.0), GONE_S + 2)["rate"] == 2.0


def test_a_run_has_been_shown_when_all_that_are_there_have_ended() -> None:
    viewers = Viewers()
    assert viewers.told("run", report("a", 9.0, ended=True), 0.0)["ended"]
    assert not viewers.told("run", report("b", 1.0), 1.0)["ended"]
    assert viewers.told("run", report("b", 9.0, ended=True), 2.0)["ended"]
    assert viewers.told("other", report("c", 1.0), 2.0)["position_s"] == 1.0


def test_what_was_long_not_heard_of_is_forgotten() -> None:
    viewers = Viewers()
    viewers.told("run", report("a", 1.0, ttff_s=0.4), 0.0)
    for number in range(MOST):
        assert viewers.told("run", report("b", 1.0, ttff_s=9.0), 0.0)["ttff_s"] == 0.4
        viewers.told(f"run-{number}", report("a", 1.0), 0.0)
    for number in range(MOST):
        viewers.told(f"run-{number}", report("a", 1.0), 0.0)
    assert viewers.told("run", report("b", 1.0, ttff_s=9.0), 0.0)["ttff_s"] == 9.0


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 80), st.floats(0, 100)), max_size=100))
def test_nobody_is_ahead_of_what_the_engine_hears(said: list[tuple[int, int, float]]) -> None:
    viewers = Viewers()
    for now, (run, viewer, position_s) in enumerate(said):
        assert viewers.told(str(run), report(str(viewer), position_s), now / 100)["position_s"] >= position_s


def test_the_engine_hears_of_two_viewers_as_of_one(server: Hosted) -> None:
    run = server.start()
    with server.client() as client:
        for viewer, position_s, ttff_s in (("a", 4.0, 0.3), ("b", 1.0, 7.0)):
            said = {"viewer": viewer, "position_s": position_s, "ttff_s": ttff_s, "muted": True}
            assert client.post(f"/api/runs/{run}/playback", json=said).status_code == 204
    told = server.engine.reports[-1]
    assert (told["position_s"], told["ttff_s"]) == (4.0, 0.3)
    assert "viewer" not in told
