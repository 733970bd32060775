from __future__ import annotations

import re
from pathlib import Path

import pytest

import hatch_build
from murakkab.server.app import STATIC
from tests.server.hosting import Hosted

SCRIPTS = sorted(path.name for path in (STATIC / "js").glob("*.js"))
UNSAFE = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|https?://(?!www\.w3\.org)"
)


def test_serves_one_page_for_the_start_and_for_each_run(server: Hosted) -> None:
    run = server.start()
    with server.client() as client:
        start, watch = client.get("/"), client.get(f"/runs/{run}")
    assert start.text == watch.text
    assert start.headers["content-type"].startswith("text/html")


def test_serves_the_page_for_an_unknown_run_as_not_found(server: Hosted) -> None:
    with server.client() as client:
        answer = client.get("/runs/none")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


def test_all_that_the_page_names_is_there(server: Hosted) -> None:
    with server.client() as client:
        named = re.findall(r'(?:href|src)="(/static/[^"]+)"', client.get("/").text)
        assert len(named) > 10
        assert {path: client.get(path).status_code for path in named} == dict.fromkeys(named, 200)


def test_loads_its_modules_at_once() -> None:
    page = (STATIC / "index.html").read_text()
    assert [name for name in SCRIPTS if f"/static/js/{name}" not in page] == []


def test_has_no_inline_script_or_style() -> None:
    page = (STATIC / "index.html").read_text()
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", page) == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_puts_only_text_into_the_page_and_loads_nothing_foreign(name: str) -> None:
    assert UNSAFE.findall((STATIC / "js" / name).read_text()) == []


def test_the_vendored_player_is_kept_when_it_is_the_pinned_one(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"dependencies": {"hls.js": "9.9.9"}}')
    target = tmp_path / hatch_build.VENDOR
    target.mkdir(parents=True)
    for name in (*hatch_build.FILES.values(), hatch_build.STAMP):
        (target / name).write_text("9.9.9")
    assert hatch_build.vendor_hls(tmp_path) is False


def test_says_what_to_do_without_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "package.json").write_text('{"dependencies": {"hls.js": "9.9.9"}}')
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit) as fault:
        hatch_build.vendor_hls(tmp_path)
    assert "install Node.js" in str(fault.value)
    assert "hls.min.mjs" in str(fault.value)


def test_the_lock_file_names_no_private_registry() -> None:
    lock = (Path(hatch_build.__file__).parent / "package-lock.json").read_text()
    addresses = re.findall(r'"resolved": "([^"]+)"', lock)
    assert [a for a in addresses if not a.startswith("https://registry.npmjs.org/")] == []
