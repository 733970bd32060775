"""What the viewer asked for, made fit for display, for prompts and for English voices.

A topic may hold anything: shell commands, HTML, emoji, a script that runs from right to left, a page of text. It is
shown as it was written (shortened), and spoken as plain English words.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass

from murakkab_runtimes.text.phrases import UNSPEAKABLE
from murakkab_runtimes.text.places import GIVEN_NAMES, PLACES
from murakkab_runtimes.text.words import word_set

TITLE_CHARACTERS = 80
SPOKEN_WORDS = 12
NOTHING_TO_SAY = UNSPEAKABLE
"""Spoken where a topic holds nothing that an English voice can say."""

KINDS = ("thing", "process", "person", "place", "event", "question")

_TAGS = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->|</?[a-zA-Z][^<>]*>", re.S | re.I)
_LEAD = re.compile(
    r"^(?:please\s+)?(?:(?:can|could) you\s+)?(?:explain|describe|discuss|talk about|tell (?:me|us) about|teach me"
    r"(?: about)?|(?:make |create |do |give me )?(?:a |an )?(?:podcast|episode|show|talk) (?:about|on))"
    r"(?:\s+(?:to me|to us))?(?:\s+like i'?m (?:five|5))?\s+",
    re.I,
)
_FIRST_WORDS = word_set(
    "A An The How Why What When Where Who Which Is Are Was Were Do Does Did Can Should Could Will Would"
)
_QUESTION = re.compile(
    r"^(why|what|when|where|who|which|how|is|are|was|were|do|does|did|can|should|could|will|would)\b", re.I
)
_WORKS = re.compile(
    r"^how (?:(?:do|does|did) )?(.+?) (?:works?|functions?|operates?|is made|are made|is built|are built)\??$", re.I
)
_ASKED = re.compile(
    r"^(?:(?:why|what|when|where|who|which|how(?: \w+)?) (?:is|are|was|were|do|does|did|can|could|should|will|would)"
    r"|is|are|was|were|do|does|did|can|should|could|will|would)\b",
    re.I,
)
_HOW_TO = re.compile(r"^how to (\w+)\b(.*)$", re.I)
_WHAT_IS = re.compile(r"^what(?:'s| is| are| was| were) (.+?)\??$", re.I)
_EVENT = re.compile(
    r"\b(war|wars|revolution|battle|crisis|landing|olympics|olympic games|world cup|festival|earthquake|eruption"
    r"|fire of|plague|pandemic|election|treaty|siege|expedition|disaster|crash|invasion|coup|reformation"
    r"|renaissance|fall of|collapse of|invention of|discovery of|sinking of|assassination)\b",
    re.I,
)
_PLACE = re.compile(
    r"\b(city|river|lake|island|islands|mount|mountains?|desert|ocean|sea|valley|bay|canyon|peninsula"
    r"|kingdom of|republic|capital of|national park|reef)\b",
    re.I,
)


@dataclass(frozen=True)
class Topic:
    """One topic in the three shapes it is needed in.

    Attributes:
        title: as written, on one line, at most ``TITLE_CHARACTERS``; for display (escape it in HTML).
        text: as written without markup and control characters, at most 400 characters; for prompts.
        spoken: English words, at most ``SPOKEN_WORDS``; for voices.
        kind: one of ``KINDS``.
        subject: what questions are asked about, for example "tea" for "how tea is made".
    """

    title: str
    text: str
    spoken: str
    kind: str
    subject: str

    @property
    def speakable(self) -> bool:
        """Whether an English voice can say any of it."""
        return self.spoken != NOTHING_TO_SAY


def read_topic(raw: str) -> Topic:
    """Return the topic in ``raw``, which must hold at least one printable character."""
    line = _one_line(raw)
    plain = _one_line(html.unescape(_TAGS.sub(" ", line))) or line
    spoken = speakable(plain)
    kind, subject = classify(spoken)
    return Topic(shorten(line, TITLE_CHARACTERS), shorten(plain, 400), spoken, kind, subject)


def _one_line(text: str) -> str:
    """Drop control and direction-override characters, join white space."""
    kept = "".join(c if unicodedata.category(c) not in {"Cc", "Cs", "Co"} else " " for c in text)
    kept = "".join(c for c in kept if c not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
    return " ".join(kept.split())


def shorten(text: str, limit: int) -> str:
    """Cut ``text`` at a word so that it has at most ``limit`` characters, an ellipsis included."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    at = head.rfind(" ")
    return (head[:at] if at > limit // 2 else head).rstrip(" ,;:.-") + "…"


def speakable(text: str) -> str:
    """Return the English words of ``text`` in a form that fits inside a sentence."""
    folded = unicodedata.normalize("NFKD", text.replace("’", "'").replace("&", " and "))
    latin = "".join(c for c in folded if c.isascii())
    words = re.sub(r"https?://\S+|[^A-Za-z0-9',. +%-]+", " ", latin)
    words = " ".join(w.strip(",.+'") if not w[:1].isdigit() else w.rstrip(",.+'") for w in words.split())
    words = " ".join(w for w in words.split() if re.search(r"[A-Za-z0-9]", w))
    words = re.sub(r"(?<!\w)-+|-+(?!\w)", "", _LEAD.sub("", words)).strip()
    if not re.search(r"[A-Za-z]{2}", words):
        words = _symbol_names(text)
    kept = words.split()[:SPOKEN_WORDS]
    while len(kept) > 1 and kept[-1].lower() in {"and", "or", "of", "the", "a", "an", "to", "in", "on", "for", "with"}:
        kept.pop()
    if kept and kept[0] in _FIRST_WORDS:
        kept[0] = kept[0].lower()
    return " ".join(kept) or NOTHING_TO_SAY


def _symbol_names(text: str) -> str:
    """Name the pictures in ``text`` ("rocket" for its emoji); empty where there are none."""
    names = [unicodedata.name(c, "") for c in text if unicodedata.category(c) == "So"]
    return " and ".join(dict.fromkeys(n.lower() for n in names if n and "MODIFIER" not in n))


def classify(spoken: str) -> tuple[str, str]:
    """Return the kind of a spoken topic and what questions are to be asked about."""
    if match := _WORKS.match(spoken):
        return "process", match[1]
    if match := _HOW_TO.match(spoken):
        return "process", _gerund(match[1]) + match[2]
    if match := _WHAT_IS.match(spoken):
        return classify(match[1]) if len(match[1].split()) < 6 else ("question", "this question")
    if _QUESTION.match(spoken):
        return "question", "this question"
    if _EVENT.search(spoken):
        return "event", spoken
    if _PLACE.search(spoken) or _bare(spoken) in PLACES:
        return "place", spoken
    if _is_person(spoken):
        return "person", re.sub(r"^the (?:life|story|work) of ", "", spoken)
    return "thing", spoken


def is_question(spoken: str) -> bool:
    """Whether a spoken topic is worded as a question ("why is the sky blue", but not "how tea is made")."""
    return bool(_ASKED.match(spoken))


def _bare(text: str) -> str:
    return re.sub(r"^(?:the|a|an|visiting|life in) ", "", text.lower())


def _is_person(spoken: str) -> bool:
    if re.match(r"^the life of [A-Z]", spoken) or re.match(r"^(?:Sir|Queen|King|Saint|President|Emperor|Dr) ", spoken):
        return True
    words = spoken.split()
    return 2 <= len(words) <= 4 and words[0].lower() in GIVEN_NAMES and words[-1][0].isupper()


def _gerund(verb: str) -> str:
    verb = verb.lower()
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "ye", "oe")):
        return verb[:-1] + "ing"
    if re.fullmatch(r"[^aeiou]+[aeiou][^aeiouwxy]", verb):
        return verb + verb[-1] + "ing"
    return verb + "ing"
