"""How long a text takes to say."""

from __future__ import annotations

import re

WORDS_PER_SECOND = 2.9
SENTENCE_PAUSE_S = 0.55
"""Fitted to the shipped voices: a word takes about 0.34 s, the silence around a sentence about half a second."""


def seconds(text: str) -> float:
    """Expected seconds of speech, pauses included."""
    words = sum(1 + (len(re.findall(r"\d", w)) // 2) for w in text.split())
    sentences = max(1, len(re.findall(r"[.!?](?:\s|$)", text)))
    return round(words / WORDS_PER_SECOND + sentences * SENTENCE_PAUSE_S, 2)
