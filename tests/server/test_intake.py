"""How much a server takes at once, and what it says where that is too much."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from murakkab import cli
from murakkab.server.intake import Limits
from tests.server.hosting import UPLOAD_LIMIT, Hosted, half_sent, hosted

POST = {"workflow": "podcast"}


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory, scratch: Path) -> Iterator[Hosted]:
    """A server that receives one upload and makes two runs, of which none ends by itself."""
    limits = Limits(UPLOAD_LIMIT, uploads=1, runs=2)
    with hosted(tmp_path_factory.mktemp("narrow"), scratch, lead_s=600.0, limits=limits) as server:
        yield server


def refused(answer: httpx.Response) -> str:
    assert answer.status_code == 429, answer.text
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["fix"]
    return str(answer.json()["error"])


def until_taken(client: httpx.Client, *, taken: bool, **request: object) -> httpx.Response:
    """Ask until the server takes it, or refuses it: what others send or leave gets there in its own time."""
    until = time.monotonic() + 60
    while (answer := client.post("/api/runs", **request)).is_success != taken:  # type: ignore[arg-type]
        if answer.is_success:
            client.post(f"/api/runs/{answer.json()['run']}/cancel")
        assert time.monotonic() < until, answer.text
        time.sleep(0.02)
    return answer


def test_uploads_beyond_the_limit_are_refused_and_requests_without_files_are_not(narrow: Hosted) -> None:
    upload = {"data": POST, "files": {"source": ("a.txt", b"Cats sleep.")}}
    with narrow.client() as client:
        with half_sent(narrow.address):
            assert "1 uploads" in refused(until_taken(client, taken=False, **upload))
            run = client.post("/api/runs", json=POST).json()["run"]
        client.post(f"/api/runs/{run}/cancel")
        run = until_taken(client, taken=True, **upload).json()["run"]
        client.post(f"/api/runs/{run}/cancel")


def test_runs_beyond_the_limit_are_refused_until_one_has_ended(narrow: Hosted) -> None:
    with narrow.client() as client:
        first, second = (until_taken(client, taken=True, json=POST).json()["run"] for _ in range(2))
        assert "2 runs" in refused(client.post("/api/runs", json=POST))
        client.post(f"/api/runs/{first}/cancel")
        third = client.post("/api/runs", json=POST)
        assert third.status_code == 201
        assert "2 runs" in refused(client.post(f"/api/runs/{first}/resume"))
        client.post(f"/api/runs/{second}/cancel")
        assert client.post(f"/api/runs/{first}/resume").status_code == 200
        assert "2 runs" in refused(client.post("/api/runs", json=POST))
        for run in (first, third.json()["run"]):
            client.post(f"/api/runs/{run}/cancel")


def test_a_run_that_is_refused_is_no_fault_of_who_asks(
    narrow: Hosted, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["murakkab", "run", "podcast", "--topic", "tides", "--server", narrow.address])
    with narrow.client() as client:
        runs = [client.post("/api/runs", json=POST).json()["run"] for _ in range(2)]
        with pytest.raises(SystemExit) as ended:
            cli.main()
        for run in runs:
            client.post(f"/api/runs/{run}/cancel")
    assert ended.value.code == 1
    assert "this server makes 2 runs already" in capfd.readouterr().err


def test_a_request_that_was_refused_holds_no_place(narrow: Hosted) -> None:
    with narrow.client() as client:
        for _ in range(5):
            assert client.post("/api/runs", json={"workflow": "none"}).status_code == 404
        runs = [client.post("/api/runs", json=POST) for _ in range(2)]
        assert [answer.status_code for answer in runs] == [201, 201]
        for answer in runs:
            client.post(f"/api/runs/{answer.json()['run']}/cancel")
