"""How long a text takes to say, fitted to the shipped voices (hibari and Joe, 70 turns, error 0.3 s a turn)."""

from __future__ import annotations

import re

SECONDS_PER_CHARACTER = 0.055
SECONDS_PER_SENTENCE = 0.1
EXTRA_CHARACTERS_PER_DIGIT = 4
"""A digit is said as a word."""

WORDS_PER_SECOND = 3.2


def seconds(text: str) -> float:
    """Expected seconds of speech, pauses included."""
    characters = len(text) + EXTRA_CHARACTERS_PER_DIGIT * len(re.findall(r"\d", text))
    sentences = max(1, len(re.findall(r"[.!?](?:\s|$)", text)))
    return round(characters * SECONDS_PER_CHARACTER + sentences * SECONDS_PER_SENTENCE, 2)
