"""Voice roles: a workflow asks for ``female-1``, an adapter's card says which of its voices plays that part."""

from __future__ import annotations

from typing import Any

import msgspec

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import InputError, Task

ROLES = ("female-1", "female-2", "male-1", "male-2")
SPEEDS = (0.5, 2.0)
LONGEST_TEXT = 40_000


class Voice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A concrete voice.

    ``name`` is the model's own, ``pitch`` raises (above 1) or lowers pitch and formants together, which makes another
    person of it, and ``pace`` is its rate of speech.
    """

    name: str
    pitch: float = 1.0
    pace: float = 1.0

    @property
    def id(self) -> str:
        """Name of the voice as reported, for example ``joe`` or ``joe@0.90``."""
        return self.name if self.pitch == 1.0 else f"{self.name}@{self.pitch:.2f}"


def voices_of(card: ModelCard) -> dict[str, Voice]:
    """The voice of each role, from the card's option ``voices``; ValueError when one of ``ROLES`` is missing."""
    voices = msgspec.convert(card.options.get("voices", {}), dict[str, Voice])
    if missing := [role for role in ROLES if role not in voices]:
        raise ValueError(f"the card '{card.name}' gives no voice for {', '.join(missing)} (options: voices)")
    return voices


def voice_asked(task: Task, voices: dict[str, Voice]) -> Voice:
    """The voice of the task's role; InputError lists the roles when it is none of them."""
    role: Any = task.arguments.get("voice") or ROLES[0]
    if not isinstance(role, str) or role not in voices:
        raise InputError(f"unknown voice '{role}'; choose one of: {', '.join(sorted(voices))}")
    return voices[role]


def text_asked(task: Task) -> str:
    """The task's text; InputError when it is missing, empty or too long."""
    text = task.arguments.get("text")
    if not isinstance(text, str) or not text.strip():
        raise InputError("there is no text to speak; give the argument 'text' at least one word")
    if len(text) > LONGEST_TEXT:
        raise InputError(f"the text has {len(text)} characters; split it into turns of at most {LONGEST_TEXT}")
    return text


def speed_asked(task: Task) -> float:
    """The knob ``speed`` (1 is the voice's own rate); InputError when out of ``SPEEDS``."""
    speed = task.knobs.get("speed", 1.0)
    low, high = SPEEDS
    if isinstance(speed, bool) or not isinstance(speed, int | float) or not low <= speed <= high:
        raise InputError(f"the knob 'speed' is {speed!r}; it must be a number from {low} to {high}")
    return float(speed)
