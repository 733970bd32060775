from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from murakkab.server.headers import SECURITY
from murakkab.server.uploads import safe_name
from tests.server.hosting import UPLOAD_LIMIT, Hosted


@pytest.fixture
def client(server: Hosted) -> Iterator[httpx.Client]:
    with server.client() as found:
        yield found


def events_of(client: httpx.Client, run: str, **request: Any) -> list[dict[str, Any]]:
    """All events of a run, each with the id under which it was sent."""
    lines = client.get(f"/api/runs/{run}/events", **request).text.splitlines()
    ids = [int(line.removeprefix("id: ")) for line in lines if line.startswith("id: ")]
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert ids == [event["seq"] for event in events]
    return events


def test_describes_the_inputs_of_each_workflow(client: httpx.Client) -> None:
    answer = client.get("/api/workflows").json()
    podcast = next(w for w in answer["workflows"] if w["name"] == "podcast")
    assert podcast["inputs"]["duration"] == podcast["inputs"]["duration"] | {
        "type": "number",
        "minimum": 10,
        "maximum": 3600,
        "default": 60,
    }
    assert podcast["inputs"]["source"]["type"] == "document"
    assert answer["upload_limit"] == UPLOAD_LIMIT


def test_starts_a_run_and_lists_it(server: Hosted, client: httpx.Client) -> None:
    topic = "مرحبا 😺 <script>"
    run = server.start(topic)
    assert {record["run"]: record["title"] for record in client.get("/api/runs").json()["runs"]}[run] == topic
    events_of(client, run)
    record = client.get(f"/api/runs/{run}").json()
    assert record["status"] == "succeeded"
    assert record["files"] == ["episode.mp4", "transcript.txt"]


def test_passes_inputs_on_checked(server: Hosted, client: httpx.Client) -> None:
    inputs = {"topic": "Cats", "duration": 30, "fps": 30}
    assert client.post("/api/runs", json={"workflow": "podcast", "inputs": inputs}).status_code == 201
    assert {name: server.engine.inputs[name] for name in inputs} == inputs


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"workflow": "podcast", "inputs": {"duration": 5}}, 400, "duration"),
        ({"workflow": "podcast", "inputs": {"nonsense": 5}}, 400, "nonsense"),
        ({"workflow": "podcst", "inputs": {}}, 404, "podcst"),
        ({"workflow": "/etc/passwd", "inputs": {}}, 404, "/etc/passwd"),
        ({"workflow": "podcast", "inputs": {"source": "/etc/passwd"}}, 400, "source"),
        ({"workflow": "podcast", "inputs": []}, 400, "inputs"),
        ({"workflow": "podcast", "seed": "many"}, 400, "seed"),
        ([], 400, "object"),
    ],
)
def test_says_what_is_wrong_with_a_request(client: httpx.Client, body: Any, status: int, words: str) -> None:
    answer = client.post("/api/runs", json=body)
    assert answer.status_code == status
    assert words in answer.json()["error"]
    assert answer.json()["fix"]


def test_refuses_what_is_not_json(client: httpx.Client) -> None:
    assert client.post("/api/runs", content=b"{", headers={"content-type": "application/json"}).status_code == 400
    assert client.post("/api/runs", content=b"topic=Cats").status_code == 415


def test_takes_uploaded_files(server: Hosted, client: httpx.Client) -> None:
    files = {"source": ("../../etc/Annual report.PDF", b"%PDF-1.7 cats")}
    data = {"workflow": "podcast", "inputs": json.dumps({"topic": "Cats", "duration": 20}), "seed": "7"}
    answer = client.post("/api/runs", data=data, files=files)
    assert answer.status_code == 201, answer.text
    assert server.engine.received == {"source": b"%PDF-1.7 cats"}
    assert server.engine.inputs["duration"] == 20
    assert str(server.engine.inputs["source"]).endswith("/Annual report.pdf")
    assert client.get(f"/api/runs/{answer.json()['run']}").json()["seed"] == 7


def test_refuses_a_file_that_the_workflow_does_not_take(client: httpx.Client) -> None:
    answer = client.post("/api/runs", data={"workflow": "podcast"}, files={"virus": ("a.txt", b"x")})
    assert answer.status_code == 400
    assert "virus" in answer.json()["error"]


def test_refuses_a_declared_large_upload(client: httpx.Client) -> None:
    # The server answers before it has read the body, so the client may find the connection closed while it sends.
    try:
        answer = client.post("/api/runs", files={"source": ("a.txt", b"x" * (UPLOAD_LIMIT + 1))})
    except (httpx.WriteError, httpx.RemoteProtocolError):
        answer = client.post("/api/runs", headers={"content-length": str(UPLOAD_LIMIT + 1), **MULTIPART})
    assert answer.status_code == 413
    assert "larger" in answer.json()["error"]


MULTIPART = {"content-type": "multipart/form-data; boundary=b"}


def test_refuses_an_undeclared_large_upload(server: Hosted, client: httpx.Client) -> None:
    def body() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="source"; filename="a.txt"\r\n\r\n'
        for _ in range(UPLOAD_LIMIT // 2**16 + 2):
            yield b"x" * 2**16

    before = len(server.engine.store.list())
    with suppress(httpx.WriteError, httpx.RemoteProtocolError):  # refused while the client was still sending
        assert client.post("/api/runs", content=body(), headers=MULTIPART).status_code == 413
    assert len(server.engine.store.list()) == before


def test_resumes_events_where_they_broke_off(server: Hosted, client: httpx.Client) -> None:
    run = server.start()
    whole = events_of(client, run)
    assert [e["seq"] for e in whole] == list(range(1, len(whole) + 1))
    assert whole[-1]["event"] == "run.finished"
    assert events_of(client, run, headers={"last-event-id": "3"}) == whole[3:]
    assert events_of(client, run, params={"after": "5"}) == whole[5:]
    assert events_of(client, run, params={"after": str(len(whole))}) == []
    assert client.get(f"/api/runs/{run}/events?after=x").status_code == 400


def test_hands_on_what_the_player_measured(server: Hosted, client: httpx.Client) -> None:
    run = server.start()
    report = {"position_s": 1.5, "playing": True, "ttff_s": 0.4, "stall_s": 0.0}
    assert client.post(f"/api/runs/{run}/playback", json=report).status_code == 204
    assert server.engine.reports[-1] | report == server.engine.reports[-1]
    assert "position_s" in client.post(f"/api/runs/{run}/playback", json={}).json()["error"]


def test_says_in_json_that_it_failed(server: Hosted, client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: Any, **__: Any) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(server.engine, "submit", full)
    answer = client.post("/api/runs", json={"workflow": "podcast"})
    assert answer.status_code == 500
    assert "No space left" in answer.json()["error"]
    assert answer.headers.items() >= SECURITY.items(), "the browser is told as much as by any other answer"


def test_cancels_a_run(server: Hosted, client: httpx.Client) -> None:
    run = server.start()
    assert client.post(f"/api/runs/{run}/cancel").status_code == 200
    assert events_of(client, run)[-1]["status"] == "cancelled"
    assert client.get(f"/api/runs/{run}").json()["status"] == "cancelled"


@pytest.mark.parametrize("path", ["/api/runs/none", "/api/runs/none/events", "/runs/none/hls/main.m3u8"])
def test_knows_no_such_run(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "none" in answer.json()["error"]


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("C:\\files\\Paper (final).PDF", "Paper -final.pdf"),
        ("../../.ssh/id", "id"),
        ("..", "file."),
        ("مقال.txt", "مقال.txt"),
        ("a" * 300 + ".md", "a" * 60 + ".md"),
        ("\0.t\nx/t", "t"),
    ],
)
def test_makes_file_names_safe(given: str, safe: str) -> None:
    assert safe_name(given) == safe
