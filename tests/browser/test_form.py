"""A real browser fills in the form of a workflow and looks at what a run has left."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from murakkab.engine import RunRecord
from murakkab.engine.feed import RunFeed
from tests.browser.test_play import program
from tests.cli.conftest import SAY
from tests.cli.test_options import ALL_TYPES
from tests.server.hosting import Hosted, hosted

pytestmark = [pytest.mark.browser, pytest.mark.alone]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """A server with a workflow that has every type of input, one with problems, and a run that left something."""
    folder = tmp_path_factory.mktemp("workflows")
    (folder / "types.yaml").write_text(ALL_TYPES, encoding="utf-8")
    (folder / "bad.yaml").write_text(SAY.replace("inputs.text", "inputs.txt"), encoding="utf-8")
    with hosted(tmp_path_factory.mktemp("runs"), tmp_path_factory.mktemp("show"), workflows=folder) as running:
        _finished_run(running)
        yield running


def _finished_run(server: Hosted) -> None:
    record = RunRecord(run="say-1", workflow="say", created="2026-01-01T00:00:00Z", status="succeeded", title="Said")
    folder = server.engine.store.create(record).resolve()
    (folder / "speech.wav").write_bytes(b"RIFF")
    (folder / "scene.png").write_bytes(b"PNG")
    turns = [{"text": f"<b>turn</b> {n}", "speaker": "Ada", "audio": str(folder / "speech.wav")} for n in range(2)]
    outputs = {
        "answer": "one\ntwo",
        "turns": turns,
        "scene": str(folder / "scene.png"),
        "numbers": [1, 2, 3],
        "words": ["word"] * 60,
    }
    feed = RunFeed(folder / "events.jsonl", "say-1", time.time())
    feed.send("run.finished", time.time(), status="succeeded", video=None, outputs=outputs, made_in_s=1.0, error="")
    feed.close()


@pytest.fixture(scope="module")
def seen(server: Hosted, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    executable = program("chromium")
    folder = tmp_path_factory.mktemp("seen")
    (folder / "note.txt").write_text("noted")
    pictures = os.environ.get("MURAKKAB_SCREENSHOTS", str(folder))
    arguments = [server.address, "types", str(folder / "note.txt"), "say-1", pictures, str(folder / "profile")]
    done = subprocess.run(
        ["node", "form.mjs", "chromium", executable, *arguments],
        cwd=Path(__file__).parent, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_the_form_is_made_of_the_typed_inputs(seen: dict[str, Any]) -> None:
    fields = seen["form"]["fields"]
    assert ["types", True] in seen["form"]["cards"]
    assert ["podcast", False] in seen["form"]["cards"]
    assert {name: field["type"] for name, field in fields.items()} == {
        "words": "text", "class": "text", "share": "number", "port": "number", "loud": "checkbox",
        "mood": "select-one", "first_file": "file", "run-seed": "number",
    }  # fmt: skip
    assert [name for name, field in fields.items() if field["required"]] == ["words"]
    assert (fields["share"]["min"], fields["share"]["max"], fields["share"]["value"]) == ("0", "1", "0.5")
    assert "What is said" in fields["words"]["label"]
    assert "A file" in fields["first_file"]["label"]
    assert seen["form"]["broken"] == ["bad.yaml"]


def test_a_needed_input_is_asked_for_before_anything_is_sent(seen: dict[str, Any]) -> None:
    assert seen["refused"] == "words"


def test_what_was_filled_in_reaches_the_run(seen: dict[str, Any], server: Hosted) -> None:
    assert seen["made"]["path"].startswith("/runs/types-")
    given = server.engine.inputs
    expected = {"words": "hello", "mood": "merry", "loud": False, "share": 0.5, "class": "first", "port": 3}
    assert {name: given[name] for name in expected} == expected
    assert server.engine.received == {"first_file": b"noted"}


def test_a_run_without_a_stream_shows_no_player(seen: dict[str, Any]) -> None:
    assert seen["made"]["pictures"] == 0


def test_results_are_shown_as_what_they_are(seen: dict[str, Any]) -> None:
    results = seen["results"]
    assert "one\ntwo" in results["text"]
    assert "<b>turn</b> 1" in results["text"]
    assert "1, 2, 3" in results["text"]
    assert results["sounds"] == 2
    assert results["images"] == ["/runs/say-1/outputs/1/scene.png"]
    assert "/runs/say-1/outputs/0/speech.wav?download" in results["links"]
    assert "Show 20 more" in results["text"]
    assert seen["faults"] == []
