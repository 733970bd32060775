"""What a sentence must be to be worth hearing, whoever wrote it."""

from __future__ import annotations

import re
from itertools import pairwise

from murakkab_runtimes.text.words import STOPWORDS, alike, content, tokens, word_set

_MODEL_TALK = re.compile(
    r"\b(as an ai|ai assistant|language model|i am an ai|i'm an ai|smollm|hugging ?face|chatgpt|openai"
    r"|as a (?:host|guest)|this podcast|radio show|i cannot|i can't|i do not have|i don't have|happy to help"
    r"|the user)\b",
    re.I,
)
_FIRST_PERSON = re.compile(r"\b(I|I'm|I've|I'd|I'll|my|me|myself)\b")
_MARKUP = re.compile(r"https?:|www\.|[*_#`<>|{}\[\]\\~^]|^\s*(?:[-•]|\d+[.)])\s")
_SPEAKER = re.compile(r"^\s*[A-Z][\w .'-]{0,24}:\s")
_MISSING_FIGURE = re.compile(
    r"  |,\s*,|\bin the year\b|\b(?:born on|born in|died in|up to|over the past|a|an|the|and|or|of|to|in|for|with|by"
    r"|from|that|as|is|are|was|were|because|than|which|who|its|their)[,.;]",
    re.I,
)
_MONTH = re.compile(
    r"\b(January|February|March|April|June|July|August|September|October|November|December)\b|\bMay (?:of|on)\b"
)
_KNOWN_NAMES = word_set(
    """
    Earth Sun Moon Mars Venus Jupiter Saturn Europe Asia Africa America American Americans European
    Europeans Asian African Antarctica Australia Pacific Atlantic Arctic Mediterranean China Chinese Japan
    Japanese India Indian Indians Egypt Egyptian Egyptians Greek Greeks Greece Roman Romans Rome France
    French Germany German Italy Italian Spain Spanish Portugal Britain British England English Turkey
    Turkish Russia Russian Mexico Canada Brazil Latin Arabic Arab Muslim Christian Buddhist Islam
    Christianity Buddhism Milky Way Internet I
    """
)
_DANGLING = word_set(
    "and or but because the a an of to in for with by from that as is are was were than which who its their"
)

MIN_WORDS, MAX_WORDS = 5, 36


def faults(sentence: str, *, figures: bool = True, names: str | None = None) -> list[str]:
    """Return what is wrong with one sentence; empty when it may be spoken.

    Args:
        sentence: one sentence.
        figures: whether digits and dates may stand in it.
        names: a text whose words may stand capitalised inside the sentence; None allows every name.
    """
    words = sentence.split()
    found = [name for name, pattern in _PATTERNS.items() if pattern.search(sentence)]
    if not re.search(r"[.!?][\"'”’]?$", sentence):
        found.append("does not end")
    elif words and words[-1].strip(".!?,;").lower() in _DANGLING:
        found.append("trails off")
    if not MIN_WORDS <= len(words) <= MAX_WORDS:
        found.append("length")
    if _circles(sentence):
        found.append("goes round in circles")
    if sentence.count('"') % 2 or sentence.count("(") != sentence.count(")"):
        found.append("unbalanced marks")
    if not figures and (re.search(r"\d", sentence) or _MISSING_FIGURE.search(sentence) or _MONTH.search(sentence)):
        found.append("figures")
    if names is not None and _strange_names(sentence, names):
        found.append("unknown name")
    return found


_PATTERNS = {
    "talks about the model": _MODEL_TALK,
    "markup": _MARKUP,
    "names a speaker": _SPEAKER,
}


def speaks_of_self(sentence: str) -> bool:
    """Whether the sentence says "I": a written guest has no life to tell of."""
    return bool(_FIRST_PERSON.search(sentence))


def repeats(sentence: str, said: list[str]) -> bool:
    """Whether nearly the same was said before."""
    return any(alike(sentence, other) for other in said)


def _circles(sentence: str) -> bool:
    """Whether a sentence says the same few words again: three words twice, or one content word three times."""
    words = tokens(sentence)
    triples = list(zip(words, words[1:], words[2:], strict=False))
    if len(triples) != len(set(triples)):
        return True
    meaning = [w for w in words if w not in STOPWORDS]
    return any(meaning.count(w) > 2 for w in set(meaning)) or any(a == b for a, b in pairwise(words))


def _strange_names(sentence: str, allowed: str) -> list[str]:
    known = content(allowed)
    inner = re.findall(r"(?<![.!?] )(?<!^)\b([A-Z][A-Za-z'-]*)", sentence)
    return [w for w in inner if w.removesuffix("'s") not in _KNOWN_NAMES and not content(w) <= known]
