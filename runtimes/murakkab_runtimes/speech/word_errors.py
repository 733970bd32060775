"""Word error rate: how well a listener (a speech recogniser) understood what was to be said."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hibari.g2p.numbers import cardinal  # type: ignore[import-untyped]


def plain_words(text: str) -> list[str]:
    """Lower-case words without punctuation; whole numbers in words, hyphens as spaces."""
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text.lower().replace("’", "'"))
    text = re.sub(r"\d+", lambda m: f" {cardinal(int(m.group()))} ", text)
    return re.findall(r"[a-z]+(?:'[a-z]+)?", text.replace("-", " "))


def word_errors(reference: Sequence[str], heard: Sequence[str]) -> int:
    """Fewest substitutions, deletions and insertions between the two (Levenshtein distance in words)."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (word != other))
    return row[-1]


def word_error_rate(pairs: Sequence[tuple[str, str]]) -> float:
    """Errors for each word of the references, over pairs of reference and heard text."""
    words = [(plain_words(reference), plain_words(heard)) for reference, heard in pairs]
    return sum(word_errors(*pair) for pair in words) / max(1, sum(len(reference) for reference, _ in words))
