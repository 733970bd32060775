from __future__ import annotations

import http.client
from pathlib import Path

import pytest

from murakkab.server.security import is_trusted_host
from tests.server.hosting import Hosted

POST = {"workflow": "podcast", "inputs": {"topic": "Cats"}}


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:80", "192.168.1.7:8000", "LOCALHOST"])
def test_trusts_addresses_and_localhost(host: str) -> None:
    assert is_trusted_host(host, ())


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8000", "localhost.evil.example", "", "[::1"])
def test_distrusts_names_that_may_be_rebound(host: str) -> None:
    assert not is_trusted_host(host, ())


def test_trusts_a_name_that_was_allowed() -> None:
    assert is_trusted_host("studio:8000", {"studio"})


def test_refuses_a_rebound_host(server: Hosted) -> None:
    with server.client() as client:
        answer = client.get("/api/runs", headers={"host": "evil.example"})
    assert answer.status_code == 403
    assert "evil.example" in answer.json()["error"]
    assert answer.json()["fix"]


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}],
)
def test_refuses_a_request_of_another_site(server: Hosted, headers: dict[str, str]) -> None:
    with server.client() as client:
        assert client.post("/api/runs", json=POST, headers=headers).status_code == 403


def test_accepts_a_request_of_its_own_page(server: Hosted) -> None:
    headers = {"origin": server.address, "sec-fetch-site": "same-origin"}
    with server.client() as client:
        assert client.post("/api/runs", json=POST, headers=headers).status_code == 201


def test_allows_no_inline_script_and_no_foreign_reader(server: Hosted) -> None:
    with server.client() as client:
        for path in ("/", "/api/runs", "/static/js/app.js", "/nowhere"):
            headers = client.get(path, headers={"origin": "https://evil.example"}).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert "access-control-allow-origin" not in headers


SECRETS = [
    "/runs/{run}/../../secret.txt",
    "/runs/..%2f..%2fsecret.txt",
    "/runs/%2e%2e/hls/main.m3u8",
    "/runs/{run}/hls/..%2frun.json",
    "/runs/{run}/hls/..%2f..%2f..%2fsecret.txt",
    "/runs/{run}/hls/link.vtt",
    "/runs/{run}/hls/%00.vtt",
    "/runs/{run}/run.json",
    "/runs/{run}/hls/.main.m3u8",
    "/static/../app.py",
    "/static/%2e%2e/app.py",
    "/static/..%2fapp.py",
    "/api/runs/..%2f",
    "/api/runs/%2e%2e/events",
]


@pytest.fixture(scope="module")
def run_with_secret(server: Hosted) -> str:
    run = server.start()
    root = server.engine.store.root
    (root.parent / "secret.txt").write_text("secret")
    (root / "secret.txt").write_text("secret")
    link = root / run / "hls" / "link.vtt"
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(root / "secret.txt")
    return run


@pytest.mark.parametrize("path", SECRETS)
def test_serves_no_file_outside_its_folders(server: Hosted, run_with_secret: str, path: str) -> None:
    connection = http.client.HTTPConnection(server.address.removeprefix("http://"), timeout=10)
    connection.request("GET", path.format(run=run_with_secret))
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == 404
    assert b"secret" not in body.replace(b"secret.txt", b"")
    assert b"error" in body


def test_serves_what_is_inside(server: Hosted, run_with_secret: str) -> None:
    real = Path(server.engine.store.root / run_with_secret / "hls" / "real.vtt")
    real.write_text("WEBVTT")
    with server.client() as client:
        assert client.get(f"/runs/{run_with_secret}/hls/real.vtt").text == "WEBVTT"
