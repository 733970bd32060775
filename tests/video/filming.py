"""Turns for the hosts to perform, and what a camera sees of them."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from murakkab_runtimes.base import Task
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.media.audio import read_wav
from murakkab_runtimes.media.video import decode_clip
from murakkab_runtimes.video.hosts import DrawnHosts

CARD = load_catalog()["drawn-hosts"]
RATE = 24_000
HOSTS: list[dict[str, Any]] = [
    {"name": "Claire", "gender": "female", "look": {}},
    {"name": "Joe", "gender": "male", "look": {"glasses": True, "beard": "full"}},
    {"name": "Amina", "gender": "female", "look": {"hair_style": "long", "hair": "black", "shirt": "#d9724f"}},
    {"name": "Theo", "gender": "male", "look": {"hair_style": "bald", "headphones": False}},
]


@dataclass
class Film:
    """The clips of one turn."""

    clips: list[dict[str, Any]] = field(default_factory=list)

    @property
    def frames(self) -> list[np.ndarray]:
        return [frame for clip in self.clips for frame in decode_clip(clip["video"])]

    @property
    def sound(self) -> np.ndarray:
        return np.concatenate([read_wav(clip["audio"]) for clip in self.clips])

    @property
    def cues(self) -> list[dict[str, Any]]:
        found, start = [], 0.0
        for clip in self.clips:
            found += [{**cue, "start": start + cue["start"], "end": start + cue["end"]} for cue in clip["cues"]]
            start += clip["frames"] / clip["fps"]
        return found


def syllables(folder: Path, pairs: Sequence[tuple[str, str]], length: float = 0.24) -> dict[str, Any]:
    """Speech of consonants and vowels of equal length: vowels sound, consonants are silent."""
    folder.mkdir(parents=True, exist_ok=True)
    symbols = [symbol for pair in pairs for symbol in pair]
    phonemes = [{"p": p, "start": i * length, "end": (i + 1) * length} for i, p in enumerate(symbols)]
    seconds = length * len(symbols)
    time = np.arange(round(seconds * RATE)) / RATE
    loud = (np.floor(time / length).astype(int) % 2).astype(float)
    write_mono(folder / "speech.wav", 0.5 * loud * np.sin(2 * np.pi * 180 * time))
    words = [{"text": a + b, "start": 2 * i * length, "end": (2 * i + 2) * length} for i, (a, b) in enumerate(pairs)]
    return {"audio": folder / "speech.wav", "rate": RATE, "seconds": seconds, "phonemes": phonemes, "words": words}


def write_mono(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples * 32767).astype("<i2").tobytes())


def make_turn(speech: dict[str, Any], *, kind: str = "answer", host: int = 0, **more: Any) -> dict[str, Any]:
    text = " ".join(word["text"] for word in speech["words"]) + "."
    turn = {"speaker": HOSTS[host]["name"], "host": host, "text": text, "kind": kind, "section": 1}
    return turn | {"title": "Small things", "episode": "A test of small things", "mood": "calm"} | more


def film(
    scratch: Path,
    speech: dict[str, Any],
    *,
    hosts: int | list[dict[str, Any]] = 2,
    turn: dict[str, Any] | None = None,
    size: tuple[int, int] = (320, 180),
    fps: int = 24,
    seed: int = 1,
    path: tuple[int, ...] = (1, 0),
    knobs: dict[str, Any] | None = None,
    on_progress: Any = None,
    first_item: int = 0,
    **arguments: Any,
) -> Film:
    """Have the runtime perform one turn."""
    scratch.mkdir(parents=True, exist_ok=True)
    cast = {"hosts": HOSTS[:hosts] if isinstance(hosts, int) else hosts}
    given = {"turn": turn or make_turn(speech), "speech": speech, "scene": {}, "music": {}, "cast": cast}
    given |= {"width": size[0], "height": size[1], "fps": fps} | arguments
    done = Film()
    task = Task(
        given, scratch, {**CARD.knobs, "preset": "ultrafast", **(knobs or {})}, seed, path=path, first_item=first_item
    )
    task.on_item, task.on_progress = lambda value, meta: done.clips.append(value), on_progress
    DrawnHosts(CARD, 1).run(task)
    return done


def mouth_opening(frames: Sequence[np.ndarray]) -> np.ndarray:
    """How many pixels of each frame have the colour of the inside of a mouth, against the usual number."""
    inside = np.array([0x4A, 0x15, 0x20])
    counts = [int((np.abs(frame.astype(int) - inside).max(axis=2) < 26).sum()) for frame in frames]
    return np.array(counts, float) - min(counts)
