"""What a run is given is checked against what the workflow declares."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from murakkab.language import InputProblem, Workflow, check_inputs

from .texts import parsed

DECLARED = """
topic: {type: text, default: bees}
title: {type: text, optional: true}
duration: {type: number, default: 60, minimum: 10, maximum: 3600, unit: s}
width: {type: integer, default: 640, minimum: 320, unit: px}
loud: {type: boolean, default: false}
mood: {type: choice, choices: [calm, lively], default: calm}
source: {type: document, optional: true}
"""
DEFAULTS = {
    "topic": "bees",
    "title": None,
    "duration": 60,
    "width": 640,
    "loud": False,
    "mood": "calm",
    "source": None,
}


@pytest.fixture(scope="module")
def workflow() -> Workflow:
    return parsed("n: {capability: x}", inputs=DECLARED)


def test_defaults_are_filled_in_the_order_of_the_file(workflow: Workflow):
    checked = check_inputs(workflow, {})
    assert checked == DEFAULTS
    assert list(checked) == list(DEFAULTS)


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("topic", "", ""),
        ("topic", " 漢 ", " 漢 "),
        ("topic", None, "bees"),
        ("duration", "90", 90),
        ("duration", "90s", 90),
        ("duration", " 90 s ", 90),
        ("duration", "10m", 600),
        ("duration", "1h", 3600),
        ("duration", "1m30s", 90),
        ("duration", "0.5 min", 30),
        ("duration", "12500ms", 12.5),
        ("duration", "1.5e2", 150),
        ("duration", 12.5, 12.5),
        ("duration", "", 60),
        ("width", "800px", 800),
        ("width", "800", 800),
        ("width", 800.0, 800),
        ("loud", "yes", True),
        ("loud", "FALSE", False),
        ("loud", True, True),
        ("mood", "lively", "lively"),
        ("source", "", None),
    ],
)
def test_a_good_value(workflow: Workflow, name: str, given: Any, value: Any):
    checked = check_inputs(workflow, {name: given})
    assert checked == DEFAULTS | {name: value}
    assert type(checked[name]) is type(value)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("topic", 5, "expected a text, got the number 5"),
        ("topic", "\ud800", "not valid Unicode"),
        ("duration", "5", "5 s is out of range; give a number from 10 to 3600 s"),
        ("duration", 3601, "out of range"),
        ("duration", "soon", "expected a number (s), got the text 'soon'; give a number from 10 to 3600 s"),
        ("duration", "90px", "expected a number (s)"),
        ("duration", "nan", "expected a number"),
        ("duration", "inf", "expected a number"),
        ("duration", "1e999", "expected a number"),
        ("duration", "٦٠", "expected a number"),
        ("duration", float("nan"), "nan is no usable number"),
        ("duration", float("inf"), "inf is no usable number"),
        ("duration", True, "expected a number (s), got true"),
        ("duration", [60], "expected a number (s), got a list"),
        ("width", "640.5", "expected a whole number, got 640.5; give a number from 320 px"),
        ("width", "10m", "expected a whole number (px)"),
        ("width", 10**30, "expected a whole number"),
        ("width", "9" * 5000, "expected a whole number"),
        ("loud", "maybe", "expected true or false, got the text 'maybe'"),
        ("loud", 1, "expected true or false, got the number 1"),
        ("mood", "livly", "did you mean 'lively'?"),
        ("mood", {}, "is no choice"),
        ("source", "nowhere.txt", "there is no file 'nowhere.txt'; check the path"),
        ("source", "/", "'/' is not a file"),
        ("source", "a" * 5000, "cannot be read"),
        ("source", "a\0b", "there is no file 'a?b'"),
        ("source", 5, "expected the path of a file"),
        ("durations", 5, "did you mean 'duration'?"),
        ("\x1b[2J", 5, "no such input"),
    ],
)
def test_a_bad_value_is_told_with_what_to_do(workflow: Workflow, name: str, given: Any, message: str):
    with pytest.raises(InputProblem) as caught:
        check_inputs(workflow, {name: given})
    assert list(caught.value.messages) == [name]
    assert message in caught.value.messages[name]
    assert str(caught.value).isprintable()


def test_all_bad_values_are_told_at_once(workflow: Workflow):
    with pytest.raises(InputProblem) as caught:
        check_inputs(workflow, {"width": 1, "duration": 1, "nothing": 1})
    assert sorted(caught.value.messages) == ["duration", "nothing", "width"]
    assert len(str(caught.value).splitlines()) == 3


def test_a_needed_input_is_asked_for():
    workflow = parsed("n: {capability: x}", inputs="topic: {type: text, description: What it is about}")
    with pytest.raises(InputProblem, match=r"topic: it is needed and has no default; give it \(What it is about\)"):
        check_inputs(workflow, {})


def test_a_document_becomes_its_absolute_path(workflow: Workflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "ä b.txt"
    file.write_text("x")
    monkeypatch.chdir(tmp_path)
    assert check_inputs(workflow, {"source": "ä b.txt"})["source"] == str(file.resolve())
    assert check_inputs(workflow, {"source": file})["source"] == str(file.resolve())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_document_is_told(workflow: Workflow, tmp_path: Path):
    file = tmp_path / "secret.txt"
    file.write_text("x")
    file.chmod(0)
    with pytest.raises(InputProblem, match="may not be read"):
        check_inputs(workflow, {"source": file})
