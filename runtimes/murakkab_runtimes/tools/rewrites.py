"""Adapter ``rewrites``: takes a rewritten sentence only where it still says what the original says, and fits."""

from __future__ import annotations

import math
import re
from typing import Any

from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.speech.word_errors import plain_words
from murakkab_runtimes.text.checks import faults, speaks_of_self
from murakkab_runtimes.text.words import content, sentences, word_set

SHORTEST = 0.55
"""A rewrite with a smaller share of the original's words has left something out."""

KEPT, NEW = 0.5, 0.4
"""Share of the original's words of meaning that a rewrite keeps, at least; share of its own that are new, at most."""

_NEGATION = re.compile(r"\b(?:not|no|never|none|nobody|nothing|cannot|without)\b|n't\b", re.I)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_COUNTS = word_set(
    "two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty sixty seventy eighty ninety "
    "hundred thousand million billion half double"
)
_CLAUSE = re.compile(r"[,;]|\b(?:and|but|because|who|which|since|so|after|before|while)\b", re.I)
_LEAD = re.compile(r"^\s*(?:sure|here is|here's|the sentence|plainer|shorter|rewritten)[^:]{0,40}:\s*", re.I)


class Rewrites(Runtime):
    """Chooses among ``candidates`` (``{"text"}`` each) for the sentence ``original``.

    ``slot`` (``start``, ``until``) is the time there is; the knob ``words_per_second`` says how many words fit. The
    value is ``{"text", "original", "rewritten", "why"}``: of the candidates that pass, the first that fits, else the
    shortest; the original's own words where none passes; and what was wrong with those that did not.
    """

    def run(self, task: Task) -> Output:
        """Choose what is said."""
        original, candidates = task.arguments.get("original"), task.arguments.get("candidates")
        if not isinstance(original, str) or not original.strip():
            raise InputError("there is no sentence to rewrite; give the argument 'original' a text")
        if not isinstance(candidates, list) or not all(isinstance(c, dict) and "text" in c for c in candidates):
            raise InputError("the argument 'candidates' must be a list of answers, each with a text")
        most, why, passed = _room(task), list[str](), list[str]()
        for candidate in (tidy(str(c["text"]), len(sentences(original))) for c in candidates):
            wrong = faults_of(candidate, original)
            if wrong:
                why.append(f"{candidate}: {', '.join(wrong)}")
            else:
                passed.append(candidate)
        if not passed:
            return _chosen(original.strip(), original, False, why)
        fitting = [text for text in passed if len(plain_words(text)) <= most]
        return _chosen(fitting[0] if fitting else min(passed, key=len), original, True, why)


def _room(task: Task) -> float:
    """Words that can be spoken in the slot."""
    slot = task.arguments.get("slot") or {"start": 0.0, "until": math.inf}
    return float((slot["until"] - slot["start"]) * task.knobs.get("words_per_second", 3.2))


def _chosen(text: str, original: str, rewritten: bool, why: list[str]) -> Output:
    value: dict[str, Any] = {"text": text, "original": original.strip(), "rewritten": rewritten, "why": why}
    return Output(value, {"rewritten": rewritten})


def tidy(answer: str, count: int = 1) -> str:
    """The first ``count`` sentences of an answer, without a heading, quotation marks and what its length cut off."""
    text = _LEAD.sub("", " ".join(answer.split())).strip().strip('"“”').strip()
    whole = [part for part in sentences(text) if part[-1] in ".!?"]
    return " ".join(whole[:count])


def faults_of(candidate: str, original: str) -> list[str]:
    """What is wrong with a rewrite; empty when it may be spoken in place of the original."""
    if not candidate:
        return ["no sentence"]
    said, new = plain_words(original), plain_words(candidate)
    if said == new:
        return ["unchanged"]
    found = [f for part in sentences(candidate) for f in faults(part) if f != "length"]
    if speaks_of_self(candidate) and not speaks_of_self(original):
        found.append("speaks of itself")
    if "!" in candidate and "!" not in original:
        found.append("another tone")
    if len(new) > len(said):
        found.append("longer than the original")
    if len(new) < SHORTEST * len(said) or _lost_clause(candidate, original):
        found.append("leaves something out")
    return found + _changed_facts(candidate, original) + _strays(candidate, original)


def _lost_clause(candidate: str, original: str) -> str:
    """A clause of the original of which hardly a word of meaning is left; empty where there is none."""
    new = content(candidate)
    for clause in _CLAUSE.split(original):
        old = content(clause)
        if len(old) > 1 and len(old & new) < len(old) / 3:
            return clause
    return ""


def _changed_facts(candidate: str, original: str) -> list[str]:
    found = []
    if _numbers(candidate) != _numbers(original):
        found.append("other numbers")
    if missing := names(original) - content_words(candidate):
        found.append(f"loses {', '.join(sorted(missing))}")
    if extra := names(candidate) - content_words(original):
        found.append(f"adds {', '.join(sorted(extra))}")
    if len(_NEGATION.findall(candidate)) != len(_NEGATION.findall(original)):
        found.append("says no where the original does not, or the reverse")
    return found


def _strays(candidate: str, original: str) -> list[str]:
    old, new = content(original), content(candidate)
    kept = len(old & new) / max(1, len(old))
    added = len(new - old) / max(1, len(new))
    if len(new - old) > len(old - new) + 1:
        return ["adds something"]
    return [] if kept >= KEPT and added <= NEW else ["says something else"]


def names(text: str) -> set[str]:
    """Capitalised words in lower case; the first word of a sentence counts where the next one has a capital too."""
    found = set()
    for sentence in sentences(text):
        words = re.findall(r"[A-Za-z][A-Za-z'’-]*|\d+", sentence)
        for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
            if word[0].isupper() and word != "I" and (before or after[:1].isupper()):
                found.add(word.removesuffix("'s").lower())
    return found


def content_words(text: str) -> set[str]:
    """Every word in lower case, without its possessive ending."""
    return {w.removesuffix("'s").lower() for w in re.findall(r"[A-Za-z][A-Za-z'’-]*", text)}


def _numbers(text: str) -> set[str]:
    spelt = _COUNTS.intersection(plain_words(_NUMBER.sub(" ", text)))
    return {number.replace(",", "") for number in _NUMBER.findall(text)} | spelt
