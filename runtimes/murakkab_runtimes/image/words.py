"""From the words of a section to the names of motifs."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from murakkab_runtimes.image.motifs import drawings

VOCABULARY: dict[str, str] = {
    "sea": "sea ocean wave tide tidal surf beach coast shore swim marine coral reef island water maritime",
    "moon": "moon lunar tide tidal night eclipse sleep dream",
    "sun": "sun sunny solar summer dawn sunrise daylight heat climate energy photosynthesis morning",
    "stars": "star starry galaxy universe astronomy space night constellation telescope cosmos cosmic astronaut",
    "mountains": "mountain alp hike climb summit peak glacier everest geology himalaya snow winter ski",
    "forest": "forest wood jungle rainforest wilderness tree bear wolf deer fungus mushroom ecology woodland",
    "river": "river stream lake waterfall flood dam delta brook amazon nile wetland",
    "volcano": "volcano eruption erupt lava magma pompeii vesuvius volcanic crater",
    "craters": "moonwalk apollo mars lunar crater martian",
    "hills": "hill valley farm countryside landscape field agriculture soil rural grass",
    "city": "city urban town skyscraper building downtown architecture metropolis street housing traffic",
    "desert": "desert sahara dune camel sand egypt pharaoh drought nomad",
    "clouds": "cloud weather sky air wind atmosphere climate flight fly",
}
"""The words of each motif: stems are compared, so the singular and the plain verb are enough."""

_EMPTY = """
the and for with from into onto that this these those what when where which who whom whose why how are was were been
being have has had does did will would can could should may might must not but our your their his her its they them
you she about above after again all also any because before below between both down during each few further here
inside just more most much near off once only other out over own same some such than then there through too under
until very while welcome opening closing question answer history future past story guide introduction part thing
make made work get use know learn deep really first last new old good best today tomorrow living
"""
STOPWORDS = frozenset(_EMPTY.split())
"""Words that say nothing about what to draw."""

ENOUGH = 0.3
"""Share of the best score that a motif needs to be drawn beside the best one."""

NAMED = 1.3
"""How much more a word counts that is the name of the motif."""

_MARKUP = re.compile(r"<[^<>]{0,200}>|&[a-z]{2,8};|https?://\S+", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{2,}")
_ENDINGS = (("ies", "es", "s"), ("ation", "ing", "ed", "er"), ("y", "e"))
WEIGHTS = {"title": 3.0, "question": 2.0, "keywords": 2.5, "topic": 1.0}


def matching(section: Mapping[str, Any]) -> list[str]:
    """Motifs that fit a section, best first: title and keywords count more than the topic of the episode."""
    scores: Counter[str] = Counter()
    for part, weight in WEIGHTS.items():
        for root in dict.fromkeys(stems(text_of(section.get(part)))):
            names = _index().get(root, ())
            for name in names:
                scores[name] += weight * (NAMED if stem(name) == root else 1) / len(names) ** 0.5
    enough = ENOUGH * max(scores.values(), default=0)
    ranked = sorted(scores.items(), key=lambda entry: (-entry[1], entry[0]))
    return [name for name, score in ranked if score >= enough]


def stems(text: str) -> list[str]:
    """The stems of a text's words, without markup, accents and case."""
    plain = unicodedata.normalize("NFKD", _MARKUP.sub(" ", text).casefold())
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    return [root for root in map(stem, _WORD.findall(plain)) if root not in _stopstems()]


def stem(word: str) -> str:
    """The word without an English ending; at least three letters stay."""
    for endings in _ENDINGS:
        fitting = (ending for ending in endings if word.endswith(ending) and len(word) - len(ending) >= 3)
        word = word.removesuffix(next(fitting, "")) if not word.endswith("ss") else word
    return word[:-1] if len(word) > 4 and word[-1] == word[-2] else word


def text_of(value: Any) -> str:  # noqa: ANN401
    """The text in a field that may be missing, a word or a list of words."""
    if isinstance(value, str):
        return value[:2000]
    if isinstance(value, Iterable) and not isinstance(value, Mapping | bytes):
        return " ".join(item for item in value if isinstance(item, str))[:2000]
    return ""


@cache
def _stopstems() -> frozenset[str]:
    return frozenset(map(stem, STOPWORDS))


@cache
def _index() -> dict[str, list[str]]:
    index: dict[str, list[str]] = {}
    for name, words in {**VOCABULARY, **drawings.words()}.items():
        for word in words.split():
            names = index.setdefault(stem(word), [])
            if name not in names:
                names.append(name)
    return index
