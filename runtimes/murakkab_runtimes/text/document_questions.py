"""Questions that a document's own sentences answer, made from those sentences."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass

from murakkab_runtimes.text import checks
from murakkab_runtimes.text.places import GIVEN_NAMES
from murakkab_runtimes.text.source import Passage, Source
from murakkab_runtimes.text.words import STOPWORDS, content, key_phrases, sentences, stem, tokens

LONGEST_SENTENCE = 45
"""Words of a sentence that may be read out."""

MOST_FOLLOWING = 4
"""Sentences behind an anchor that may go on with its answer."""

_GAP = 2
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
    r"^(?!(?:Today|Now|Once|In|On|At|As|With|After|Before|During|When|While|If|Since|Although|Because|By|From|For|Until"
    r"|Every|Each|Some|Many|Most|All|One|No|Not|What|Who|Where|How|Why|Of|To|Among|Under|Over|Yet|Only|Even)\b)"
    r"((?:The |A |An )?[A-Za-z][\w'-]*(?: [\w'-]+){0,4}?) (is|are|was|were) (?:a|an|the|one|not|any)\b"
)
_YEAR = re.compile(r"\b[Ii]n (1\d{3}|20\d\d)\b")
_NAME = re.compile(r"(?<=[a-z,] )((?:[Tt]he )?[A-Z][a-z]+(?: (?:of |the )?[A-Z][a-z]+){0,3})")

_ASKS = (
    "What do we learn about {p}?",
    "What should we know about {p}?",
    "What does the text say about {p}?",
    "What is said about {p}?",
    "What can you tell us about {p}?",
    "What is there to say about {p}?",
    "What is the story with {p}?",
)


@dataclass(frozen=True)
class Sentence:
    """A sentence that may be read out; neighbours in the document have neighbouring ``place``."""

    passage: int
    place: int
    text: str


@dataclass(frozen=True)
class Answerable:
    """A question, what it is about, and the sentences that answer it."""

    question: str
    phrase: str
    answer: tuple[Sentence, ...]


def cleaned(sentence: str) -> str:
    """Return a sentence without citation marks, figure references and addresses."""
    text = _NOISE.sub("", sentence).replace("“", '"').replace("”", '"').replace("’", "'").replace("\u00ad", "")
    text = re.sub(r"\s*\([^()]*[/:=\\@][^()]*\)", "", text)
    text = re.sub(r"\s+([,.;:!?])(?!\d)", r"\1", " ".join(text.split()))
    return text[:1].upper() + text[1:]


def sayable(sentence: str) -> bool:
    """Whether a document's sentence can be read out as it stands."""
    if not 5 <= len(sentence.split()) <= LONGEST_SENTENCE or _POINTS_AWAY.search(sentence) or sentence.isupper():
        return False
    if sum(c.isalpha() or c.isspace() for c in sentence) < 0.8 * len(sentence):
        return False
    return not set(checks.faults(sentence)) - {"length", "goes round in circles", "talks about the model", "trails off"}


def plan(source: Source, count: int, topic: str, rng: random.Random) -> list[Answerable]:
    """Return up to ``count`` different questions in the document's order.

    Args:
        source: the document.
        count: how many are wanted; a short document gives fewer.
        topic: passages about it come first; may be empty.
        rng: varies the wording.
    """
    asks = list(_ASKS)
    rng.shuffle(asks)
    about = source.top(topic, 2 * count + 4) if topic else []
    found = Questioner(source.sample(about or source.passages, 3 * count + 12), asks).questions()
    if about and len(found) < count:
        chosen = {p["id"] for p in about}
        rest = [p for p in source.passages if p["id"] not in chosen]
        asked = {a.question for a in found}
        more = Questioner(source.sample(rest, 3 * count + 12), asks).questions()
        found += [a for a in more if a.question not in asked][: count - len(found)]
    return choose(found, count, topic if about else "")


def choose(found: list[Answerable], count: int, topic: str) -> list[Answerable]:
    """At most ``count`` of ``found`` in their order: the nearest to ``topic``, or evenly spread without one."""
    if len(found) <= count:
        return found
    if topic:
        nearest = sorted(found, key=lambda a: -_nearness(a, topic))[:count]
        return [a for a in found if a in nearest]
    return [found[i * len(found) // count] for i in range(count)]


def _nearness(answerable: Answerable, topic: str) -> int:
    """How many words of the topic question and answer share."""
    asked = content(f"{answerable.question} {answerable.answer[0].text}")
    said = content(" ".join(s.text for s in answerable.answer[1:]))
    return 2 * len(content(topic) & asked) + len(content(topic) & said)


class Questioner:
    """Makes questions from some passages of a document.

    Args:
        passages: in the document's order.
        asks: wordings with ``{p}`` for a key phrase, used in turn.
    """

    def __init__(self, passages: list[Passage], asks: list[str]) -> None:
        self._asks = asks
        self._asked: set[str] = set()
        self._sentences = list(_sentences(passages))
        self._places = {s.place: s for s in self._sentences}
        texts = [str(p["text"]) for p in passages]
        self._frequency = Counter(stem(w) for text in texts for w in set(tokens(text)))
        self._lower = {w for text in texts for w in re.findall(r"\b[a-z]{2,}\b", text)}

    def questions(self) -> list[Answerable]:
        """One question for every two sentences or so, each about something else, with what follows as its answer."""
        anchors: list[tuple[str, str, Sentence]] = []
        for sentence in self._sentences:
            if anchors and sentence.place - anchors[-1][2].place < _GAP:
                continue
            if asked := self._question(sentence, self._asks[len(anchors) % len(self._asks)]):
                self._asked.add(asked[1].lower())
                anchors.append((*asked, sentence))
        taken = {a[2].place for a in anchors}
        return [Answerable(question, phrase, self._answer(anchor, taken)) for question, phrase, anchor in anchors]

    def _answer(self, anchor: Sentence, taken: set[int]) -> tuple[Sentence, ...]:
        """The anchor and what stands right behind it, up to the next anchor."""
        found = [anchor]
        while len(found) <= MOST_FOLLOWING:
            place = found[-1].place + 1
            if place in taken or place not in self._places:
                break
            found.append(self._places[place])
        return tuple(found)

    def _question(self, sentence: Sentence, ask: str) -> tuple[str, str] | None:
        text = sentence.text
        if _LEANS_BACK.match(text):
            return None
        if (match := _DEFINES.match(text)) and self._new(match[1]):
            subject = self._inside(match[1], plural=match[2] in ("are", "were"))
            who = "Who" if subject.split()[0].lower() in GIVEN_NAMES else "What"
            return f"{who} {match[2]} {subject}?", match[1]
        if (match := _YEAR.search(text)) and match[1] not in self._asked:
            return f"What happened in {match[1]}?", match[1]
        phrase = next((p for p in self._phrases(text) if self._new(p)), None)
        return (ask.format(p=phrase), phrase) if phrase else None

    def _new(self, phrase: str) -> bool:
        last = phrase.lower().split()[-1]
        return phrase.lower() not in self._asked and bool(content(phrase)) and last not in STOPWORDS

    def _phrases(self, text: str) -> list[str]:
        """Names, then key phrases; rare ones first."""
        names = [m[1][:1].lower() + m[1][1:] if m[1].startswith("The ") else m[1] for m in _NAME.finditer(text)]
        chunks = [f"the {p}" for p in key_phrases(text)]
        return sorted(dict.fromkeys(names + chunks), key=lambda p: (p not in names, self._commonness(p)))

    def _commonness(self, phrase: str) -> float:
        counts = [self._frequency.get(stem(w), 1) for w in tokens(phrase) if w not in STOPWORDS]
        return sum(counts) / max(1, len(counts))

    def _inside(self, subject: str, plural: bool) -> str:
        """The subject of a sentence as it is written inside one."""
        first = subject.split()[0]
        lower = first in {"The", "A", "An"} or first.lower() in self._lower or (plural and " " not in subject)
        return subject[:1].lower() + subject[1:] if lower else subject


def _sentences(passages: list[Passage]) -> list[Sentence]:
    """Sentences that may be read out, none of them twice; ``place`` leaps between paragraphs."""
    found: list[Sentence] = []
    seen: set[str] = set()
    place = 0
    for passage in passages:
        for paragraph in str(passage["text"]).split("\n"):
            place += _GAP
            for raw in sentences(paragraph):
                place += 1
                text = cleaned(raw)
                if sayable(text) and text.lower() not in seen:
                    seen.add(text.lower())
                    found.append(Sentence(int(passage["id"]), place, text))
    return found
