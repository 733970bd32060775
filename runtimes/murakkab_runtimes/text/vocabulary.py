"""English words, to notice those that a small model made up."""

from __future__ import annotations

import re
from functools import cache

from murakkab_runtimes.text.places import PLACES
from murakkab_runtimes.text.words import word_set

_ALSO_WORDS = word_set(
    "china turkey chad mali niger georgia jordan moon venus mars mercury petra nice oman alps guinea"
)


@cache
def _known() -> frozenset[str]:
    from spellchecker import SpellChecker

    return frozenset(SpellChecker(language="en").word_frequency.words())


def invented(sentence: str, allowed: str = "") -> list[str]:
    """Lower-case words of ``sentence`` that are neither English nor in ``allowed``; parts of compounds count singly."""
    own = set(re.findall(r"[a-z]+", allowed.lower()))
    words = re.findall(r"[a-z]+", re.sub(r"n't\b|'[a-z]+\b|\b[A-Z]\w*", " ", sentence.replace("’", "'")))
    return [w for w in words if len(w) > 2 and w not in own and w not in _known()]


def capitalised(sentence: str) -> str:
    """Give names of places their capital letter where a model left it out; words with another meaning stay."""
    names = PLACES - _ALSO_WORDS
    return re.sub(r"\b[a-z]{4,}\b", lambda m: m[0].capitalize() if m[0] in names else m[0], sentence)


def load() -> None:
    """Read the words now, so that the first check does not wait for them."""
    _known()
