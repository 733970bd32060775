"""Probes of text generation, one for each form that the shipped workflows use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from murakkab.profiling.probe import Inputs, Made, Piece, Probe
from murakkab.profiling.probes import samples
from murakkab_optimizer.catalog import ModelCard

TOPIC = "how tides work"
_OUTLINE = {"form": "outline", "topic": TOPIC, "duration": 60, "cast": samples.CAST}
_PLOT = {"form": "plot", "prompt": "a fox who is afraid of the dark", "duration": 40}
_WRITER = "smollm2"
"""Makes the outlines and plots that other forms begin with."""


def generation(card: ModelCard) -> Sequence[Probe]:
    """Plain answers by the word, dialogue by the second of speech, the rest by the task or the line."""
    return [
        Probe("word", _plain, lambda made: len(made.value["text"].split()), _form("plain")),
        _by_task(_OUTLINE),
        Probe("audio-second", _dialogue, _spoken, _form("dialogue"), streams=True),
        Probe("turn", _lecture, lambda made: len(made.items), _form("lecture"), streams=True),
        _by_task(_PLOT),
        Probe("turn", _story, lambda made: len(made.items), _form("story"), streams=True),
        _by_task({"form": "code", "problem": "Return twice the number.", "name": "double", "candidates": 1}),
    ]


def _form(name: str) -> dict[str, str]:
    return {"form": name}


def _by_task(arguments: dict[str, Any]) -> Probe:
    return Probe("task", lambda inputs: [Piece(arguments)], conditions=_form(arguments["form"]), streams=True)


def _plain(inputs: Inputs) -> Sequence[Piece]:
    return [Piece({"prompt": f"Write {words} words about the sea.", "words": words}) for words in (8, 40)]


def _dialogue(inputs: Inputs) -> Sequence[Piece]:
    every = [value for value, _ in inputs.made(_WRITER, _OUTLINE).items]
    sections = every[:1] + [section for section in every if section["kind"] == "question"][:2]
    paths = [(number,) for number in range(len(sections))]
    arguments = [{"form": "dialogue", "section": section, "cast": samples.CAST} for section in sections]
    return [Piece(one, path=path) for one, path in zip(arguments, paths, strict=True)]


def _spoken(made: Made) -> float:
    return float(sum(meta["seconds"] for _, meta in made.items))


def _lecture(inputs: Inputs) -> Sequence[Piece]:
    return [Piece({"form": "lecture", "slide": slide, "voice": "female-1"}) for slide in samples.slides(inputs)]


def _story(inputs: Inputs) -> Sequence[Piece]:
    scenes = [value for value, _ in inputs.made(_WRITER, _PLOT).items]
    written = [scene for scene in scenes if any(beat["stem"] for beat in scene["beats"])]
    return [Piece({"form": "story", "scene": scene, "voice": "female-1"}) for scene in written[:2]]
