"""What several probes are made of: texts, hosts, speech, clips, an episode."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from murakkab.profiling.probe import Inputs

HEIGHTS = (360, 720)
"""Of pictures that are measured, in pixels; they are 16:9."""

FPS = 24

SHORT = "The tide comes in twice a day."
LONG = "Most people think that the answer is simple, but the real story took almost two hundred years to be found."

HOSTS: list[dict[str, Any]] = [
    {"name": "Claire", "voice": "female-1", "gender": "female", "look": {}},
    {"name": "Joe", "voice": "male-1", "gender": "male", "look": {}},
]
CAST: dict[str, Any] = {"hosts": HOSTS}

DECK = """# Tides

---
# Why the sea rises

- The moon pulls at the water
- The earth turns below it
- Twice a day the sea comes in

Note: The moon pulls at the water on the side that is near to it. The earth turns below, and so the sea comes in twice.

---
# Who measures it

- Gauges stand in every harbour
- Satellites look from above
"""


def width(height: int) -> int:
    """Of a 16:9 picture; even."""
    return height * 16 // 9 // 2 * 2


def speech(inputs: Inputs, text: str) -> dict[str, Any]:
    """A text spoken by the voice that comes with every installation."""
    value: dict[str, Any] = inputs.made("hibari-joe", {"text": text, "voice": "female-1"}).value
    return value


def turn_arguments(inputs: Inputs, text: str, height: int, kind: str = "answer") -> dict[str, Any]:
    """What image-to-video takes for one turn."""
    turn = {"speaker": "Claire", "host": 0, "text": text, "kind": kind, "section": 1, "title": "Tides"}
    return {
        "turn": turn | {"episode": "How tides work", "mood": "calm"},
        "speech": speech(inputs, text),
        "scene": inputs.made("drawn-scene", scene_arguments("How tides work", height)).value,
        "music": {},
        "cast": CAST,
        "width": width(height),
        "height": height,
        "fps": FPS,
    }


def scene_arguments(topic: str, height: int) -> dict[str, Any]:
    """What text-to-image takes."""
    section = {"title": topic, "mood": "calm", "keywords": topic.split()}
    return {"section": section, "width": width(height), "height": height}


def clips(inputs: Inputs, text: str = LONG, height: int = 360) -> list[dict[str, Any]]:
    """The clips of one turn."""
    return [value for value, _ in inputs.made("drawn-hosts", turn_arguments(inputs, text, height)).items]


def segments(inputs: Inputs, count: int) -> list[dict[str, Any]]:
    """The first segments of a stream of one turn after the other."""
    some = clips(inputs)
    tasks = [{"clip": some[n % len(some)] | {"chapter": None if n else "Tides"}} for n in range(count)]
    return [made.value for made in inputs.made_in_order("fmp4", tasks)]


def film(inputs: Inputs, count: int) -> dict[str, Any]:
    """An episode of so many segments: ``video``, ``seconds`` and more."""
    value: dict[str, Any] = inputs.made("mp4", episode_arguments(inputs, count)).value
    return value


def episode_arguments(inputs: Inputs, count: int) -> dict[str, Any]:
    """What video-muxing takes for so many segments."""
    turns = [{"speaker": "Claire", "text": LONG, "section": 0, "title": "Tides", "passage": None}]
    return {"segments": segments(inputs, count), "turns": turns}


def written(inputs: Inputs, name: str, text: str) -> Path:
    """A file with a text."""
    path = inputs.folder / name
    path.write_text(text, encoding="utf-8")
    return path


def slides(inputs: Inputs) -> list[dict[str, Any]]:
    """A slide with three points and notes, and one with two points."""
    return [value for value, _ in inputs.made("slides", {"file": written(inputs, "tides.md", DECK)}).items][1:]
