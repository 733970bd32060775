"""Real browsers watch a run while it is being made."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.server.hosting import Hosted, hosted
from tests.server.rehearsal import CHAPTERS, NEWS, NODES, SPEECH_FROM, TURNS

pytestmark = [pytest.mark.browser, pytest.mark.alone]

ROOT = Path(__file__).parents[2]
PROGRAMS = {"chromium": ("chromium", "google-chrome"), "firefox": ("firefox-esr", "firefox")}
TOPIC = "لماذا تخرخر القطط؟ 😺 <i>purr</i>"
LEAD_S = 0.3
SHOW_S = sum(sum(lengths) for _, _, lengths, _ in TURNS)


class Watched(NamedTuple):
    """What a browser saw, and the server behind it."""

    seen: dict[str, Any]
    server: Hosted

    @property
    def samples(self) -> list[dict[str, Any]]:
        return list(self.seen["samples"])

    @property
    def report(self) -> dict[str, Any]:
        """What the player said last."""
        return self.server.engine.reports[-1]


def missing(what: str, remedy: str) -> None:
    """Skip, or fail where browsers are a must."""
    message = f"{what} is missing; {remedy}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def program(browser: str) -> str:
    found = next(filter(None, map(shutil.which, PROGRAMS[browser])), None)
    if found is None:
        missing(browser, f"run: apt-get install {PROGRAMS[browser][0]}")
    if shutil.which("node") is None:
        missing("node", "run: apt-get install nodejs npm")
    if not (ROOT / "node_modules" / "puppeteer-core").is_dir():
        missing("puppeteer-core", "run: npm ci")
    return str(found)


def watch(browser: str, server: Hosted, folder: Path) -> Watched:
    """Ask for an episode on the page and watch it to its end. Pictures go to ``folder``."""
    pictures = Path(os.environ.get("MURAKKAB_SCREENSHOTS", folder)) / browser
    command = ["node", "play.mjs", browser, program(browser), server.address, TOPIC, str(pictures)]
    done = subprocess.run(
        [*command, str(folder / "profile")],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert Path(f"{pictures}-playing.png").stat().st_size > 10_000
    return Watched(json.loads(done.stdout), server)


@pytest.fixture(scope="module", params=PROGRAMS)
def watched(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    program(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    with hosted(folder / "runs", folder / "show", lead_s=LEAD_S, pace=0.6) as server:
        yield watch(request.param, server, folder)


def test_plays_from_the_first_segment_while_the_rest_is_made(watched: Watched) -> None:
    growing = [s for s in watched.samples if s["time"] > 0 and not s["complete"]]
    assert len(growing) >= 5
    assert growing[0]["segments"] < 6
    assert growing[-1]["time"] > growing[0]["time"] + 0.5
    assert all(s["width"] == 640 and s["brightest"] > 100 for s in growing)


def test_plays_to_the_end_with_sound_and_without_a_wait(watched: Watched) -> None:
    times = [s["time"] for s in watched.samples]
    assert times == sorted(times)
    assert watched.samples[-1]["ended"]
    assert times[-1] == pytest.approx(SHOW_S, abs=0.2)
    assert not any(s["muted"] for s in watched.samples)
    assert watched.report["stall_s"] == pytest.approx(0, abs=0.05)


def test_reports_what_the_viewer_got(watched: Watched) -> None:
    report = watched.report
    assert LEAD_S < report["ttff_s"] < LEAD_S + 3
    assert report["first_speech_s"] - report["ttff_s"] == pytest.approx(SPEECH_FROM, abs=0.25)
    assert report["first_content_s"] >= report["ttff_s"]
    assert any(said["ended"] for said in watched.server.engine.reports)
    assert watched.seen["page"]["measures"]["First frame"] == f"{report['ttff_s']:.2f} s"
    assert len(watched.server.engine.reports) >= 4


def test_shows_captions_and_marks_the_turn_on_air(watched: Watched) -> None:
    texts = [text for _, text, _, _ in TURNS]
    assert list(dict.fromkeys(c for s in watched.samples for c in s["captions"])) == texts
    assert list(dict.fromkeys(s["turn"] for s in watched.samples if s["turn"])) == texts


def test_shows_plan_transcript_and_sources(watched: Watched) -> None:
    page = watched.seen["page"]
    assert page["title"] == TOPIC
    assert page["turns"] == [text for _, text, _, _ in TURNS]
    assert page["sources"] == ["Cats purr at 25 Hz."]
    assert page["nodes"] == ["outline", "script", "scene", "speech", "hosts", "package"]
    assert page["chapters"] == [f"0:0{start}{title}" for start, title in zip((0, 2, 5), CHAPTERS, strict=True)]
    assert page["downloads"] == ["Video", "Transcript"]
    assert "machine" in page["about"][0]
    assert "drawn" in page["about"][0]
    assert "synthetic" in page["about"][0]


def test_tells_what_became_of_the_plan(watched: Watched) -> None:
    new, wait = watched.seen["page"]["news"]
    speech = next(model for node, model, _, _ in NODES if node == "speech")
    assert new == f"0:00New plan{NEWS} (speech: {speech} to other)"
    assert wait == f"0:00Waiting{NEWS}"
    models = {node: model for node, model, _, _ in NODES} | {"speech": "other"}
    assert watched.seen["page"]["models"] == list(models.values())


def test_runs_no_foreign_code(watched: Watched) -> None:
    assert watched.seen["page"]["elements"] == 0
    assert watched.seen["page"]["foreign"] == []
    assert watched.seen["faults"] == []


def test_obeys_the_keyboard_and_counts_no_seek_as_a_wait(watched: Watched) -> None:
    keys = watched.seen["keys"]
    assert keys["muted"]
    assert not keys["captions"]
    assert SHOW_S - 5.5 < keys["time"] < SHOW_S - 2
    assert watched.report["rate"] == 1.25
    assert watched.report["stall_s"] == pytest.approx(0, abs=0.05)


def test_begins_when_it_has_enough_and_measures_the_wait_when_making_is_too_slow(tmp_path: Path) -> None:
    program("chromium")
    with hosted(tmp_path / "runs", tmp_path / "show", lead_s=LEAD_S, pace=1.4) as server:
        server.engine.pause_s = 5.0
        watched = watch("chromium", server, tmp_path)
    playing = [s for s in watched.samples if s["time"] > 0]
    first, last = playing[0], playing[-1]
    assert first["segments"] >= 6, "four seconds, for it is made more slowly than it plays"
    assert watched.report["ttff_s"] > LEAD_S + 3
    waited = (last["at"] - first["at"]) - (last["time"] - first["time"])
    assert waited > 1
    assert watched.report["stall_s"] == pytest.approx(waited, abs=0.6)
    assert watched.report["stalls"] >= 1
