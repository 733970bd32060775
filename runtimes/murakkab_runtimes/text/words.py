"""Words, sentences, key phrases and likeness of texts: what the forms and the checks share."""

from __future__ import annotations

import re


def word_set(words: str) -> frozenset[str]:
    """The words of a text; an underscore stands for a space inside one."""
    return frozenset(w.replace("_", " ") for w in words.split())


STOPWORDS = word_set(
    """
    a about above across after again against ago all almost along already also although always am amid among
    an and another any anyone are around as ask at away back be became because become been before began
    behind being below beneath beside between beyond both but by call came can cannot come could despite did
    do does doing done down during each either else enough especially even ever every everyone everything
    except few find first for from further gave get give go goes going good got great had has have having he
    her here hers herself him himself his how however i if in inside instead into is it its itself just keep
    kind know known large last later least less let like likely little look lot made mainly make many may me
    means might more most much must my near need never next no nor not nothing now of off often old on once
    one only onto or other others our out outside over own part people per perhaps play quite rather really
    right said same say see seen several she should show simply since small so some something sometimes soon
    still such take talk tell than that the their them then there these they thing things think this those
    though through throughout thus till to today together too took toward towards two under until up upon us
    use used useful using usually very via want was way we well went were what when where whether which
    while who whole whose why will with within without would year years yes yet you your
    """
)

_VAGUE = word_set(
    """
    better best same first second third whole main full ability able amount answer case course day days
    example fact facts form idea kinds lack life listener matter moment number order place point problem
    question reason result rest role sense side sort step story time times topic type types use variety way
    ways word words work world thing east west north south left middle center centre top bottom front half bit pair
    couple little chance future past present end beginning start name mind today tomorrow
    """
)

_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Sir|Jr|Sr|vs|etc|Inc|Ltd|Co|Corp|No|Nos|Vol|Fig|Figs|Eq|pp|cf|al|approx|ca|e\.g|i\.e"
    r"|U\.S|U\.K|a\.m|p\.m|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)|\b[A-Z])\.$"
)


def sentences(text: str) -> list[str]:
    """Split prose at sentence ends; abbreviations, initials and decimals do not end one."""
    parts = re.split(r"(?<=[.!?])[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[A-Z0-9])", " ".join(text.split()))
    merged: list[str] = []
    for part in parts:
        if merged and _ABBREVIATION.search(merged[-1]):
            merged[-1] += " " + part
        else:
            merged.append(part)
    return [m for m in merged if m]


def tokens(text: str) -> list[str]:
    """Lower-case words and numbers."""
    return re.findall(r"[a-z0-9]+(?:'[a-z]+)?", text.lower().replace("’", "'"))


def stem(word: str) -> str:
    """A rough stem: enough to see that "engines" and "engine" are one word."""
    word = word.removesuffix("'s")
    for ending in (
        "ations",
        "ation",
        "ments",
        "ment",
        "ings",
        "ing",
        "edly",
        "ies",
        "ied",
        "ness",
        "ers",
        "er",
        "ed",
        "es",
        "ly",
        "s",
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    return word.removesuffix("e") if len(word) > 3 else word


def content(text: str) -> set[str]:
    """Stems of the words that carry meaning."""
    return {stem(w) for w in tokens(text) if w not in STOPWORDS and len(w) > 1}


def alike(one: str, other: str) -> bool:
    """Whether two texts say nearly the same words: equal when normalised, or most content words shared."""
    a, b = tokens(one), tokens(other)
    if a == b:
        return True
    x, y = content(one), content(other)
    if min(len(x), len(y)) < 3:
        return False
    shared = len(x & y)
    return shared / len(x | y) > 0.6 or shared / min(len(x), len(y)) > 0.85


_CHUNK = re.compile(
    r"\b(?:the|a|an|its|their|of|your|our|these|this)\s+((?:[a-z][a-z-]+\s+){0,2}[a-z][a-z-]+)(?=[,.;!?]|\s|$)"
)


def key_phrases(text: str, avoid: str = "") -> list[str]:
    """Short noun phrases of ``text`` that share no word with ``avoid``, in order of appearance."""
    seen = content(avoid)
    found: dict[str, None] = {}
    for match in _CHUNK.finditer(text):
        phrase = _noun_phrase(match[1].split())
        if phrase and not (content(phrase) & seen):
            found[phrase] = None
    return list(found)


def _noun_phrase(words: list[str]) -> str | None:
    """The leading words that are neither function words nor vague, when they look like a noun phrase."""
    kept: list[str] = []
    for word in words:
        if word in STOPWORDS:
            break
        kept.append(word)
    if len(kept) == 2 and kept[1].endswith("s"):
        kept.pop()
    if not kept or len(kept) > 2 or kept[-1] in _VAGUE or len(kept[-1]) < 4:
        return None
    if kept[-1].endswith(("ly", "ing", "ed", "ous", "ful", "ive", "able", "ible", "ical", "less", "est")):
        return None
    return " ".join(kept)
