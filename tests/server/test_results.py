"""What a run leaves, through the real server: outputs with their files as links, confined to the run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from murakkab.engine import RunRecord
from murakkab.engine.feed import RunFeed
from tests.server.hosting import Hosted

RUN = "say-1"


@pytest.fixture(scope="module")
def finished(server: Hosted) -> Path:
    """The folder of a run that has ended with a text, a number and files."""
    store = server.engine.store
    folder = store.create(
        RunRecord(run=RUN, workflow="say", created="2026-01-01T00:00:00Z", status="succeeded")
    ).resolve()
    (folder / "speech.wav").write_bytes(b"RIFF")
    (folder / "page.html").write_text("<script>alert(1)</script>")
    (folder / "artifacts" / f"{'ab' * 32}.png").write_bytes(b"PNG")
    (store.root / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(store.root.resolve() / "secret.txt")
    outputs: dict[str, Any] = {
        "answer": "forty-two",
        "speech": [{"audio": str(folder / "speech.wav"), "seconds": 1.5}, {"audio": str(folder / "speech.wav")}],
        "picture": str(folder / "artifacts" / f"{'ab' * 32}.png"),
        "page": str(folder / "page.html"),
        "outside": [str(store.root.resolve() / "secret.txt"), str(folder / "link.txt"), f"{folder}/../secret.txt"],
        "none": None,
    }
    feed = RunFeed(folder / "events.jsonl", RUN, time.time())
    feed.send("run.finished", time.time(), status="succeeded", video=None, outputs=outputs)
    feed.close()
    return folder


@pytest.fixture
def told(server: Hosted, finished: Path) -> dict[str, Any]:
    with server.client() as client:
        answer = client.get(f"/api/runs/{RUN}").json()
    assert answer["stream"] is False
    return dict(answer["outputs"])


def test_values_stay_and_files_become_links(told: dict[str, Any]) -> None:
    assert told["answer"] == "forty-two"
    assert told["none"] is None
    link = told["speech"][0]["audio"]
    assert link == {"file": "speech.wav", "url": f"/runs/{RUN}/outputs/0/speech.wav", "type": "audio/wav", "bytes": 4}
    assert told["speech"][1]["audio"] == link
    assert told["picture"]["file"] == f"{'ab' * 6}.png"


def test_links_lead_to_the_files(server: Hosted, told: dict[str, Any]) -> None:
    with server.client() as client:
        shown = client.get(told["picture"]["url"])
        assert (shown.content, shown.headers["content-type"]) == (b"PNG", "image/png")
        assert "content-disposition" not in shown.headers
        assert "attachment" in client.get(told["picture"]["url"] + "?download").headers["content-disposition"]
        assert client.get(told["speech"][0]["audio"]["url"], headers={"range": "bytes=1-2"}).content == b"IF"


def test_a_page_that_a_workflow_made_is_saved_and_never_run(server: Hosted, told: dict[str, Any]) -> None:
    with server.client() as client:
        answer = client.get(told["page"]["url"])
    assert "attachment" in answer.headers["content-disposition"]
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "script-src" not in answer.headers["content-security-policy"]


def test_files_outside_the_run_stay_there(server: Hosted, told: dict[str, Any]) -> None:
    assert all(isinstance(value, str) for value in told["outside"])
    with server.client() as client:
        for path in (
            "0/secret.txt",
            "0/../run.json",
            "9/speech.wav",
            "x/speech.wav",
            "0/run.json",
            "0/%2e%2e%2frun.json",
        ):
            answer = client.get(f"/runs/{RUN}/outputs/{path}")
            assert answer.status_code == 404
            assert "secret" not in answer.text.replace("secret.txt", "")


def test_a_run_that_plays_says_so(server: Hosted) -> None:
    run = server.start()
    with server.client() as client:
        client.get(f"/api/runs/{run}/events")
        answer = client.get(f"/api/runs/{run}").json()
    assert (answer["stream"], answer["outputs"]) == (True, {})


def test_a_run_without_events_has_no_outputs(server: Hosted) -> None:
    server.engine.store.create(RunRecord(run="say-2", workflow="say", created="2026-01-01T00:00:00Z"))
    assert httpx.get(f"{server.address}/api/runs/say-2", timeout=10).json()["outputs"] == {}
