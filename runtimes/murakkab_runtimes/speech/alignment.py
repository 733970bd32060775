"""Which written words are heard when: the words as spoken laid beside the words as written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

import numpy as np

from murakkab_runtimes.speech.timing import Span


def _key(word: str) -> str:
    return "".join(c for c in word.lower() if c.isalnum())


def align_words(written: Sequence[str], spoken: Sequence[Span]) -> list[Span]:
    """Time the words as written by the words as spoken ("$5" by "five dollars").

    Written words that match spoken ones take their spans. A run that was spoken in other words shares the time of
    these by length; a word that was not spoken at all (an emoji) is joined to the one before it, or after it.
    """
    matcher = SequenceMatcher(None, [_key(w) for w in written], [_key(s.text) for s in spoken], autojunk=False)
    found: list[Span] = []
    unspoken: list[str] = []
    for operation, w0, w1, s0, s1 in matcher.get_opcodes():
        texts, spans = written[w0:w1], spoken[s0:s1]
        if operation == "equal":
            timed = [Span(t, s.start, s.end) for t, s in zip(texts, spans, strict=True)]
        elif operation == "replace":
            timed = _share(texts, spans[0].start, spans[-1].end)
        elif operation == "insert":
            found = _stretch_last(found, spans)
            continue
        else:
            unspoken += texts
            if found:
                found[-1] = replace(found[-1], text=" ".join([found[-1].text, *texts]))
                unspoken = []
            continue
        timed[0] = replace(timed[0], text=" ".join([*unspoken, timed[0].text]))
        unspoken = []
        found += timed
    if not found and written and spoken:
        return [Span(" ".join(written), spoken[0].start, spoken[-1].end)]
    return found


def _share(texts: Sequence[str], start: float, end: float) -> list[Span]:
    weights = np.cumsum([0, *(max(1, len(_key(t))) for t in texts)])
    edges = start + (end - start) * weights / weights[-1]
    return [Span(t, float(a), float(b)) for t, a, b in zip(texts, edges[:-1], edges[1:], strict=True)]


def _stretch_last(found: list[Span], spans: Sequence[Span]) -> list[Span]:
    """Words that are spoken but not written lengthen the word before them."""
    return [*found[:-1], replace(found[-1], end=spans[-1].end)] if found else found
