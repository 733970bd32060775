"""From the words of a section to the names of motifs."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

VOCABULARY: dict[str, str] = {
    "sea": "sea ocean wave tide tidal surf beach coast shore swim marine coral reef island water maritime",
    "moon": "moon lunar tide tidal night eclipse sleep dream",
    "sun": "sun sunny solar summer dawn sunrise daylight heat climate energy photosynthesis morning",
    "stars": "star starry galaxy universe astronomy space night constellation telescope cosmos cosmic astronaut",
    "mountains": "mountain alp hike climb summit peak glacier everest geology himalaya snow winter ski",
    "hills": "hill valley farm countryside landscape field agriculture soil rural grass",
    "city": "city urban town skyscraper building downtown architecture metropolis street housing traffic",
    "desert": "desert sahara dune camel sand egypt pharaoh drought nomad",
    "clouds": "cloud weather sky air wind atmosphere climate flight fly",
}
"""The words of each motif: stems are compared, so the singular and the plain verb are enough."""

_MARKUP = re.compile(r"<[^<>]{0,200}>|&[a-z]{2,8};|https?://\S+", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{2,}")
_ENDINGS = ("ations", "ation", "ings", "ing", "ies", "ers", "ed", "er", "es", "s", "y", "e")
WEIGHTS = {"title": 3.0, "question": 2.0, "keywords": 2.5, "topic": 1.0}


def matching(section: Mapping[str, Any]) -> list[str]:
    """Motifs that fit a section, best first: title and keywords count more than the topic of the episode."""
    scores: Counter[str] = Counter()
    for part, weight in WEIGHTS.items():
        for stem in dict.fromkeys(stems(text_of(section.get(part)))):
            for rank, name in enumerate(_index().get(stem, ())):
                scores[name] += weight * (1 - 0.01 * rank)
    return [name for name, _ in sorted(scores.items(), key=lambda entry: (-entry[1], entry[0]))]


def stems(text: str) -> list[str]:
    """The stems of a text's words, without markup, accents and case."""
    plain = unicodedata.normalize("NFKD", _MARKUP.sub(" ", text).casefold())
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    return [stem(word) for word in _WORD.findall(plain)]


def stem(word: str) -> str:
    """The word without an English ending; at least three letters stay."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 4 and word[-1] == word[-2] else word


def text_of(value: Any) -> str:  # noqa: ANN401
    """The text in a field that may be missing, a word or a list of words."""
    if isinstance(value, str):
        return value[:2000]
    if isinstance(value, Iterable) and not isinstance(value, Mapping | bytes):
        return " ".join(item for item in value if isinstance(item, str))[:2000]
    return ""


@cache
def _index() -> dict[str, list[str]]:
    index: dict[str, list[str]] = {}
    for name, words in VOCABULARY.items():
        for word in words.split():
            names = index.setdefault(stem(word), [])
            if name not in names:
                names.append(name)
    return index
