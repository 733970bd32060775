"""Answers of a small model: it continues a given beginning, one sentence at a time, and is checked."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from murakkab_runtimes.text import checks
from murakkab_runtimes.text.model import LanguageModel, Request
from murakkab_runtimes.text.prompts import SENTENCE, SENTENCE_WITH_FIGURES, bounded_messages, shortening_messages
from murakkab_runtimes.text.vocabulary import capitalised, invented
from murakkab_runtimes.text.words import content, tokens, word_set

ATTEMPTS = 4
CONNECTORS = (
    "That means",
    "In practice,",
    "For example,",
    "One reason is that",
    "Over time,",
    "In other words,",
    "This is why",
    "At the same time,",
    "In the end,",
    "Of course,",
    "Because of that,",
    "For many people,",
)


@dataclass(frozen=True)
class Question:
    """What is to be answered: ``topic`` for the prompt, ``text`` as asked, ``stem`` to begin with.

    ``words`` are the fewest and the most words of a sentence.
    """

    topic: str
    text: str
    stem: str
    words: tuple[int, int] = (0, 30)


def tidy(text: str) -> str:
    """Repair what a small model often gets wrong in writing: spaces before marks, "it's own", a lower-case start."""
    text = re.sub(r"\s+([,.;!?])", r"\1", text.strip())
    text = re.sub(r"([,;])\1+", r"\1", text)
    text = re.sub(r"\bit's own\b", "its own", text)
    text = re.sub(r"\bi\b", "I", text)
    return capitalised(text[:1].upper() + text[1:])


def first_sentence(model: LanguageModel, question: Question, said: list[str], rng: random.Random) -> str | None:
    """Return the answer's first sentence, or None when every attempt was at fault."""
    return _sentence(model, question, "", question.stem, said, rng)


def next_sentence(
    model: LanguageModel, question: Question, answer: str, said: list[str], rng: random.Random, used: list[str]
) -> str | None:
    """Return one more sentence for ``answer``; it begins with a connector that ``used`` does not hold lately."""
    fresh = [c for c in CONNECTORS if c not in used[-6:]]
    connector = rng.choice(fresh)
    used.append(connector)
    return _sentence(model, question, answer + " ", connector, [*said, answer], rng)


def _sentence(
    model: LanguageModel, question: Question, before: str, stem: str, said: list[str], rng: random.Random
) -> str | None:
    for attempt in range(ATTEMPTS):
        request = Request(
            bounded_messages(question.topic, question.text),
            prefill=before + stem,
            grammar=SENTENCE,
            max_tokens=40,
            temperature=0.3 + 0.2 * attempt,
            seed=rng.randrange(2**31),
        )
        answer = model.complete(request)
        raw = answer.text[len(before) :]
        sentence = tidy(raw)
        fits = question.words[0] <= len(sentence.split()) <= question.words[1]
        if answer.finished and fits and acceptable(raw, sentence, question, stem, said):
            return sentence
    return None


def acceptable(raw: str, sentence: str, question: Question, stem: str, said: list[str]) -> bool:
    """Whether a sentence says something new, in the third person, without names and figures of its own."""
    added = content(sentence) - content(stem)
    if len(added) < 2 or len(tokens(sentence)) - len(tokens(stem)) < 3:
        return False
    if "  " in raw or checks.speaks_of_self(sentence[len(stem) :]):
        return False
    allowed = f"{question.topic} {question.text} {stem}"
    if invented(sentence, allowed):
        return False
    return not checks.faults(sentence, figures=False, names=allowed) and not checks.repeats(sentence, said)


def shortened(model: LanguageModel, sentence: str, rng: random.Random) -> str | None:
    """Return ``sentence`` with fewer words, or None where the model added or changed any."""
    request = Request(
        shortening_messages(sentence),
        grammar=SENTENCE_WITH_FIGURES,
        max_tokens=60,
        temperature=0.0,
        seed=rng.randrange(2**31),
    )
    answer = model.complete(request)
    short = tidy(answer.text)
    fits = answer.finished and 8 <= len(short.split()) < 0.85 * len(sentence.split())
    return short if fits and not checks.faults(short) and keeps_facts(short, sentence) else None


_NEGATIONS = word_set("not no never none neither nor without cannot n't hardly unless except only")


def keeps_facts(short: str, source: str) -> bool:
    """Whether ``short`` is ``source`` with words left out: the same words in the same order, no negation lost."""
    own = iter(tokens(source))
    if not all(any(word == other for other in own) for word in tokens(short)):
        return False
    return _negations(short) == _negations(source)


def _negations(text: str) -> int:
    return sum(w in _NEGATIONS or w.endswith("n't") for w in tokens(text))
