from __future__ import annotations

from pathlib import Path

from .conftest import Invoke

ALL_TYPES = """\
apiVersion: murakkab/v1
kind: Workflow
metadata: {name: types, description: Has every type of input.}
inputs:
  words: {type: text, description: What is said}
  class: {type: text, default: first, description: A Python keyword}
  share: {type: number, default: 0.5, minimum: 0, maximum: 1, description: A share}
  port: {type: integer, default: 3, description: An input with the name of an option}
  loud: {type: boolean, default: true, description: Whether it is loud}
  mood: {type: choice, choices: [calm, merry], default: calm, description: How it sounds}
  first_file: {type: document, optional: true, description: A file}
nodes:
  speech: {capability: text-to-speech, text: "${{ inputs.words }}", voice: female-1}
outputs:
  speech: ${{ nodes.speech }}
"""


def _help(invoke: Invoke, folder: Path) -> str:
    (folder / "types.yaml").write_text(ALL_TYPES, encoding="utf-8")
    answer = invoke("run", "types.yaml", "--help")
    assert answer.code == 0
    return " ".join(answer.out.split())


def test_inputs_become_options_with_type_range_and_default(invoke: Invoke, tmp_path: Path) -> None:
    text = _help(invoke, tmp_path)
    assert "--words TEXT What is said [required]" in text
    assert "--class TEXT A Python keyword [default: first]" in text
    assert "--share NUMBER A share (a number from 0 to 1) [default: 0.5]" in text
    assert "--loud / --no-loud Whether it is loud [default: true]" in text
    assert "--mood [calm|merry] How it sounds [default: calm]" in text
    assert "--first-file FILE A file" in text


def test_an_input_with_the_name_of_an_option_gets_a_prefix(invoke: Invoke, tmp_path: Path) -> None:
    text = _help(invoke, tmp_path)
    assert "--input-port NUMBER An input with the name of an option" in text
    assert "--port NUMBER Port of the page" in text


def test_every_bad_input_is_named_at_once(invoke: Invoke, tmp_path: Path) -> None:
    _help(invoke, tmp_path)
    answer = invoke("run", "types.yaml", "--share", "7", "--mood", "sad", "--first-file", "none.txt")
    assert answer.code == 2
    assert all(name in answer.err for name in ("--words:", "--share:", "--mood:", "--first-file:"))


def test_podcast_inputs_are_options(invoke: Invoke) -> None:
    text = " ".join(invoke("run", "podcast", "--help").out.split())
    assert "--duration NUMBER Length to aim for (a number from 10 to 3600 s) [default: 60]" in text
    for flag in ("--topic", "--source", "--script", "--hosts", "--seed", "--edit", "--llm", "--json", "--server"):
        assert flag in text
