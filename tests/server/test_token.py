"""A server that other machines reach asks for a token."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from murakkab.engine import UserError
from murakkab.server import serve
from murakkab.server.playlists import with_token
from tests.server.hosting import Hosted, hosted
from tests.server.rehearsal import Rehearsal

TOKEN = "only-for-friends+/="
HTML = {"accept": "text/html,*/*"}


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory, scratch: Path) -> Iterator[Hosted]:
    with hosted(tmp_path_factory.mktemp("runs"), scratch, token=TOKEN) as running:
        yield running


@pytest.fixture(scope="module")
def run(closed: Hosted) -> str:
    asked = {"workflow": "podcast", "inputs": {"topic": "Cats"}}
    answer = httpx.post(f"{closed.address}/api/runs", json=asked, headers=bearer(TOKEN), timeout=20)
    assert answer.status_code == 201
    return str(answer.json()["run"])


STRANGERS = [
    {},
    bearer("wrong"),
    bearer(TOKEN[:-1]),
    {"authorization": f"Basic {TOKEN}"},
    {"cookie": f"x={TOKEN}"},
]


@pytest.mark.parametrize("path", ["/", "/runs/none", "/static/js/app.js", "/api/runs", "/api/openapi.json", "/nowhere"])
def test_nothing_is_served_without_it(closed: Hosted, path: str) -> None:
    with closed.client() as client:
        for headers in STRANGERS:
            answer = client.get(path, params={"token": ""}, headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert "token" in answer.json()["error"]


def test_a_program_brings_it_in_the_header(closed: Hosted, run: str) -> None:
    answer = httpx.get(f"{closed.address}/api/runs/{run}", headers=bearer(TOKEN), timeout=10)
    assert answer.json()["run"] == run


def test_a_browser_keeps_it_as_a_cookie_and_not_in_the_address(closed: Hosted) -> None:
    with httpx.Client(base_url=closed.address, headers=HTML, timeout=10) as browser:
        answer = browser.get("/", params={"token": TOKEN, "from": "mail"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/?from=mail")
        told = answer.headers["set-cookie"].lower()
        assert "httponly" in told
        assert "samesite=lax" in told
        assert browser.get("/").status_code == 200
        assert browser.get("/api/runs").status_code == 200
        assert browser.post("/api/runs", json=[], headers={"origin": "https://evil.example"}).status_code == 403


def test_the_redirect_leads_nowhere_else(closed: Hosted) -> None:
    answer = httpx.get(f"{closed.address}//evil.example/", params={"token": TOKEN}, headers=HTML, timeout=10)
    assert answer.headers["location"] == "/evil.example/"


def test_a_player_without_cookies_follows_the_playlist(closed: Hosted, run: str) -> None:
    with httpx.Client(base_url=f"{closed.address}/runs/{run}/hls/", timeout=20) as player:
        main = player.get("main.m3u8", params={"token": TOKEN}).text
        video = player.get(re.search(r"^video.*$", main, re.MULTILINE)[0]).text
        addresses = re.findall(r'URI="([^"]+)"', main + video) + re.findall(r"^[^#\s].*$", main + video, re.MULTILINE)
        assert len(addresses) > 3
        assert {player.get(address).status_code for address in addresses} == {200}
        assert player.get(addresses[0].partition("?")[0]).status_code == 401


def test_a_playlist_stays_as_it_is_without_a_token() -> None:
    assert with_token("#EXTM3U\nvideo.m3u8\n", "") == "#EXTM3U\nvideo.m3u8\n"


def test_no_address_of_other_machines_without_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="needs a token") as fault:
        asyncio.run(serve(Rehearsal(tmp_path, tmp_path), "0.0.0.0", 0))
    assert "MURAKKAB_TOKEN" in fault.value.fix


def test_a_short_token_is_bad_usage(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "murakkab", "serve", "--token", "1234"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert answer.returncode == 2
    assert "token_urlsafe" in answer.stderr
    assert "1234" not in answer.stderr.replace("serve --token 1234", "")


def test_a_run_is_sent_to_a_server_with_a_token(closed: Hosted, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "murakkab", "run", "podcast", "--topic", "Cats", "--server", closed.address]
    for token, code, words in (("wrong-token-wrong", 2, "asks for its token"), (TOKEN, 0, "")):
        env = {**os.environ, "MURAKKAB_TOKEN": token}
        answer = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
        assert answer.returncode == code, answer.stderr
        assert words in answer.stderr
