"""The symbols of a sentence, each with the word that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator

from murakkab_runtimes.speech.sentence import Sentence


def with_words(sentence: Sentence) -> Iterator[tuple[str, int | None]]:
    """Every phoneme symbol in order with the index of its word; a space without one stands between words."""
    for index, word in enumerate(sentence.words):
        if index:
            yield " ", None
        for symbol in word.phonemes:
            yield symbol, index
