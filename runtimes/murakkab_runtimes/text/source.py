"""A document to stay with: retrieval, and questions that its own sentences answer."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from murakkab_runtimes.text import checks
from murakkab_runtimes.text.places import GIVEN_NAMES
from murakkab_runtimes.text.words import STOPWORDS, content, key_phrases, sentences, stem, tokens

Passage = dict[str, Any]
"""``{"id": int, "text": str, "page": int | None}``."""

LONGEST_SENTENCE = 45
"""Words of a sentence that may be read out."""

_NOISE = re.compile(
    r"\[\d+(?:[,–-]\s*\d+)*\]|\((?:see |cf\. )?(?:Fig|Figure|Table|Section|Chapter)\.?\s*[\w.]+\)|https?://\S+", re.I
)
_POINTS_AWAY = re.compile(r"\b(?:Figure|Fig\.|Table|Chapter|Section|Appendix|ISBN|doi|et al)\b|©|\.{3}|…")
_LEANS_BACK = re.compile(
    r"^(?:It|Its|This|That|These|Those|They|Their|He|His|She|Her|We|Our|I|My|You|But|And|Or|So|Thus|Hence|Such|However"
    r"|Therefore|Instead|Then|Also|Both|Moreover|Furthermore|Nevertheless|Otherwise|Here|There|Another|Others|Finally"
    r"|Similarly|Meanwhile|As a result|For example|For instance|In addition|In contrast|By contrast|Because of this)\b"
)
_DEFINES = re.compile(
    r"^((?:The |A |An )?[A-Za-z][\w'-]*(?: [\w'-]+){0,4}?) (is|are|was|were) (?:a|an|the|one|not|any)\b"
)
_YEAR = re.compile(r"\b[Ii]n (1\d{3}|20\d\d)\b")
_NAME = re.compile(r"(?<=[a-z,] )((?:[Tt]he )?[A-Z][a-z]+(?: (?:of |the )?[A-Z][a-z]+){0,3})")

_ASKS = (
    "What do we learn about {p}?",
    "What should we know about {p}?",
    "What does the text say about {p}?",
    "What is said about {p}?",
    "And what about {p}?",
    "What can you tell us about {p}?",
    "What is there to say about {p}?",
)


@dataclass(frozen=True)
class Sentence:
    """A sentence that may be read out; ``place`` counts the sentences of the document."""

    passage: int
    place: int
    text: str


@dataclass(frozen=True)
class Answerable:
    """A question and the sentence that answers it."""

    question: str
    phrase: str
    anchor: Sentence


def cleaned(sentence: str) -> str:
    """Return a sentence without citation marks, figure references and addresses."""
    text = _NOISE.sub("", sentence).replace("“", '"').replace("”", '"').replace("’", "'").replace("\u00ad", "")
    text = re.sub(r"\s+([,.;:!?])", r"\1", " ".join(text.split()))
    return text[:1].upper() + text[1:]


def sayable(sentence: str) -> bool:
    """Whether a document's sentence can be read out as it stands."""
    words = sentence.split()
    if not 5 <= len(words) <= LONGEST_SENTENCE or _POINTS_AWAY.search(sentence) or sentence.isupper():
        return False
    if sum(c.isalpha() or c.isspace() for c in sentence) < 0.8 * len(sentence):
        return False
    return not set(checks.faults(sentence)) - {"length", "goes round in circles", "talks about the model", "trails off"}


class Source:
    """The passages of one document.

    Args:
        reading: the value of a document-reading node (``title``, ``passages``).
    """

    def __init__(self, reading: dict[str, Any]) -> None:
        self.title = str(reading.get("title") or "")
        self.passages: list[Passage] = [
            {"id": p["id"], "page": p.get("page"), "text": p["text"]} for p in reading["passages"]
        ]

    @cached_property
    def _by_id(self) -> dict[int, Passage]:
        return {p["id"]: p for p in self.passages}

    def passage(self, number: int) -> Passage:
        """The passage with that id."""
        return self._by_id[number]

    @cached_property
    def sentences(self) -> list[Sentence]:
        """Sentences that may be read out, in the document's order; none of them twice."""
        found: list[Sentence] = []
        seen: set[str] = set()
        place = 0
        for passage in self.passages:
            for raw in sentences(passage["text"]):
                place += 1
                text = cleaned(raw)
                if sayable(text) and text.lower() not in seen:
                    seen.add(text.lower())
                    found.append(Sentence(passage["id"], place, text))
        return found

    @cached_property
    def _index(self) -> Any:  # noqa: ANN401 - a class of the library without types
        import bm25s  # type: ignore[import-untyped]

        index = bm25s.BM25()
        index.index([_terms(p["text"]) for p in self.passages], show_progress=False)
        return index

    def top(self, query: str, count: int) -> list[Passage]:
        """Return up to ``count`` passages by BM25, best first; none that shares no word with the query."""
        known = set(self._index.vocab_dict)
        terms = [t for t in _terms(query) if t in known]
        if not terms:
            return []
        count = min(count, len(self.passages))
        rows, scores = self._index.retrieve([terms], k=count, show_progress=False)
        return [self.passages[int(i)] for i, score in zip(rows[0], scores[0], strict=True) if score > 0]

    @cached_property
    def _frequency(self) -> Counter[str]:
        return Counter(t for p in self.passages for t in set(_terms(p["text"])))

    def plan(self, count: int, topic: str, rng: random.Random) -> list[Answerable]:
        """Return up to ``count`` different questions in the document's order.

        Args:
            count: how many are wanted; a short document gives fewer.
            topic: prefers passages about it; may be empty.
            rng: varies the wording.
        """
        found = self._candidates({p["id"] for p in self.top(topic, 3 * count)} if topic else set(), rng)
        if len(found) > count:
            step = len(found) / count
            found = [found[int(i * step)] for i in range(count)]
        return found

    def _candidates(self, preferred: set[int], rng: random.Random) -> list[Answerable]:
        """One question for every two sentences or so, each about something else."""
        asked: set[str] = set()
        found: list[Answerable] = []
        asks = list(_ASKS)
        rng.shuffle(asks)
        last = -9
        for sentence in self.sentences:
            if sentence.place - last < 2 or (preferred and sentence.passage not in preferred):
                continue
            answerable = self._question(sentence, asks[len(found) % len(asks)], asked)
            if answerable:
                asked.add(answerable.phrase.lower())
                found.append(answerable)
                last = sentence.place
        return found

    def _question(self, sentence: Sentence, ask: str, asked: set[str]) -> Answerable | None:
        text = sentence.text
        if _LEANS_BACK.match(text):
            return None
        if (match := _DEFINES.match(text)) and self._may_ask(match[1], asked):
            subject = self._in_sentence(match[1])
            who = "Who" if subject.split()[0].lower() in GIVEN_NAMES else "What"
            return Answerable(f"{who} {match[2]} {subject}?", match[1], sentence)
        if (match := _YEAR.search(text)) and match[1] not in asked:
            return Answerable(f"What happened in {match[1]}?", match[1], sentence)
        phrase = next((p for p in self._phrases(text) if self._may_ask(p, asked)), None)
        return Answerable(ask.format(p=phrase), phrase, sentence) if phrase else None

    def _may_ask(self, phrase: str, asked: set[str]) -> bool:
        words = phrase.lower().split()
        return phrase.lower() not in asked and bool(content(phrase)) and words[-1] not in STOPWORDS

    def _phrases(self, text: str) -> list[str]:
        """Key phrases of a sentence, those of few passages first."""
        names = [m[1][:1].lower() + m[1][1:] if m[1].startswith("The ") else m[1] for m in _NAME.finditer(text)]
        chunks = [f"the {p}" for p in key_phrases(text)]
        return sorted(dict.fromkeys(names + chunks), key=lambda p: (p not in names, self._rank(p)))

    def _rank(self, phrase: str) -> float:
        counts = [self._frequency.get(stem(w), 1) for w in tokens(phrase) if w not in STOPWORDS]
        return sum(counts) / max(1, len(counts))

    def _in_sentence(self, subject: str) -> str:
        """The subject of a sentence as it is written inside one."""
        first, _, _ = subject.partition(" ")
        if first in {"The", "A", "An"} or first.lower() in self._lower_words:
            return subject[:1].lower() + subject[1:]
        return subject

    @cached_property
    def _lower_words(self) -> set[str]:
        return {w for p in self.passages for w in re.findall(r"\b[a-z]{2,}\b", p["text"])}

    def following(self, anchor: Sentence) -> list[Sentence]:
        """The sentences right behind ``anchor`` in the same or the next passage, without a gap."""
        after: list[Sentence] = []
        for sentence in self.sentences:
            if sentence.place == anchor.place + len(after) + 1:
                after.append(sentence)
            if len(after) == 4:
                break
        return after


def _terms(text: str) -> list[str]:
    return [stem(w) for w in tokens(text) if w not in STOPWORDS]


def supported(sentence: str, passages: list[str]) -> bool:
    """Whether figures and names of ``sentence`` stand in the passages, and most of its words of meaning."""
    text = " ".join(passages)
    known = content(text)
    figures = set(re.findall(r"\d+(?:[.,]\d+)*", sentence))
    names = re.findall(r"(?<!^)\b[A-Z][a-z]+", sentence)
    words = content(sentence)
    inside = len(words & known) / max(1, len(words))
    return (
        figures <= set(re.findall(r"\d+(?:[.,]\d+)*", text))
        and all(content(n) <= known for n in names)
        and inside >= 0.7
    )
