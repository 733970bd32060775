"""Drawings of whole workflows, as text and as SVG."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from murakkab.drawing import Picture, sketch, to_mermaid, to_svg
from murakkab.drawing.sketch import Link, medium
from murakkab.language import load_workflow, parse_workflow, workflow_folder
from tests.cli.test_check import LOOP

NASTY = """\
apiVersion: murakkab/v1
kind: Workflow
metadata: {name: end, description: 'Quotes " <b> & --> ; `x` end'}
inputs: {end: {type: text, default: a}, class: {type: text, default: b}}
nodes:
  end: {capability: text-generation, prompt: "${{ inputs.end }}", form: outline, streams: end}
  subgraph:
    capability: text-to-speech
    for_each: ${{ nodes.end }}
    text: ${{ inputs.class }}
    when: ${{ inputs.class == 'a"b]) --> end; <script>' }}
outputs: {end: "${{ nodes.subgraph }}"}
"""
NASTY = NASTY.replace('prompt: "${{ inputs.end }}", form', 'topic: "${{ inputs.end }}", form')
SVG = "{http://www.w3.org/2000/svg}"


def _picture(text: str) -> Picture:
    return sketch(parse_workflow(text, "some.yaml"))


def _words(svg: str) -> str:
    return " ".join(" ".join(text.itertext()) for text in ElementTree.fromstring(svg).iter(f"{SVG}text"))


@pytest.fixture(scope="module")
def podcast() -> Picture:
    return sketch(load_workflow(workflow_folder() / "podcast.yaml"))


def test_streams_lists_and_values_are_told_apart(podcast: Picture) -> None:
    assert Link("script", "hosts", "each", "turn") in podcast.links
    assert Link("speech", "hosts", "one") in podcast.links
    assert Link("package", "episode", "all") in podcast.links
    assert Link("package", "output:stream", "each") in podcast.links
    (hosts,) = (box for box in podcast.boxes if box.name == "hosts")
    assert (hosts.kind, hosts.inputs, hosts.repeated) == ("video", ("width", "height", "fps"), True)


def test_a_loop_is_a_frame_around_its_steps() -> None:
    picture = _picture(LOOP)
    (frame,) = picture.frames
    assert (frame.name, frame.kind, frame.note) == ("solve", "loop", "at most inputs.rounds rounds, until judge.right")
    assert [box.name for box in picture.boxes if picture.parent(box.name) == "solve"] == [
        "solve.attempt",
        "solve.judge",
    ]
    assert not any(link.source == "solve.judge" and link.target == "solve" for link in picture.links)


def test_a_number_that_may_be_negative_can_be_a_number_of_attempts() -> None:
    head = "apiVersion: murakkab/v1\nkind: Workflow\n"
    inputs = "inputs: {n: {type: integer, minimum: -5, maximum: 5}}\n"
    picture = _picture(f"{head}{inputs}nodes: {{a: {{capability: x, attempts: '${{{{ inputs.n }}}}'}}}}\n")
    assert [box.inputs for box in picture.boxes] == [("n",)]


@pytest.mark.parametrize("text", [LOOP, NASTY], ids=["loop", "nasty"])
def test_svg_is_sound_and_inside_its_page(text: str) -> None:
    svg = to_svg(_picture(text))
    root = ElementTree.fromstring(svg)
    _, _, width, height = map(float, root.get("viewBox", "").split())
    drawn = next(group for group in root.iter(f"{SVG}g") if "translate" in group.get("transform", ""))
    shift = float(re.findall(r"[\d.]+", drawn.get("transform", ""))[0])
    for box in drawn.iter(f"{SVG}rect"):
        x, y, wide, high = (float(box.get(name, 0)) for name in ("x", "y", "width", "height"))
        assert 0 <= x + shift <= x + shift + wide <= width
        assert 0 <= y <= y + high <= height
    assert "prefers-color-scheme:dark" in svg
    assert "<script" not in svg


def test_svg_shows_every_step_input_item_condition_and_output(podcast: Picture) -> None:
    words = _words(to_svg(podcast))
    for name in [*(box.title for box in podcast.boxes), *podcast.inputs, "turn", "section", "video", *podcast.outputs]:
        assert name in words
    assert "if solve.judge.right" in _words(to_svg(_picture(LOOP)))


def test_mermaid_escapes_what_its_syntax_would_read() -> None:
    lines = to_mermaid(_picture(NASTY)).splitlines()
    assert lines[0] == "flowchart TD"
    names = r"[in]\d+"
    label = r'"(?:[\w \-.,()]|#\d+;|<b>|</b>|<br>)*"'
    shapes = rf"\[{label}\]|\[\[{label}\]\]|\(\[{label}\]\)|\[/{label}/\]"
    arrow = rf"(?:==>|-->|-\.->)(?:\|{label}\|)?"
    allowed = re.compile(
        rf"{names}(?:{shapes})|{names} {arrow} {names}|class {names}(?:,{names})* is_\w+|classDef is_\w+ [\w:#,\- ]+"
        rf"|subgraph {names}\[{label}\]|end"
    )
    assert [line for line in lines[1:] if not allowed.fullmatch(line.strip())] == []


def test_mermaid_opens_and_ends_every_frame() -> None:
    lines = [line.strip() for line in to_mermaid(_picture(LOOP)).splitlines()]
    assert sum(line.startswith("subgraph ") for line in lines) == lines.count("end") == 1


@pytest.mark.parametrize("file", sorted(workflow_folder().glob("*.yaml")), ids=lambda file: file.stem)
def test_every_shipped_workflow_can_be_drawn(file: Path) -> None:
    picture = sketch(load_workflow(file))
    assert ElementTree.fromstring(to_svg(picture)).tag == f"{SVG}svg"
    assert to_mermaid(picture).count("\n") > len(picture.boxes)


def test_drawings_are_the_same_in_every_process() -> None:
    command = [sys.executable, "-m", "murakkab", "graph", "podcast", "--format", "svg"]
    made = {subprocess.run(command, capture_output=True, check=True).stdout for _ in range(2)}
    assert len(made) == 1


def test_what_a_step_makes_is_judged_by_its_capability() -> None:
    made = {"text-to-speech": "sound", "image-to-video": "video", "automatic-speech-recognition": "text", "": "value"}
    made |= {
        "document-reading": "document",
        "function": "function",
        "object-counting": "tool",
        "text-to-image": "image",
    }
    assert {name: medium(name) for name in made} == made
