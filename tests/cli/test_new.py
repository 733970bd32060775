"""The starters: what ``murakkab new`` writes is sound and really runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from .conftest import Invoke, start


@pytest.mark.parametrize(("flags", "source"), [((), "my-talk.yaml"), (("--python",), "my_talk.py")])
def test_a_starter_is_sound_and_commented(invoke: Invoke, tmp_path: Path, flags: tuple[str, ...], source: str) -> None:
    answer = invoke("new", "my-talk", *flags)
    assert answer.code == 0
    assert f"murakkab check {source}" in answer.out
    text = (tmp_path / source).read_text(encoding="utf-8")
    assert text.count("\n") < 70
    assert re.search(r"#.*\bonce for each", text)
    assert "starter" not in text
    checked = invoke("check", source)
    assert (checked.code, checked.err) == (0, "")
    assert checked.out.startswith("my-talk: Two voices")


def test_both_starters_are_one_workflow(invoke: Invoke) -> None:
    invoke("new", "talk")
    invoke("new", "talk", "--python")
    assert invoke("graph", "talk.yaml").out == invoke("graph", "talk.py:talk").out


def test_editors_find_the_schema_beside_the_file(invoke: Invoke, tmp_path: Path) -> None:
    invoke("new", "talk")
    text = (tmp_path / "talk.yaml").read_text(encoding="utf-8")
    name = text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    schema = json.loads((tmp_path / name).read_text(encoding="utf-8"))
    jsonschema.validate(yaml.safe_load(text), schema)


def test_a_shipped_workflow_can_be_the_start(invoke: Invoke, tmp_path: Path) -> None:
    assert invoke("new", "mine", "--from", "podcast").code == 0
    text = (tmp_path / "mine.yaml").read_text(encoding="utf-8")
    assert "$schema=workflow.schema.json" in text.splitlines()[0]
    assert invoke("check", "mine.yaml").out.startswith("mine: Two hosts")


def test_nothing_is_overwritten(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "talk.yaml").write_text("mine", encoding="utf-8")
    (tmp_path / "workflow.schema.json").write_text("mine", encoding="utf-8")
    answer = invoke("new", "talk")
    assert answer.code == 2
    assert "talk.yaml is there already" in answer.err
    assert invoke("new", "other").code == 0
    assert (tmp_path / "talk.yaml").read_text(encoding="utf-8") == "mine"
    assert (tmp_path / "workflow.schema.json").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    "arguments",
    [
        ("../x",),
        ("1st",),
        ("",),
        ("class", "--python"),
        ("x", "--from", "podcst"),
        ("x", "--from", "podcast", "--python"),
    ],
)
def test_a_bad_name_is_refused(invoke: Invoke, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    answer = invoke("new", *arguments)
    assert answer.code == 2
    assert answer.err
    assert not list(tmp_path.iterdir())


@pytest.fixture
def talk(invoke: Invoke, tmp_path: Path) -> Path:
    invoke("new", "talk")
    return tmp_path


def test_the_starter_runs_as_it_stands_and_again_from_the_cache(
    talk: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MURAKKAB_CACHE", raising=False)
    arguments = ("run", "talk.yaml", "--duration", "10", "--seed", "3", "--use", "speech=flite")
    first = start(*arguments, folder=talk)
    out, err = first.communicate(timeout=120)
    assert first.returncode == 0, err
    assert "Watch" not in err
    assert "Finished in" in err
    spoken = [Path(line.removeprefix("  - ")) for line in out.split("speech:\n")[1].splitlines()]
    assert len(spoken) >= 2
    assert all(file.stat().st_size > 10_000 for file in spoken)
    assert len(out.split("speech:\n")[0].splitlines()) == 1 + len(spoken)

    again = start(*arguments, "--json", "--quiet", folder=talk)
    out, err = again.communicate(timeout=120)
    finished = json.loads(out.splitlines()[-1])
    assert [turn["text"] for turn in finished["outputs"]["script"]] == _lines(first_run=talk)
    shown = invoke("show", finished["run"])
    assert re.search(r"speech  \d+ taken", shown.out)
    assert "Outputs" in shown.out
    assert Path(finished["outputs"]["speech"][0]["audio"]).is_file()


def _lines(first_run: Path) -> list[str]:
    events = sorted((first_run / "runs").glob("talk-*/events.jsonl"))[0].read_text(encoding="utf-8").splitlines()
    return [turn["text"] for turn in json.loads(events[-1])["outputs"]["script"]]
