from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from murakkab.server.playlists import BLOCKING
from tests.server.hosting import Hosted, hosted

LEAD_S = 0.6


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory, scratch: Path) -> Iterator[Hosted]:
    """Publishes its first segment after ``LEAD_S``, the next ones a quarter of a second later each."""
    with hosted(tmp_path_factory.mktemp("runs"), scratch, lead_s=LEAD_S, pace=0.5) as running:
        yield running


def test_holds_the_playlist_until_there_is_something_to_play(slow: Hosted) -> None:
    with slow.client() as client:
        began = time.monotonic()
        run = slow.start()
        main = client.get(f"/runs/{run}/hls/main.m3u8")
        waited = time.monotonic() - began
        assert main.status_code == 200
        assert main.headers["content-type"] == "application/vnd.apple.mpegurl"
        assert main.headers["cache-control"] == "no-store"
        assert LEAD_S - 0.05 < waited < LEAD_S + 3
        video = client.get(f"/runs/{run}/hls/video.m3u8").text
        assert video.count("#EXTINF") >= 1
        assert "#EXT-X-ENDLIST" not in video


def test_holds_a_reload_until_there_is_a_new_segment(slow: Hosted) -> None:
    run = slow.start()
    with slow.client() as client:
        first = client.get(f"/runs/{run}/hls/video.m3u8").text
        assert BLOCKING in first
        known = first.count("#EXTINF")
        second = client.get(f"/runs/{run}/hls/video.m3u8", params={"_HLS_msn": known}).text
        assert second.count("#EXTINF") == known + 1


def test_promises_no_held_reload_once_the_playlist_is_complete(server: Hosted) -> None:
    run = server.start()
    with server.client() as client:
        client.get(f"/api/runs/{run}/events")
        text = client.get(f"/runs/{run}/hls/video.m3u8", params={"_HLS_msn": 9999}).text
    assert "#EXT-X-ENDLIST" in text
    assert BLOCKING not in text


def test_ends_the_playlist_of_a_run_that_was_stopped(slow: Hosted) -> None:
    run = slow.start()
    with slow.client() as client:
        assert "#EXT-X-ENDLIST" not in client.get(f"/runs/{run}/hls/video.m3u8").text
        client.post(f"/api/runs/{run}/cancel")
        stopped = client.get(f"/runs/{run}/hls/video.m3u8").text
        assert stopped.endswith("#EXT-X-ENDLIST\n")
        assert BLOCKING not in stopped
        assert "#EXT-X-ENDLIST" not in client.get(f"/runs/{run}/hls/main.m3u8").text


def test_sends_events_while_the_run_goes_on(slow: Hosted) -> None:
    run = slow.start()
    with slow.client() as client, client.stream("GET", f"/api/runs/{run}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert any("segment.published" in line for line in stream.iter_lines())
        assert client.get(f"/api/runs/{run}").json()["status"] == "running"


def test_serves_segments_by_type_and_range(server: Hosted) -> None:
    run = server.start()
    with server.client() as client:
        client.get(f"/api/runs/{run}/events")
        playlist = client.get(f"/runs/{run}/hls/video.m3u8").text
        segment = next(line for line in playlist.splitlines() if line.endswith(".m4s"))
        whole = client.get(f"/runs/{run}/hls/{segment}")
        assert whole.headers["content-type"] == "video/iso.segment"
        part = client.get(f"/runs/{run}/hls/{segment}", headers={"range": "bytes=4-7"})
        assert (part.status_code, part.content) == (206, whole.content[4:8])
        assert client.get(f"/runs/{run}/hls/init.mp4").headers["content-type"] == "video/mp4"
        captions = client.get(f"/runs/{run}/hls/captions-00000.vtt")
        assert captions.headers["content-type"].startswith("text/vtt")


def test_offers_the_episode_for_download(server: Hosted) -> None:
    run = server.start()
    with server.client() as client:
        assert client.get(f"/runs/{run}/episode.mp4").status_code == 404
        client.get(f"/api/runs/{run}/events")
        saved = client.get(f"/runs/{run}/episode.mp4?download")
        assert saved.headers["content-disposition"] == f'attachment; filename="{run}-episode.mp4"'
        assert client.get(f"/runs/{run}/episode.mp4", headers={"range": "bytes=0-3"}).status_code == 206
        assert client.get(f"/runs/{run}/episode.mp3").status_code == 404


def test_lets_a_player_go_when_the_run_ends_without_a_segment(slow: Hosted) -> None:
    run = slow.start()
    with slow.client() as client, ThreadPoolExecutor() as pool:
        held = pool.submit(httpx.get, f"{slow.address}/runs/{run}/hls/main.m3u8", timeout=20)
        time.sleep(0.1)
        client.post(f"/api/runs/{run}/cancel")
        assert held.result().status_code == 404


def test_answers_small_requests_without_delay(server: Hosted) -> None:
    """Nagle's algorithm would make each of them wait 40 ms for an acknowledgement."""
    times = []
    with server.client() as client:
        client.get("/api/runs/none")
        for _ in range(15):
            began = time.monotonic()
            client.get("/api/runs/none")
            times.append(time.monotonic() - began)
    assert sorted(times)[3] < 0.035, times


def test_many_players_wait_for_one_playlist_and_get_it_together(slow: Hosted) -> None:
    run = slow.start()
    with slow.client() as client:
        known = client.get(f"/runs/{run}/hls/video.m3u8").text.count("#EXTINF")

    def reload(wanted: int) -> int:
        address = f"{slow.address}/runs/{run}/hls/video.m3u8"
        return httpx.get(address, params={"_HLS_msn": wanted}, timeout=30).text.count("#EXTINF")

    with ThreadPoolExecutor(12) as pool:
        got = list(pool.map(reload, [known, known + 1] * 6))
    assert all(count > wanted for count, wanted in zip(got, [known, known + 1] * 6, strict=True))


def test_a_player_that_leaves_while_it_waits_takes_nothing_from_the_others(slow: Hosted) -> None:
    run = slow.start()
    address = f"{slow.address}/runs/{run}/hls/main.m3u8"
    with ThreadPoolExecutor(1) as pool:
        stays = pool.submit(httpx.get, address, timeout=30)
        with suppress(httpx.ReadTimeout):
            httpx.get(address, timeout=httpx.Timeout(10, read=0.1))
        assert stays.result().status_code == 200
