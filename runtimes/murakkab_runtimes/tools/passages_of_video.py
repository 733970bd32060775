"""What a video says and shows as passages with times, and those of them that a question is about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import msgspec

from murakkab_runtimes.text.words import STOPWORDS, stem, tokens, word_set

LEAST = 0.6
"""Share of a question's words of meaning that its best passage must hold: below it, the answer is not in the video."""

ALIKE = 0.75
"""How alike (0..1) a name that is heard and one that is shown must be to be taken for the same."""

ABOUT_FILMS = word_set(
    """
    video film clip movie picture screen frame slide show shown display mention speaker narrator name many much
    exactly according number tell told say happen date year time long far anybody anything somebody
    """
)
"""Words of questions about films that no passage needs to hold."""

MEASURES = (
    ("fast", "speed"), ("quick", "speed"), ("tall", "height"), ("high", "height"), ("long", "length"),
    ("wide", "width"), ("heavy", "weight"), ("old", "age"), ("expensive", "cost"), ("price", "cost"),
    ("start", "begin"), ("m", "meters"), ("m", "metres"), ("km", "kilometers"), ("km", "kilometres"),
)  # fmt: skip
"""Pairs of words that ask for, or tell, the same."""


IRREGULAR = {
    stem(past): stem(verb)
    for verb, past in re.findall(
        r"(\w+):(\w+)",
        """
        begin:began begin:begun break:broke build:built buy:bought catch:caught drive:drove fall:fell fly:flew
        grow:grew hold:held lead:led leave:left lose:lost meet:met pay:paid sell:sold send:sent sing:sang sink:sank
        spend:spent stand:stood swim:swam teach:taught win:won write:wrote write:written
        """,
    )
}
"""Stems of verbs by the stems of their past forms."""


class Passage(msgspec.Struct, frozen=True):
    """A stretch of the video: ``kind`` is said or shown, times are seconds, ``parts`` its sentences or lines."""

    kind: str
    start: float
    end: float
    parts: tuple[str, ...]

    @property
    def text(self) -> str:
        """All parts on one line."""
        return " ".join(part if part[-1:] in ".!?" else f"{part}." for part in self.parts)


class Found(msgspec.Struct, frozen=True):
    """A passage and the share of the question's words of meaning that it holds.

    ``around`` is that share with what is said just before and after, and what stands on the screen meanwhile.
    """

    passage: Passage
    share: float
    around: float


def said_passages(segments: Sequence[Mapping[str, Any]], shown: Sequence[Passage] = ()) -> list[Passage]:
    """One passage a sentence. A name that was heard almost as it stands on the screen is written as it stands there."""
    names = {word for p in shown for word in re.findall(r"\b[A-Z][a-z]{3,}\b", " ".join(p.parts))}
    return [Passage("said", s["start"], s["end"], (_named(s["text"], names),)) for s in segments if s["text"].strip()]


def _named(text: str, names: set[str]) -> str:
    def mended(match: re.Match[str]) -> str:
        word = match[0]
        close = [] if word in names else get_close_matches(word, names, 1, ALIKE)
        return close[0] if close else word

    return re.sub(r"(?<=[a-z,] )[A-Z][a-z]{2,}\b|(?<=[A-Z][a-z]{4} )[A-Z][a-z]{2,}\b", mended, text)


def shown_passages(
    frames: Sequence[Mapping[str, Any]], texts: Sequence[Mapping[str, Any]], end: float
) -> list[Passage]:
    """One passage for each text that stands on the screen; frames with the same lines are one."""
    edges = [*(frame["time"] for frame in frames[1:]), end]
    found: list[Passage] = []
    for frame, text, until in zip(frames, texts, edges, strict=False):
        parts = tuple(line["text"] for line in text["lines"])
        if found and found[-1].parts == parts:
            found[-1] = msgspec.structs.replace(found[-1], end=until)
        elif parts:
            found.append(Passage("shown", frame["time"], until, parts))
    return found


def terms(text: str) -> list[str]:
    """Stems of the words that carry meaning, with the partners that they have in ``MEASURES``."""
    plain = _stems(text)
    return plain + [partner for word in plain for partner in sorted(_PARTNERS.get(word, ()))]


def _stems(text: str) -> list[str]:
    stems = (stem(word) for word in tokens(text) if word not in STOPWORDS or word in _ASKED)
    return [IRREGULAR.get(word, word) for word in stems]


_ASKED = frozenset(word for pair in MEASURES for word in pair)
_PARTNERS: dict[str, set[str]] = {}
for _one, _other in ((stem(a), stem(b)) for a, b in MEASURES):
    _PARTNERS.setdefault(_one, set()).add(_other)
    _PARTNERS.setdefault(_other, set()).add(_one)
FILM_STEMS = frozenset(stem(word) for word in ABOUT_FILMS)


def wanted(question: str) -> list[set[str]]:
    """What a passage must hold: for each word of meaning of the question, that word or its partner."""
    words = dict.fromkeys(_stems(question))
    kept = [word for word in words if word not in FILM_STEMS] or list(words)
    return [{word, *_PARTNERS.get(word, ())} for word in kept]


def rank(question: str, passages: Sequence[Passage], count: int) -> list[Found]:
    """Up to ``count`` passages by BM25 that share a word with the question; those that hold most of its words first."""
    import bm25s  # type: ignore[import-untyped]

    if not passages:
        return []
    index = bm25s.BM25()
    index.index([terms(p.text) or ["-"] for p in passages], show_progress=False)
    query = [term for term in dict.fromkeys(terms(question)) if term in index.vocab_dict]
    if not query:
        return []
    rows, scores = index.retrieve([query], k=min(count, len(passages)), show_progress=False)
    asked = wanted(question)
    best = [passages[int(row)] for row, score in zip(rows[0], scores[0], strict=True) if score > 0]
    found = [Found(p, round(share(asked, p.text), 3), round(share(asked, _around(p, passages)), 3)) for p in best]
    return sorted(found, key=lambda one: -one.share)


def _around(passage: Passage, passages: Sequence[Passage]) -> str:
    """The text of a passage and of those that are met together with it."""
    said = [p for p in passages if p.kind == "said"]
    near = [p for p in passages if p.kind == "shown" and p.start < passage.end and p.end > passage.start]
    if passage in said:
        at = said.index(passage)
        near += said[max(0, at - 1) : at + 2]
    return " ".join(p.text for p in [passage, *near])


def share(asked: Sequence[set[str]], text: str) -> float:
    """Share of what is asked that a text holds."""
    held = set(terms(text))
    return sum(bool(words & held) for words in asked) / max(1, len(asked))


def clock(seconds: float) -> str:
    """``1:05``, or ``1:02:03`` from an hour on."""
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
