"""The page of a command: who watches, and how long the command stays for them."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from murakkab.cli import page
from murakkab.cli.page import Audience, Page
from murakkab.cli.requests import RunOptions
from murakkab.engine import Engine, EngineOptions, RunRecord
from murakkab.engine.players import GONE_S
from tests.server.hosting import half_sent

from .conftest import Invoke, start

REPORT = {"playing": True, "ttff_s": 0.5, "first_content_s": 0.5, "first_speech_s": 0.7, "stall_s": 0.0, "stalls": 0}


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """An engine with one run that has been made."""
    engine = Engine(EngineOptions(runs=tmp_path))
    engine.store.create(RunRecord(run="say-1", workflow="say", created="2026-01-01T00:00:00Z", status="succeeded"))
    return engine


def test_a_player_has_the_rest_of_the_episode_before_it(engine: Engine) -> None:
    audience = Audience(engine)
    assert audience.unplayed("say-1", 10.0) == 0.0
    asyncio.run(audience.playback("say-1", {**REPORT, "position_s": 4.0}))
    assert audience.unplayed("say-1", 10.0) == 6.0
    assert audience.unplayed("say-2", 10.0) == 0.0
    assert engine.store.record("say-1").measured_by == "player"
    asyncio.run(audience.playback("say-1", {**REPORT, "position_s": 10.0, "ended": True}))
    assert audience.unplayed("say-1", 10.0) == 0.0


def test_a_silent_player_is_gone(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    audience = Audience(engine)
    asyncio.run(audience.playback("say-1", {**REPORT, "position_s": 4.0}))
    now = time.monotonic()
    monkeypatch.setattr(page.time, "monotonic", lambda: now + GONE_S + 1)
    assert audience.unplayed("say-1", 10.0) == 0.0


def test_the_command_stays_until_the_player_has_ended(engine: Engine) -> None:
    async def watch() -> float:
        shown = Page(engine, RunOptions(runs=engine.options.runs, quiet=True))
        address = await shown._serve()
        await asyncio.to_thread(_post, f"{address}/api/runs/say-1/playback", {**REPORT, "position_s": 1.0})
        staying = asyncio.ensure_future(shown.stay("say-1", 60.0))
        await asyncio.sleep(0.5)
        assert not staying.done()
        began = time.monotonic()
        ended = {**REPORT, "position_s": 60.0, "ended": True}
        await asyncio.to_thread(_post, f"{address}/api/runs/say-1/playback", ended)
        await staying
        took = time.monotonic() - began
        await shown.close()
        return took

    assert asyncio.run(watch()) < 2.0


def test_nobody_watching_is_not_waited_for(engine: Engine) -> None:
    async def leave() -> float:
        shown = Page(engine, RunOptions(runs=engine.options.runs, quiet=True))
        await shown.show("say-1")
        began = time.monotonic()
        await shown.stay("say-1", 60.0)
        took = time.monotonic() - began
        await shown.close()
        return took

    assert asyncio.run(leave()) < 1.0


def test_no_browser_serves_nothing(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    async def show() -> None:
        shown = Page(engine, RunOptions(browser=False))
        await shown.show("say-1")
        await shown.close()

    asyncio.run(show())
    assert capsys.readouterr().err == ""


def _post(url: str, body: dict[str, object]) -> None:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=10):
        pass


def wait_until_refused(address: str) -> None:
    """Ask until a server takes no more uploads; it answers otherwise while another one has not yet got there."""
    body = b'--b\r\nContent-Disposition: form-data; name="workflow"\r\n\r\nnone\r\n--b--\r\n'
    kind = {"content-type": "multipart/form-data; boundary=b"}
    for _ in range(1000):
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(urllib.request.Request(f"{address}/api/runs", body, kind), timeout=10)
        with refusal.value as answer:
            if answer.code == 429:
                return
        time.sleep(0.02)
    raise AssertionError("the server takes any number of uploads")


def test_serve_answers_takes_submissions_and_stops_on_an_interrupt(tmp_path: Path, invoke: Invoke) -> None:
    process = start("serve", "--port", "0", "--max-uploads", "1", "--max-runs", "7", folder=tmp_path)
    assert process.stderr is not None
    line = process.stderr.readline()
    address = re.search(r"http://[\d.:]+", line)
    assert address, line
    with urllib.request.urlopen(f"{address[0]}/api/workflows", timeout=10) as answer:
        assert "podcast" in [w["name"] for w in json.load(answer)["workflows"]]
    refused = invoke("run", "podcast", "--topic", "tides", "--llm", "http://127.0.0.1:1", "--server", address[0])
    assert refused.code == 2
    with half_sent(address[0]):
        wait_until_refused(address[0])
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err
