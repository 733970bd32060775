"""What a voice speaks in one breath."""

from __future__ import annotations

import re
from dataclasses import dataclass

CLAUSE_END = re.compile(r"[,;:—)][\"”]?$")
SENTENCE_END = re.compile(r"[.!?…][\"”)]*$")


@dataclass(frozen=True)
class SpokenWord:
    """A word after normalisation ("dollars", never "$") and its phonemes, punctuation included."""

    text: str
    phonemes: str


@dataclass(frozen=True)
class Sentence:
    """What a voice speaks in one breath, and the silence behind it in seconds."""

    text: str
    words: tuple[SpokenWord, ...]
    pause: float

    @property
    def phonemes(self) -> str:
        """Phonemes of all words with a space between words."""
        return " ".join(word.phonemes for word in self.words)


def pause_after(text: str) -> float:
    """Seconds of silence that fit the last punctuation mark."""
    if SENTENCE_END.search(text):
        return 0.26
    return 0.12 if CLAUSE_END.search(text) else 0.04
